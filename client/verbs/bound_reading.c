/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/verbs/bound_reading.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "measure/fields.h"
#include "print/words.h"
#include "client/verbs.h"
#include "core/arith.h"
#include "lib/timesync_now.h"
#include "os/bound_page.h"
#include "os/clock_file.h"
#include "os/clock_system.h"
#include "os/files.h"

int bound_reading_open(struct clock **clock, const char *clock_file, const char **why)
{
	if (clock_file) {
		return clock_file_open(clock, clock_file, false, why);
	}
	*clock = clock_system();
	return 0;
}

int bound_reading_take(struct bound_reading *out, struct clock *clock, const char *clock_file)
{
	struct timesync_interval first, then;
	struct timesync_page *page;
	int state, rc = timesync_open(&page, clock_file);

	if (rc != 0) {
		return rc;
	}
	state = timesync_now(page, &first);
	out->shown = clock_now(clock);
	if (timesync_now(page, &then) != state) {
		state = timesync_now(page, &first); /* and the clock was read a moment before */
		out->shown = clock_now(clock);
		(void)timesync_now(page, &then);
	}
	timesync_close(page);
	out->interval = (struct bound_interval){ .earliest = first.earliest,
						 .latest = first.latest,
						 .state = (enum bound_state)state };
	out->clock_error = state == TIMESYNC_UNKNOWN
				   ? INT64_MAX
				   : arith_max(arith_distance(out->shown, first.earliest),
					       arith_distance(then.latest, out->shown));
	return 0;
}

dur_ns bound_reading_error(const struct bound_reading *r)
{
	return r->interval.state == BOUND_UNKNOWN
		       ? INT64_MAX
		       : (r->interval.latest - r->interval.earliest + 1) / 2;
}

static void print_for_people(const struct bound_reading *r)
{
	char text[WORDS_MAX];

	printf("state     %s\n", bound_state_name(r->interval.state));
	if (r->interval.state != BOUND_UNKNOWN) {
		printf("earliest  %s\n", words_time(r->interval.earliest, text));
		printf("latest    %s\n", words_time(r->interval.latest, text));
		printf("error     the time halfway is right to within %s\n",
		       words_bound(bound_reading_error(r), text));
	}
	printf("clock     %s", words_time(r->shown, text));
	if (r->clock_error == INT64_MAX) {
		puts(", with an unknown error");
	} else {
		printf(", right to within %s\n", words_bound(r->clock_error, text));
	}
}

static void print_json(const struct bound_reading *r)
{
	const bool known = r->interval.state != BOUND_UNKNOWN;
	json_t *object = json_pack("{s:s s:I}", "state", bound_state_name(r->interval.state),
				   "clock_ns", (json_int_t)r->shown);

	json_object_set_new(object, "earliest_ns",
			    known ? json_integer(r->interval.earliest) : json_null());
	json_object_set_new(object, "latest_ns",
			    known ? json_integer(r->interval.latest) : json_null());
	json_object_set_new(object, "max_error_s",
			    known ? fields_seconds(bound_reading_error(r)) : json_null());
	json_object_set_new(object, "clock_error_s",
			    known ? fields_seconds(r->clock_error) : json_null());
	fields_print(object);
}

void bound_reading_print(const struct bound_reading *r, bool json)
{
	(json ? print_json : print_for_people)(r);
}

int bound_reading_refuse(const char *program, bool json, const char *clock_file, int error)
{
	char path[PATH_MAX] = "";

	(void)bound_page_path(clock_file, path, sizeof(path));
	if (error == -ENOENT) {
		return verbs_refuse(program, json, STATUS_NO_ANSWER,
				    "%s: nobody has published the bound of this clock; start "
				    "'timesync track' for it, or timesyncd with --upstream or "
				    "--group",
				    path);
	}
	return verbs_refuse(program, json, verbs_status(error), "%s: %s", path,
			    error == -ENOTSUP ? "this was published by another version of timesync"
					      : file_error_text(error));
}
