/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/log.h"

/* So many may wait for their turn: a flood of connections is to leave room for one's own. */
#define BACKLOG 1024

#define US_PER_SEC (NS_PER_SEC / NS_PER_US)

bool local_default_path(struct address *out, bool root)
{
	const char *dir = root ? "/run" : getenv("XDG_RUNTIME_DIR");
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int len;

	if (!dir || dir[0] != '/') {
		return false;
	}
	len = snprintf(path, sizeof(path), "%s/timesyncd/socket", dir);
	return len > 0 && (size_t)len < sizeof(path) && address_unix(out, path);
}

static const char *path_of(const struct address *a)
{
	return ((const struct sockaddr_un *)&a->sa)->sun_path;
}

/* The directory of a path, to be freed, or null. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash) {
		return strdup(".");
	}
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Whether only root and we can remove or replace a file in that directory. */
static bool is_safe(const struct stat *dir)
{
	const bool others_write =
		(dir->st_mode & S_IWOTH) || ((dir->st_mode & S_IWGRP) && dir->st_gid != getegid());

	return (dir->st_uid == 0 || dir->st_uid == geteuid()) &&
	       (!others_write || (dir->st_mode & S_ISVTX));
}

/* Create the last directory of the path if it is missing, and check its owner. 0 or -errno. */
static int make_directory(const char *path)
{
	char *dir = directory_of(path);
	struct stat st;
	int rc = 0;

	if (!dir) {
		return -ENOMEM;
	}
	if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
		rc = -errno;
	}
	if (stat(dir, &st) == 0) {
		rc = is_safe(&st) ? 0 : -EPERM;
	}
	free(dir);
	return rc;
}

/* Whether the file is a socket on which nobody listens any more. */
static bool is_left_over(const struct address *at)
{
	struct stat st;
	bool dead;
	int fd;

	if (lstat(path_of(at), &st) < 0 || !S_ISSOCK(st.st_mode)) {
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return false;
	}
	dead = connect(fd, (const struct sockaddr *)&at->sa, at->len) < 0 && errno == ECONNREFUSED;
	close(fd);
	return dead;
}

/*
 * Everyone may connect; local_client_is_ours checks the user, whichever user the daemon becomes.
 * The mode is set at creation: in a directory that others may write to, chmod could hit a file that
 * they have put in its place.
 */
static int bind_there(int fd, const struct address *at)
{
	const mode_t before = umask(0111);
	const int rc = bind(fd, (const struct sockaddr *)&at->sa, at->len) == 0 ? 0 : -errno;

	(void)umask(before);
	return rc;
}

void local_remove(const struct address *at)
{
	if (unlink(path_of(at)) < 0 && errno != ENOENT) {
		log_warning(
			"cannot remove the local socket '%s': %s; the next timesyncd tries again",
			path_of(at), strerror(errno));
	}
}

int local_listen(const struct address *at)
{
	int rc = make_directory(path_of(at));
	int fd;

	if (rc != 0) {
		return rc;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	rc = bind_there(fd, at);
	if (rc == -EADDRINUSE && is_left_over(at)) {
		rc = unlink(path_of(at)) == 0 ? bind_there(fd, at) : -EEXIST;
	}
	if (rc == 0 && listen(fd, BACKLOG) < 0) {
		rc = -errno;
	}
	if (rc != 0) {
		close(fd);
		return rc;
	}
	return fd;
}

const char *local_why(int error)
{
	switch (error) {
	case -EADDRINUSE:
		return "Address already in use (another timesyncd listens there, or it is not a "
		       "socket)";
	case -EEXIST:
		return "a timesyncd that was killed left its socket there, and it cannot be "
		       "removed: remove it, or name another one: --socket PATH";
	case -EPERM:
		return "its directory belongs to another user, or others may write into it; name a "
		       "socket in a directory of your own: --socket PATH";
	default:
		return strerror(-error);
	}
}

int local_give(const struct address *at, uid_t uid, gid_t gid)
{
	char *dir = directory_of(path_of(at));
	int rc = 0;

	/* Sticky: users can remove only their own files. */
	if (!dir || lchown(dir, (uid_t)-1, gid) < 0 || chmod(dir, 01775) < 0 ||
	    lchown(path_of(at), uid, gid) < 0) {
		rc = -errno;
	}
	free(dir);
	return rc;
}

static bool find_peer(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
		return false;
	}
	*uid = peer.uid;
	return true;
}

bool local_client_is_ours(int fd, uid_t *uid)
{
	return find_peer(fd, uid) && (*uid == 0 || *uid == geteuid());
}

static bool owns_directory(const char *path, uid_t uid)
{
	char *dir = directory_of(path);
	struct stat st;
	const bool owns = dir && stat(dir, &st) == 0 && st.st_uid == uid;

	free(dir);
	return owns;
}

int local_connect(int fd, const struct address *at, dur_ns timeout)
{
	const int64_t us = timeout / NS_PER_US + 1; /* 0 would be for ever */
	const struct timeval patience = {
		.tv_sec = us / US_PER_SEC,
		.tv_usec = us % US_PER_SEC,
	};
	uid_t uid;

	/*
	 * A blocking connect has a place in the queue; a non-blocking one could come too late for
	 * ever.
	 */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	while (connect(fd, (const struct sockaddr *)&at->sa, at->len) < 0) {
		if (errno != EINTR) {
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		}
	}
	if (!find_peer(fd, &uid) ||
	    (uid != 0 && uid != geteuid() && !owns_directory(path_of(at), uid))) {
		return -EPERM;
	}
	return 0;
}
