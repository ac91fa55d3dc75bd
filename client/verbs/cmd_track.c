/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "client/track/tracker.h"
#include "client/verbs.h"
#include "core/parse.h"
#include "os/stdio.h"

static const char about[] =
	"Keep the local clock correct, in offset and rate, until SIGTERM or SIGINT.\n"
	"Of several servers more than half must agree. By default a poll is 8 rounds by the\n"
	"method ntp. Without --clock FILE it is the system clock, which needs the privilege to\n"
	"set it.";

enum option_index {
	OPT_INTERVAL,
	OPT_PANIC,
	OPT_MAKESTEP,
	OPT_MAX_SLEW_RATE,
	OPT_DRIFT_FILE,
	OPT_LOG,
	OPT_COUNT,
	OPT_CHRONY_SOCK,
	N_OPTIONS
};

static const struct option_spec option_table[N_OPTIONS] = {
	[OPT_INTERVAL] = { "interval", 'i', "RANGE",
			   "time between polls: a duration, or limits (default: 4s..64s)",
			   SCOPE_TRACK },
	[OPT_PANIC] = { "panic", '\0', "DUR",
			"refuse a larger correction and end (default: 1000s);\n"
			"the limit of the first is --max-change, if given",
			SCOPE_TRACK },
	[OPT_MAKESTEP] = { "makestep", '\0', "LIMIT",
			   "step corrections larger than DUR, or with DUR,N only in the\n"
			   "first N measurements",
			   SCOPE_TRACK },
	[OPT_MAX_SLEW_RATE] = { "max-slew-rate", '\0', "PPM",
				"slew no faster than this (default: 83333)", SCOPE_TRACK },
	[OPT_DRIFT_FILE] = { "drift-file", '\0', "FILE", "keep the clock's rate in this file",
			     SCOPE_TRACK },
	[OPT_LOG] = { "log", '\0', "FILE", "append a JSON object for each poll", SCOPE_TRACK },
	[OPT_COUNT] = { "count", '\0', "N", "end after this many polls (default: never)",
			SCOPE_TRACK },
	[OPT_CHRONY_SOCK] = { "chrony-sock", '\0', "PATH",
			      "set nothing: feed the refclock SOCK of chronyd", SCOPE_TRACK },
};

static bool is_interval(dur_ns d)
{
	return d >= REQUEST_MIN_INTERVAL && d <= 86400 * NS_PER_SEC;
}

/* "4s" or "4s..64s". */
static bool parse_interval(const char *text, dur_ns *min, dur_ns *max)
{
	const char *dots = strstr(text, "..");
	char first[40];
	const size_t len = dots ? (size_t)(dots - text) : strlen(text);

	if (len >= sizeof(first)) {
		return false;
	}
	memcpy(first, text, len);
	first[len] = '\0';
	return parse_duration(first, min) == 0 &&
	       parse_duration(dots ? dots + 2 : first, max) == 0 && is_interval(*min) &&
	       is_interval(*max) && *min <= *max;
}

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

static bool apply(void *context, size_t own, const struct options *o, size_t index,
		  const char *argument)
{
	struct track_options *t = context;

	switch ((enum option_index)own) {
	case OPT_INTERVAL:
		return parse_interval(argument, &t->limits.min_poll, &t->limits.max_poll) ||
		       options_bad(o, index, argument,
				   "a duration from 250ms to 24h, or two such as 4s..64s");
	case OPT_PANIC:
		return (parse_duration(argument, &t->limits.panic) == 0 && t->limits.panic > 0) ||
		       options_bad(o, index, argument, "a positive duration such as 1000s");
	case OPT_MAKESTEP:
		return parse_makestep(argument, &t->limits.makestep, &t->limits.makestep_count) ||
		       options_bad(o, index, argument,
				   "a duration, optionally with a number, such as 1s or 1s,3");
	case OPT_MAX_SLEW_RATE:
		return (parse_ppm(argument, &t->limits.max_slew_ppb) == 0 &&
			t->limits.max_slew_ppb >= NS_PER_US) ||
		       options_bad(o, index, argument, "parts per million from 1 to 100000");
	case OPT_DRIFT_FILE:
		t->drift_file = argument;
		return true;
	case OPT_LOG:
		t->log_file = argument;
		return true;
	case OPT_COUNT:
		return parse_int(argument, 1, INT64_MAX, &t->count) == 0 ||
		       options_bad(o, index, argument, "a whole number from 1");
	case OPT_CHRONY_SOCK:
		t->chrony_sock = argument;
		return true;
	case N_OPTIONS:
		break;
	}
	return false;
}

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

int cmd_track(int argc, char **argv)
{
	struct track_options options = { .limits = discipline_default_limits };
	const struct request_extra extra = { option_table, N_OPTIONS, apply, &options };
	struct request request;
	int status = request_parse_with(&request, SCOPE_TRACK, "timesync track", about, argc, argv,
					&extra);

	if (!request.clock_file && !options.chrony_sock) {
		options.limits.mono_is_tuned = true;
	}
	if (status < 0 && !check(&request, &options)) {
		status = STATUS_USAGE;
	}
	if (status < 0) {
		status = request_open_clock(&request, !options.chrony_sock);
	}
	if (status < 0 && !options.chrony_sock) {
		status = request_keep_clock(&request, CLOCK_KEEPER_TRACK);
	}
	if (status < 0) {
		options.limits.first = request.limits;
		status = tracker_run(&request, &options);
	}
	request_close(&request);
	return status;
}
