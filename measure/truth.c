/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/truth.h"

#include <string.h>

#include "os/clock_file.h"
#include "os/clock_system.h"

/* A clock runs at most 10 % off: each turn makes the rest ten times smaller. */
#define TURNS 30

/* Both clocks at one instant of the system clock. */
static dur_ns difference(const struct truth *t, ts_ns real)
{
	return clock_from_kernel(t->server, real) - clock_from_kernel(t->local, real);
}

int truth_open(struct truth *t, const char *name, struct clock *local, const char **why)
{
	int rc = 0;

	t->local = local;
	if (strcmp(name, "system") == 0) {
		t->server = clock_system();
	} else {
		rc = clock_file_open(&t->server, name, false, why);
	}
	if (rc == 0) {
		t->opened = clock_now(clock_system());
		t->at_opened = difference(t, t->opened);
	}
	return rc;
}

ts_ns truth_system_time(struct clock *local, ts_ns at)
{
	ts_ns real = clock_now(clock_system());

	for (int i = 0; i < TURNS && clock_from_kernel(local, real) != at; i++) {
		real -= clock_from_kernel(local, real) - at;
	}
	return real;
}

bool truth_at(const struct truth *t, ts_ns at, dur_ns *offset)
{
	*offset = difference(t, truth_system_time(t->local, at));
	/* The same as before, unless the clocks are no longer the same lines. */
	return difference(t, t->opened) == t->at_opened;
}

void truth_close(struct truth *t)
{
	clock_close(t->server);
	t->server = NULL;
}
