/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "os/log.h"

int ledger_open(struct ledger *t, unsigned workers, struct clock *clock)
{
	void *shared = mmap(NULL, workers * sizeof(struct counters), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memset(t, 0, sizeof(*t));
	if (shared == MAP_FAILED) {
		const int rc = -errno;

		log_error("no memory to count calls in: %s", strerror(-rc));
		return rc;
	}
	t->counters = shared;
	t->workers = workers;
	t->clock = clock;
	t->start = clock_mono(clock);
	return 0;
}

void ledger_close(struct ledger *t)
{
	if (t->counters) {
		munmap(t->counters, t->workers * sizeof(struct counters));
		t->counters = NULL;
	}
}

void ledger_status(void *ledger, struct status *out)
{
	const struct ledger *t = ledger;

	memset(out, 0, sizeof(*out));
	out->uptime = mono_since(clock_mono(t->clock), t->start);
	out->workers = t->workers;
	out->restarts = t->restarts;
	for (unsigned w = 0; w < t->workers; w++) {
		for (int i = 0; i < COUNTERS; i++) {
			out->counts[i] += counters_read(&t->counters[w], (enum counter)i);
		}
	}
}

void ledger_log(struct ledger *t)
{
	struct status s;

	ledger_status(t, &s);
	log_info("status: up for %" PRId64 " s, %u workers, %" PRIu64 " restarts",
		 s.uptime / NS_PER_SEC, s.workers, s.restarts);
	for (int i = 0; i < COUNTERS; i++) {
		log_info("status: %s %" PRIu64, counter_name((enum counter)i), s.counts[i]);
	}
}
