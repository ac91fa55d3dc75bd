/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "print/words.h"
#include "client/request.h"
#include "client/verbs.h"
#include "client/verbs/bound_reading.h"
#include "os/clock_system.h"
#include "os/options.h"
#include "os/stdio.h"

#define PROGRAM "timesync wait"

/* How long to wait between two looks. */
#define PAUSE (50 * NS_PER_MS)

struct wait_request {
	const char *clock_file; /* null: the system clock */
	dur_ns max_error;       /* 0: any */
	dur_ns timeout;         /* 0: none */
	bool json;
};

#define AT(member) .place = offsetof(struct wait_request, member)

static const struct option_row rows[] = {
	{ "max-error", '\0', "DUR", "until the clock is right to within this (default: any error)",
	  1, OPTION_DURATION, AT(max_error), .least = 1, .most = INT64_MAX },
	{ "timeout", '\0', "DUR", "give up after this (default: never)", 1, OPTION_DURATION,
	  AT(timeout), .least = 1, .most = INT64_MAX },
	{ "clock", 'c', "FILE", "use this clock file, not the system clock", 1, OPTION_TEXT,
	  AT(clock_file) },
	{ "json", '\0', NULL, "print a JSON object", 1, OPTION_FLAG, AT(json) },
};

static bool is_good(const struct wait_request *r, const struct bound_reading *reading)
{
	return reading->interval.state == BOUND_SYNCHRONISED &&
	       (r->max_error == 0 || reading->clock_error <= r->max_error);
}

static int give_up(const struct wait_request *r, const struct bound_reading *reading, int rc)
{
	char after[WORDS_MAX], error[WORDS_MAX], limit[WORDS_MAX];

	if (rc != 0) {
		return bound_reading_refuse(PROGRAM, r->json, r->clock_file, rc);
	}
	words_limit(r->timeout, after);
	if (reading->interval.state != BOUND_SYNCHRONISED) {
		return verbs_refuse(PROGRAM, r->json, STATUS_NO_ANSWER,
				    "gave up after %s: the clock is not synchronised, its state is "
				    "%s",
				    after, bound_state_name(reading->interval.state));
	}
	return verbs_refuse(PROGRAM, r->json, STATUS_NO_ANSWER,
			    "gave up after %s: the clock is right to within %s, which is more than "
			    "--max-error %s",
			    after, words_bound(reading->clock_error, error),
			    words_limit(r->max_error, limit));
}

/* Until the clock is good; a page that is missing yet may come. An exit status. */
static int wait_for(const struct wait_request *r, struct clock *clock)
{
	struct clock *system = clock_system();
	const struct mono start = clock_mono(system);
	struct bound_reading reading = { .clock_error = INT64_MAX };

	for (;;) {
		const int rc = bound_reading_take(&reading, clock, r->clock_file);

		if (rc == 0 && is_good(r, &reading)) {
			bound_reading_print(&reading, r->json);
			return STATUS_DONE;
		}
		if ((rc != 0 && rc != -ENOENT) ||
		    (r->timeout > 0 && mono_since(clock_mono(system), start) >= r->timeout)) {
			return give_up(r, &reading, rc);
		}
		(void)clock_wait(system, -1, 0, mono_add(clock_mono(system), PAUSE));
	}
}

int cmd_wait(int argc, char **argv)
{
	struct wait_request r = { .clock_file = request_clock_from_environment() };
	const struct options options = {
		.program = PROGRAM,
		.about =
			"Wait until the local clock is synchronised, and right to within a limit,\n"
			"by what its tracker publishes.",
		.scope = 1,
		.parts = { OPTION_PART(rows, &r) },
	};
	int status = verbs_parse(&options, argc, argv, NULL);
	struct clock *clock;
	const char *why;

	if (status != STATUS_GO_ON) {
		return status;
	}
	status = bound_reading_open(&clock, r.clock_file, &why);
	if (status != 0) {
		return verbs_refuse(PROGRAM, r.json, verbs_status(status), "%s: %s", r.clock_file,
				    why);
	}
	status = wait_for(&r, clock);
	clock_close(clock);
	return status;
}
