/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_bound.h"

#include "os/files.h"
#include "track/track_say.h"

static void complain(struct track_bound *b, int rc)
{
	if (rc != 0 && rc != b->complained) {
		track_complain(b->program, "programs cannot learn the bound of the clock: %s: %s",
			       b->path, file_error_text(rc));
	}
	b->complained = rc;
}

void track_bound_begin(struct track_bound *b, const char *program, const char *clock_file,
		       bool trust)
{
	*b = (struct track_bound){ .program = program, .trust = trust };
	bound_publisher_begin(&b->publisher, b->path);
	if (bound_page_path(clock_file, b->path, sizeof(b->path)) != 0) {
		b->path[0] = '\0'; /* and publishing fails */
	}
}

void track_bound_publish(struct track_bound *b, const struct steering *s, dur_ns slew_for,
			 dur_ns next_poll)
{
	const struct bound bound = steering_bound(s, slew_for, next_poll, b->trust);

	complain(b, bound_publish(&b->publisher, &bound));
}

void track_bound_end(struct track_bound *b, const struct steering *s)
{
	struct bound bound = steering_bound(s, 0, 0, b->trust);

	if (b->publisher.page) { /* else nothing was ever published */
		bound.due = bound.at;
		complain(b, bound_publish(&b->publisher, &bound));
	}
	bound_publisher_end(&b->publisher);
}
