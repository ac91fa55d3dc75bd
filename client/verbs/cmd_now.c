/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/request.h"
#include "client/verbs.h"
#include "client/verbs/bound_reading.h"
#include "os/options.h"
#include "os/stdio.h"

#define PROGRAM "timesync now"

struct now_request {
	const char *clock_file; /* null: the system clock */
	bool json;
};

#define AT(member) .place = offsetof(struct now_request, member)

static const struct option_row rows[] = {
	{ "clock", 'c', "FILE", "use this clock file, not the system clock", 1, OPTION_TEXT,
	  AT(clock_file) },
	{ "json", '\0', NULL, "print a JSON object", 1, OPTION_FLAG, AT(json) },
};

static int print_now(const struct now_request *r)
{
	struct bound_reading reading;
	struct clock *clock;
	const char *why;
	int rc = bound_reading_open(&clock, r->clock_file, &why);

	if (rc != 0) {
		return verbs_refuse(PROGRAM, r->json, verbs_status(rc), "%s: %s", r->clock_file,
				    why);
	}
	rc = bound_reading_take(&reading, clock, r->clock_file);
	clock_close(clock);
	if (rc != 0) {
		return bound_reading_refuse(PROGRAM, r->json, r->clock_file, rc);
	}
	bound_reading_print(&reading, r->json);
	return reading.interval.state == BOUND_UNKNOWN ? STATUS_NO_ANSWER : STATUS_DONE;
}

int cmd_now(int argc, char **argv)
{
	struct now_request r = { .clock_file = request_clock_from_environment() };
	const struct options options = {
		.program = PROGRAM,
		.about = "Print the true time between two limits, as a tracker of the local clock\n"
			 "publishes it.",
		.scope = 1,
		.parts = { OPTION_PART(rows, &r) },
	};
	const int parsed = verbs_parse(&options, argc, argv, NULL);

	return parsed == STATUS_GO_ON ? print_now(&r) : parsed;
}
