/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/timesync_now.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "os/bound_reader.h"

#define PUBLIC __attribute__((visibility("default")))

_Static_assert((int)TIMESYNC_UNKNOWN == (int)BOUND_UNKNOWN &&
		       (int)TIMESYNC_HOLD_OVER == (int)BOUND_HOLD_OVER &&
		       (int)TIMESYNC_SYNCHRONISED == (int)BOUND_SYNCHRONISED,
	       "the states are the same");

struct timesync_page {
	struct bound_reader reader;
};

PUBLIC int timesync_open(struct timesync_page **page, const char *clock_file)
{
	char path[PATH_MAX];
	int rc = bound_page_path(clock_file, path, sizeof(path));
	struct timesync_page *p;

	if (rc != 0) {
		return rc;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		return -ENOMEM;
	}
	rc = bound_reader_open(&p->reader, path);
	if (rc != 0) {
		free(p);
		return rc;
	}
	*page = p;
	return 0;
}

PUBLIC void timesync_close(struct timesync_page *page)
{
	if (page) {
		bound_reader_close(&page->reader);
		free(page);
	}
}

PUBLIC int timesync_now(struct timesync_page *page, struct timesync_interval *now)
{
	const struct bound_interval interval = bound_reader_now(&page->reader);

	*now = (struct timesync_interval){ interval.earliest, interval.latest };
	return (int)interval.state;
}
