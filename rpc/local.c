#include "rpc/local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

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

/* The last directory of the path is ours to make. */
static void make_directory(const char *path)
{
	char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (slash && slash != dir) {
		*slash = '\0';
		(void)mkdir(dir, 0755); /* if it is not there then, bind says so */
	}
	free(dir);
}

/* Whether what is there is a socket on which nobody listens any more. */
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
 * Everyone may knock: local_peer_is_ours says who is let in, whoever the daemon becomes. The socket
 * is made so, not changed: where others may write, chmod could meet what they have put in its
 * place.
 */
static int bind_there(int fd, const struct address *at)
{
	const mode_t before = umask(0111);
	const int rc = bind(fd, (const struct sockaddr *)&at->sa, at->len) == 0 ? 0 : -errno;

	(void)umask(before);
	return rc;
}

int local_listen(const struct address *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0) {
		return -errno;
	}
	make_directory(path_of(at));
	rc = bind_there(fd, at);
	if (rc == -EADDRINUSE && is_left_over(at) && unlink(path_of(at)) == 0) {
		rc = bind_there(fd, at);
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

bool local_peer_is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}
