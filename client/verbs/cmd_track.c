/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "client/request.h"
#include "client/verbs.h"
#include "core/drift_limits.h"
#include "core/parse.h"
#include "os/stdio.h"
#include "track/tracker.h"

static const char about[] =
	"Keep the local clock correct, in offset and rate, until SIGTERM or SIGINT.\n"
	"Of several servers more than half must agree. A poll is one round, and 8 at the start\n"
	"and when something is in doubt. Without --clock FILE it is the system clock, which\n"
	"needs the privilege to set it.";

/* "1s" or "1s,3". */
static bool parse_makestep(const char *text, dur_ns *limit, int64_t *count)
{
	const char *comma = strchr(text, ',');
	char first[40];
	const size_t len = comma ? (size_t)(comma - text) : strlen(text);

	if (len >= sizeof(first)) {
		return false;
	}
	memcpy(first, text, len);
	first[len] = '\0';
	*count = 0;
	return parse_duration(first, limit) == 0 && *limit > 0 &&
	       (!comma || parse_int(comma + 1, 1, INT64_MAX, count) == 0);
}

static bool read_makestep(const struct option_given *given)
{
	struct track_options *t = given->record;

	return parse_makestep(given->text, &t->limits.makestep, &t->limits.makestep_count) ||
	       option_bad(given, "a duration, optionally with a number, such as 1s or 1s,3");
}

#define AT(member) .place = offsetof(struct track_options, member)

static const struct option_row rows[] = {
	{ "interval", 'i', "RANGE",
	  "time between polls: a duration, or limits; with --chrony-sock\n"
	  "4s..64s, with --polite 64s..1024s",
	  SCOPE_TRACK, OPTION_RANGE, AT(limits.min_poll), .standard = 32 * NS_PER_SEC,
	  .standard_most = 64 * NS_PER_SEC, .least = REQUEST_MIN_INTERVAL,
	  .most = 86400 * NS_PER_SEC, .given = offsetof(struct track_options, interval_given) },
	{ "polite", '\0', NULL, "ask seldom, and little at the start: for servers of others",
	  SCOPE_TRACK, OPTION_FLAG, AT(limits.polite) },
	{ "panic", '\0', "DUR",
	  "refuse a larger correction and end; the limit of the first\n"
	  "is --max-change, if given",
	  SCOPE_TRACK, OPTION_DURATION, AT(limits.panic), .standard = DISCIPLINE_PANIC, .least = 1,
	  .most = INT64_MAX },
	{ "makestep", '\0', "LIMIT",
	  "step corrections larger than DUR, or with DUR,N only in the\n"
	  "first N measurements",
	  SCOPE_TRACK, OPTION_OTHER, .read = read_makestep },
	{ "max-slew-rate", '\0', "PPM", "slew no faster than this", SCOPE_TRACK, OPTION_PPM,
	  AT(limits.max_slew_ppb), .standard = DRIFT_FAST_SLEW_PPB, .least = 1000,
	  .most = DRIFT_NAMED_PPB, .must_be = "parts per million from 1 to 100000" },
	{ "drift-file", '\0', "FILE", "keep the clock's rate there", SCOPE_TRACK, OPTION_TEXT,
	  AT(drift_file) },
	{ "log", '\0', "FILE", "append a JSON object for each poll", SCOPE_TRACK, OPTION_TEXT,
	  AT(log_file) },
	{ "count", '\0', "N", "end after this many polls (default: never)", SCOPE_TRACK, OPTION_INT,
	  AT(count), .least = 1, .most = INT64_MAX },
	{ "chrony-sock", '\0', "PATH", "set nothing: feed the refclock SOCK of chronyd",
	  SCOPE_TRACK, OPTION_TEXT, AT(chrony_sock) },
};

/* Checks of several options together. */
static bool check(const struct request *request, const struct track_options *options)
{
	if (options->chrony_sock && request->clock_file) {
		stdio_complain(request->program,
			       "chronyd keeps the system clock: --chrony-sock and a clock file "
			       "exclude each other");
		return false;
	}
	if (options->limits.makestep > 0 && request->limits.force == POLICY_ALWAYS_SLEW) {
		stdio_complain(request->program, "--slew and --makestep exclude each other");
		return false;
	}
	return true;
}

/* The interval, unless the user has named one. */
static void choose_interval(struct track_options *t)
{
	if (t->interval_given) {
		return;
	}
	if (t->limits.polite) {
		t->limits.min_poll = 64 * NS_PER_SEC;
		t->limits.max_poll = 1024 * NS_PER_SEC;
	} else if (t->chrony_sock) {
		t->limits.min_poll = 4 * NS_PER_SEC; /* chronyd makes one of several samples */
	}
}

static void take_request(struct track_options *t, const struct request *r)
{
	t->program = r->program;
	t->hosts = r->hosts;
	t->n_hosts = r->n_hosts;
	t->target = r->target;
	t->measure = r->measure;
	t->rounds = r->poll_rounds;
	t->trust = r->allow_unsynchronised;
	t->output = r->format == FORMAT_JSON ? TRACK_PRINTS_JSON : TRACK_PRINTS_TEXT;
	t->limits.first = r->limits;
}

int cmd_track(int argc, char **argv)
{
	struct track_options options = { .limits = discipline_default_limits };
	const struct option_part own = OPTION_PART(rows, &options);
	struct request request;
	int status = request_parse_with(&request, SCOPE_TRACK, "timesync track", about, argc, argv,
					&own);

	choose_interval(&options);
	if (!request.clock_file && !options.chrony_sock) {
		options.limits.mono_is_tuned = true;
	}
	if (status == STATUS_GO_ON && !check(&request, &options)) {
		status = STATUS_USAGE;
	}
	if (status == STATUS_GO_ON) {
		status = request_open_clock(&request, !options.chrony_sock);
	}
	if (status == STATUS_GO_ON && !options.chrony_sock) {
		status = request_keep_clock(&request, CLOCK_KEEPER_TRACK);
	}
	if (status == STATUS_GO_ON) {
		take_request(&options, &request);
		status = tracker_run(&options);
	}
	request_close(&request);
	return status;
}
