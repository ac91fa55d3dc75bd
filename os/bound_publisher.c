/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/bound_publisher.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/files.h"
#include "os/mapped.h"

void bound_publisher_begin(struct bound_publisher *p, const char *path)
{
	*p = (struct bound_publisher){ .path = path, .fd = -1 };
}

void bound_publisher_end(struct bound_publisher *p)
{
	if (p->page) {
		mapped_let_go(p->page);
		bound_page_unmap(p->page);
		close(p->fd);
	}
	p->page = NULL;
	p->fd = -1;
}

/*
 * Whether others find the page that is open: it may have been removed, replaced, cut off or written
 * over.
 */
static bool is_found(const struct bound_publisher *p)
{
	struct stat ours, there;

	return p->page && fstat(p->fd, &ours) == 0 && stat(p->path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino &&
	       (size_t)ours.st_size == sizeof(*p->page) && bound_page_is_whole(p->page);
}

static int make_page(const struct bound_publisher *p, const struct bound *bound)
{
	struct bound_page page;

	bound_page_format(&page, p->boot, bound->at);
	return file_replace(p->path, &page, sizeof(page), 0644);
}

static int open_page(struct bound_publisher *p, const struct bound *bound)
{
	int rc = bound_page_boot(&p->boot);

	if (rc != 0) {
		return rc;
	}
	rc = bound_page_map(p->path, &p->page, &p->fd);
	if (rc == -ENOENT || rc == -EBADMSG || rc == -ENOTSUP) {
		rc = make_page(p, bound);
		if (rc == 0) {
			rc = bound_page_map(p->path, &p->page, &p->fd);
		}
	}
	if (rc != 0) {
		p->page = NULL;
		return rc;
	}
	rc = mapped_guard(p->page, sizeof(*p->page));
	if (rc != 0) {
		bound_publisher_end(p);
	}
	return rc;
}

int bound_publish(struct bound_publisher *p, const struct bound *bound)
{
	int rc = 0;

	if (!is_found(p)) {
		bound_publisher_end(p);
		rc = open_page(p, bound);
	}
	if (rc == 0) {
		bound_page_publish(p->page, p->boot, bound);
	}
	return rc;
}

int bound_publisher_give(struct bound_publisher *p, uid_t uid, gid_t gid)
{
	const struct bound unknown = bound_unknown((struct mono){ 0 });
	const int rc = open_page(p, &unknown);

	return rc < 0 ? rc : fchown(p->fd, uid, gid) < 0 ? -errno : 0;
}
