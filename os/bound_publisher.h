/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Publishing the bound of a clock. The clock's keeper does so: a tracker, or the agent of a group.
 * The page is made when there is none, and used again when it is there, so that programs that have
 * it open see what a new process publishes.
 */
#ifndef OS_BOUND_PUBLISHER_H
#define OS_BOUND_PUBLISHER_H

#include <sys/types.h>

#include "os/bound_page.h"

struct bound_publisher {
	const char *path;        /* of the page, not owned */
	struct bound_page *page; /* null: it is not open */
	int fd;
	uint64_t boot;
};

/* Begin; the page is not opened yet, and nobody is disturbed. `path` must outlive it. */
void bound_publisher_begin(struct bound_publisher *p, const char *path);

/*
 * Publish. Only the keeper of the clock does (clock_keep). A page that is missing, damaged or of
 * another version is replaced, and nothing else is. 0 or -errno, and then the next call tries
 * again.
 */
int bound_publish(struct bound_publisher *p, const struct bound *bound);

/*
 * Make the page if there is none, and give it to that user, who will publish: the directory may be
 * none that it may write to. 0 or -errno.
 */
int bound_publisher_give(struct bound_publisher *p, uid_t uid, gid_t gid);

/* Release it. The published page stays, and grows old. */
void bound_publisher_end(struct bound_publisher *p);

#endif
