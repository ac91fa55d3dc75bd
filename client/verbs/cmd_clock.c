/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/print/fields.h"
#include "client/verbs.h"
#include "client/print/words.h"
#include "core/parse.h"
#include "os/clock_file.h"
#include "os/options.h"
#include "os/stdio.h"

/* The verbs of 'timesync clock', as scopes of the table below. */
enum scope { SCOPE_CREATE = 1, SCOPE_SHOW = 2, SCOPE_ADJUST = 4 };

struct clock_request {
	const char *program, *path;
	dur_ns offset, step, slew;
	int64_t drift_ppb, frequency_ppb;
	bool has_offset, has_drift, has_frequency, has_step, has_slew;
	bool json;
};

#define AT(member)    .place = offsetof(struct clock_request, member)
#define GIVEN(member) .given = offsetof(struct clock_request, member)

static const struct option_row rows[] = {
	{ "offset", 'o', "DUR", "put the clock this far ahead of the system clock (-: behind)",
	  SCOPE_CREATE | SCOPE_ADJUST, OPTION_DURATION, AT(offset), GIVEN(has_offset) },
	{ "drift", 'd', "PPM", "let the clock run faster by this many parts per million",
	  SCOPE_CREATE | SCOPE_ADJUST, OPTION_PPM, AT(drift_ppb), GIVEN(has_drift) },
	{ "frequency", '\0', "PPM", "correct the rate by this many parts per million", SCOPE_ADJUST,
	  OPTION_PPM, AT(frequency_ppb), GIVEN(has_frequency) },
	{ "step", '\0', "DUR", "step the clock by this much", SCOPE_ADJUST, OPTION_DURATION,
	  AT(step), GIVEN(has_step) },
	{ "slew", '\0', "DUR", "slew the clock by this much, at 500 ppm", SCOPE_ADJUST,
	  OPTION_DURATION, AT(slew), GIVEN(has_slew) },
	{ "json", '\0', NULL, "print a JSON object", SCOPE_SHOW, OPTION_FLAG, AT(json) },
};

/* Parse the options and the one FILE. STATUS_GO_ON, or the status to exit with. `usage` is
 * --help's. */
static int parse(struct clock_request *r, enum scope scope, const char *program, const char *usage,
		 int argc, char **argv)
{
	char page[VERBS_PAGE_MAX];
	const struct options options = {
		.program = program,
		.usage = usage,
		.ending = verbs_page(program, page),
		.scope = scope,
		.parts = { { rows, sizeof(rows) / sizeof(rows[0]), r } },
	};
	int first;

	memset(r, 0, sizeof(*r));
	r->program = program;
	first = options_parse(&options, argc, argv);
	if (first < 0) {
		return first == OPTIONS_DONE ? STATUS_DONE : STATUS_USAGE;
	}
	if (argc - first != 1 || argv[first][0] == '\0') {
		stdio_complain(program, "one FILE is needed; see '%s --help'", program);
		return STATUS_USAGE;
	}
	r->path = argv[first];
	return STATUS_GO_ON;
}

static int complain(const struct clock_request *r, int error, const char *what)
{
	return verbs_refuse(r->program, r->json, verbs_status(error), "%s: %s", r->path, what);
}

static const char *why_adjusting_failed(int error)
{
	return error == -ERANGE    ? "the clock would leave the range that it can show"
	       : error == -EBADMSG ? "it has been cut off or damaged since it was opened"
				   : strerror(-error);
}

static int open_clock(const struct clock_request *r, bool writable, struct clock **out)
{
	const char *why;
	int rc = clock_file_open(out, r->path, writable, &why);

	return rc == 0 ? STATUS_GO_ON : complain(r, rc, why);
}

static int clock_create(int argc, char **argv)
{
	struct clock_request r;
	int status =
		parse(&r, SCOPE_CREATE, "timesync clock create",
		      "[OPTION]... FILE\n"
		      "Create a clock file: a software clock that can be set without privilege.",
		      argc, argv);
	int rc;

	if (status != STATUS_GO_ON) {
		return status;
	}
	rc = clock_file_create(r.path, r.offset, r.drift_ppb);
	if (rc == -EEXIST) {
		return complain(&r, rc,
				"exists already, and was left as it is; remove it first, or "
				"change it with 'timesync clock adjust'");
	}
	return rc == 0 ? STATUS_DONE : complain(&r, rc, why_adjusting_failed(rc));
}

static void show_for_people(const struct clock_request *r, struct clock *clock)
{
	struct clock_file_state s;
	char a[WORDS_MAX], path[WORDS_PATH_MAX];

	clock_file_state(clock, &s);
	printf("clock    %s\n", words_path(r->path, path));
	printf("shows    %s\n", words_time(s.at + s.offset, a));
	printf("offset   %s", words_duration(s.offset, a));
	puts(s.offset == 0  ? " from the system clock"
	     : s.offset > 0 ? " ahead of the system clock"
			    : " behind the system clock");
	printf("rate     %s ppm against the system clock, ", words_ppm(s.drift_ppb, a));
	if (s.frequency_ppb == 0) {
		puts("not corrected");
	} else {
		printf("corrected by %s ppm\n", words_ppm(s.frequency_ppb, a));
	}
	if (s.slew_left == 0) {
		printf("slew     none\n");
	} else {
		printf("slew     %s still to go %s\n", words_duration(s.slew_left, a),
		       s.slew_left > 0 ? "forward" : "back");
	}
}

static void show_json(struct clock *clock)
{
	struct clock_file_state s;

	clock_file_state(clock, &s);
	fields_print(json_pack("{s:o s:o s:o s:o}", "ahead_s", fields_seconds(s.offset), "gain_ppm",
			       fields_ppm(s.drift_ppb), "frequency_ppm",
			       fields_ppm(s.frequency_ppb), "slew_left_s",
			       fields_seconds(s.slew_left)));
}

static int clock_show(int argc, char **argv)
{
	struct clock_request r;
	struct clock *clock;
	int status =
		parse(&r, SCOPE_SHOW, "timesync clock show",
		      "[OPTION]... FILE\nShow a clock file against the system clock.", argc, argv);

	if (status == STATUS_GO_ON) {
		status = open_clock(&r, false, &clock);
	}
	if (status != STATUS_GO_ON) {
		return status;
	}
	if (clock_check(clock) != 0) {
		status = complain(&r, -EBADMSG, why_adjusting_failed(-EBADMSG));
	} else if (r.json) {
		show_json(clock);
	} else {
		show_for_people(&r, clock);
	}
	clock_close(clock);
	return status == STATUS_GO_ON ? STATUS_DONE : status;
}

static int adjust(const struct clock_request *r, struct clock *clock)
{
	int rc = 0;

	if (r->has_drift) {
		rc = clock_file_set_drift(clock, r->drift_ppb);
	}
	if (rc == 0 && r->has_frequency) {
		rc = clock_set_frequency(clock, r->frequency_ppb);
	}
	if (rc == 0 && r->has_offset) {
		rc = clock_file_set_offset(clock, r->offset);
	}
	if (rc == 0 && r->has_step) {
		rc = clock_step(clock, r->step);
	}
	if (rc == 0 && r->has_slew) {
		rc = clock_slew(clock, r->slew);
	}
	return rc;
}

/*
 * An adjustment by hand has priority; the keeper of the clock will notice it, and the user is told.
 */
static void say_keeper(const struct clock_request *r, struct clock *clock)
{
	struct clock_keeper by;

	if (clock_is_kept(clock, &by)) {
		stdio_complain(r->program,
			       "%s is kept by %s, pid %ld, which will measure and correct it again",
			       r->path, clock_keeper_name(by.kind), by.pid);
	}
}

static int clock_adjust(int argc, char **argv)
{
	struct clock_request r;
	struct clock *clock;
	int rc;
	int status =
		parse(&r, SCOPE_ADJUST, "timesync clock adjust",
		      "[OPTION]... FILE\n"
		      "Change a clock file: rate, frequency, offset, step and slew, in this order.",
		      argc, argv);

	if (status != STATUS_GO_ON) {
		return status;
	}
	if (!r.has_offset && !r.has_drift && !r.has_frequency && !r.has_step && !r.has_slew) {
		stdio_complain("timesync clock adjust", "nothing to do: give --offset, --drift, "
							"--frequency, --step or --slew");
		return STATUS_USAGE;
	}
	status = open_clock(&r, true, &clock);
	if (status != STATUS_GO_ON) {
		return status;
	}
	say_keeper(&r, clock);
	rc = adjust(&r, clock);
	clock_close(clock);
	return rc == 0 ? STATUS_DONE : complain(&r, rc, why_adjusting_failed(rc));
}

int cmd_clock(int argc, char **argv)
{
	static const struct verb verbs[] = {
		{ "create", "make a clock file", clock_create },
		{ "show", "show its time and its offset from the system clock", clock_show },
		{ "adjust", "change its offset or rate", clock_adjust },
		{ NULL, NULL, NULL },
	};

	return verbs_run(verbs, "timesync clock",
			 "Software clocks in files, for exercises without root.", argc, argv);
}
