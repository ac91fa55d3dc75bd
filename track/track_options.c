/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_options.h"

#include <string.h>

#include "core/drift_limits.h"
#include "core/parse.h"
#include "os/options.h"

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
	       option_bad(given,
			  "a duration from 1ns to 1281023h, and perhaps a whole number from 1 "
			  "behind a comma, such as 1s or 1s,3");
}

#define AT(member) .place = offsetof(struct track_options, member)
#define GIVEN      offsetof(struct track_options, given)
#define BOTH       (TRACK_OF_VERB | TRACK_OF_DAEMON)

const struct option_row track_rows[TRACK_ROWS] = {
	{ "interval", 'i', "RANGE",
	  "time between polls: a duration, or limits; with --polite\n"
	  "64s..1024s",
	  BOTH, OPTION_RANGE, AT(limits.min_poll), .standard = 32 * NS_PER_SEC,
	  .standard_most = 64 * NS_PER_SEC, .least = MEASURE_MIN_INTERVAL,
	  .most = 86400 * NS_PER_SEC, .given = offsetof(struct track_options, interval_given) },
	{ "polite", '\0', NULL, "poll seldom, with few calls at the start: for public servers",
	  BOTH, OPTION_FLAG, AT(limits.polite), .given = GIVEN },
	{ "panic", '\0', "DUR",
	  "refuse a larger correction and end; the limit of the first\n"
	  "is --max-change, if given",
	  BOTH, OPTION_DURATION, AT(limits.panic), .standard = DISCIPLINE_PANIC, .least = 1,
	  .most = INT64_MAX, .given = GIVEN },
	{ "makestep", '\0', "LIMIT",
	  "step corrections larger than DUR, or with DUR,N only in the\n"
	  "first N measurements",
	  BOTH, OPTION_OTHER, .read = read_makestep, .given = GIVEN },
	{ "max-slew-rate", '\0', "PPM", "slew no faster than this", BOTH, OPTION_PPM,
	  AT(limits.max_slew_ppb), .standard = DRIFT_FAST_SLEW_PPB, .least = 1000,
	  .most = DRIFT_NAMED_PPB, .must_be = "parts per million from 1 to 100000",
	  .given = GIVEN },
	{ "drift-file", '\0', "FILE", "keep the clock's rate there", BOTH, OPTION_TEXT,
	  AT(drift_file), .given = GIVEN },
	{ "log", '\0', "FILE", "append a JSON object for each poll", BOTH, OPTION_TEXT,
	  AT(log_file), .given = GIVEN },
	{ "count", '\0', "N", "end after this many polls (default: never)", TRACK_OF_VERB,
	  OPTION_INT, AT(count), .least = 1, .most = INT64_MAX },
	{ "max-change", '\0', "DUR", "refuse a larger first correction", TRACK_OF_DAEMON,
	  OPTION_DURATION, AT(limits.first.max_change), .least = 1, .most = INT64_MAX,
	  .given = GIVEN },
	{ "allow-unsynchronised", '\0', NULL,
	  "correct the system clock by more than a day even if no\n"
	  "server of --upstream is synchronised",
	  TRACK_OF_DAEMON, OPTION_FLAG, AT(trust), .given = GIVEN },
	{ "chrony-sock", '\0', "PATH",
	  "set nothing: feed the refclock SOCK of chronyd, every 4s..64s", TRACK_OF_VERB,
	  OPTION_TEXT, AT(chrony_sock) },
};

void track_options_begin(struct track_options *t)
{
	*t = (struct track_options){
		.limits = discipline_default_limits,
		.measure = { .method = ESTIMATE_MINIMUM,
			     .timeout = NS_PER_SEC,
			     .estimate = { .max_drift_ppb = DRIFT_MEASURED_PPB } },
		.target = { .socktype = SOCK_DGRAM },
	};
	t->limits.first = policy_default_limits;
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

/* On the system clock all services of the machine depend; a clock file is an exercise. */
#define FAR (86400 * NS_PER_SEC)

void track_options_limit_first(struct policy_limits *first, bool system_clock, bool trust)
{
	if (system_clock && !trust) {
		first->max_unsynchronised = FAR;
	}
}

const char *track_options_complete(struct track_options *t)
{
	choose_interval(t);
	t->limits.mono_is_tuned = !t->measure.clock_file && !t->chrony_sock;
	if (t->chrony_sock && t->measure.clock_file) {
		return "chronyd keeps the system clock: --chrony-sock and a clock file exclude "
		       "each "
		       "other";
	}
	if (t->limits.makestep > 0 && t->limits.first.force == POLICY_ALWAYS_SLEW) {
		return "--slew and --makestep exclude each other";
	}
	return NULL;
}
