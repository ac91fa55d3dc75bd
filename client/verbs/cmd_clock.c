/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "measure/fields.h"
#include "client/verbs.h"
#include "print/words.h"
#include "core/parse.h"
#include "os/clock_file.h"
#include "os/options.h"
#include "os/stdio.h"

/* The verbs of 'timesync clock', as scopes of the table below. */
enum scope { SCOPE_CREATE = 1, SCOPE_SHOW = 2, SCOPE_ADJUST = 4 };

/* The possible changes, in the order in which they are made. */
enum change { CHANGE_DRIFT, CHANGE_FREQUENCY, CHANGE_OFFSET, CHANGE_STEP, CHANGE_SLEW, N_CHANGES };

static const struct {
	const char *option;
	int (*make)(struct clock *c, int64_t value);
} changes[N_CHANGES] = {
	[CHANGE_DRIFT] = { "drift", clock_file_set_drift },
	[CHANGE_FREQUENCY] = { "frequency", clock_set_frequency },
	[CHANGE_OFFSET] = { "offset", clock_file_set_offset },
	[CHANGE_STEP] = { "step", clock_step },
	[CHANGE_SLEW] = { "slew", clock_slew },
};

struct clock_request {
	const char *program, *path;
	bool json;
	bool given[N_CHANGES];
	int64_t value[N_CHANGES]; /* ns or ppb; 0 unless it is given */
};

#define VALUE(change)                                           \
	.place = offsetof(struct clock_request, value[change]), \
	.given = offsetof(struct clock_request, given[change])

static const struct option_row rows[] = {
	{ "offset", 'o', "DUR", "put it this far ahead of the system clock (-: behind)",
	  SCOPE_CREATE | SCOPE_ADJUST, OPTION_DURATION, VALUE(CHANGE_OFFSET) },
	{ "drift", 'd', "PPM", "let it run faster by this many parts per million",
	  SCOPE_CREATE | SCOPE_ADJUST, OPTION_PPM, VALUE(CHANGE_DRIFT) },
	{ "frequency", '\0', "PPM", "correct its rate by this many parts per million", SCOPE_ADJUST,
	  OPTION_PPM, VALUE(CHANGE_FREQUENCY) },
	{ "step", '\0', "DUR", "move it by this much at once", SCOPE_ADJUST, OPTION_DURATION,
	  VALUE(CHANGE_STEP) },
	{ "slew", '\0', "DUR", "move it by this much, gradually, at 500 ppm", SCOPE_ADJUST,
	  OPTION_DURATION, VALUE(CHANGE_SLEW) },
	{ "json", '\0', NULL, "print a JSON object", SCOPE_SHOW, OPTION_FLAG,
	  .place = offsetof(struct clock_request, json) },
};

/* Parse the options and the one FILE. STATUS_GO_ON, or the status to exit with. */
static int parse(struct clock_request *r, enum scope scope, const char *program, const char *about,
		 int argc, char **argv)
{
	const struct options options = {
		.program = program,
		.operands = "FILE",
		.about = about,
		.scope = scope,
		.parts = { OPTION_PART(rows, r) },
	};
	char **operands;
	int status;

	*r = (struct clock_request){ .program = program };
	status = verbs_parse(&options, argc, argv, &operands);
	if (status == STATUS_GO_ON) {
		r->path = operands[0];
	}
	return status;
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
		      "Create a clock file: a software clock that can be set without privilege.",
		      argc, argv);
	int rc;

	if (status != STATUS_GO_ON) {
		return status;
	}
	rc = clock_file_create(r.path, r.value[CHANGE_OFFSET], r.value[CHANGE_DRIFT]);
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
	int status = parse(&r, SCOPE_SHOW, "timesync clock show",
			   "Show a clock file against the system clock.", argc, argv);

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

/* Say which change failed, and which have been made before. */
static int admit_failure(const struct clock_request *r, size_t failed, int rc)
{
	char why[400];
	int used = snprintf(why, sizeof(why), "--%s: %s", changes[failed].option,
			    why_adjusting_failed(rc));

	for (size_t i = 0; i < failed; i++) {
		if (r->given[i]) {
			used += snprintf(why + used, sizeof(why) - (size_t)used,
					 "; --%s has been done", changes[i].option);
		}
	}
	return complain(r, rc, why);
}

static int adjust(const struct clock_request *r, struct clock *clock)
{
	for (size_t i = 0; i < N_CHANGES; i++) {
		const int rc = r->given[i] ? changes[i].make(clock, r->value[i]) : 0;

		if (rc != 0) {
			return admit_failure(r, i, rc);
		}
	}
	return STATUS_DONE;
}

static bool is_any_given(const struct clock_request *r)
{
	for (size_t i = 0; i < N_CHANGES; i++) {
		if (r->given[i]) {
			return true;
		}
	}
	return false;
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
	int status =
		parse(&r, SCOPE_ADJUST, "timesync clock adjust",
		      "Change a clock file: rate, frequency, offset, step and slew, in this order.",
		      argc, argv);

	if (status != STATUS_GO_ON) {
		return status;
	}
	if (!is_any_given(&r)) {
		stdio_complain("timesync clock adjust", "nothing to do: give --offset, --drift, "
							"--frequency, --step or --slew");
		return STATUS_USAGE;
	}
	status = open_clock(&r, true, &clock);
	if (status != STATUS_GO_ON) {
		return status;
	}
	say_keeper(&r, clock);
	status = adjust(&r, clock);
	clock_close(clock);
	return status;
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
