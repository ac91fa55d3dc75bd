/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose socket it is: what /proc says of this machine's own sockets and processes. */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/measure/identity.h"

#define SOCKETS_MAX 64 /* of one port, which each worker has */

/* The inodes of sockets. */
struct sockets {
	unsigned long inodes[SOCKETS_MAX];
	size_t n;
};

/* Add those of a table such as /proc/net/udp that serve the port: they are bound, and to no peer.
 */
static void add_sockets(struct sockets *s, const char *table, uint16_t port)
{
	FILE *f = fopen(table, "re");
	char line[512];

	while (f && s->n < SOCKETS_MAX && fgets(line, sizeof(line), f)) {
		char local[9], remote[9], inode[21];

		if (sscanf(line,
			   " %*u: %*[0-9A-Fa-f]:%8[0-9A-Fa-f] %*[0-9A-Fa-f]:%8[0-9A-Fa-f] %*x %*s "
			   "%*s %*s %*u %*u %20[0-9]",
			   local, remote, inode) == 3 &&
		    strtoul(local, NULL, 16) == port && strtoul(remote, NULL, 16) == 0 &&
		    strtoul(inode, NULL, 10) != 0) {
			s->inodes[s->n++] = strtoul(inode, NULL, 10);
		}
	}
	if (f) {
		(void)fclose(f);
	}
}

static bool is_among(const struct sockets *s, const char *link)
{
	char inode[21];
	bool found = false;

	if (sscanf(link, "socket:[%20[0-9]", inode) != 1) {
		return false;
	}
	for (size_t i = 0; i < s->n; i++) {
		found |= s->inodes[i] == strtoul(inode, NULL, 10);
	}
	return found;
}

static bool has_socket(const char *pid, const struct sockets *s)
{
	char path[64], link[64];
	struct dirent *entry;
	bool found = false;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	fds = opendir(path);
	while (fds && !found && (entry = readdir(fds)) != NULL) {
		const ssize_t len = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);

		link[len > 0 ? len : 0] = '\0';
		found = is_among(s, link);
	}
	if (fds) {
		closedir(fds);
	}
	return found;
}

static bool is_daemon(const char *pid)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		(void)!fgets(name, sizeof(name), f);
		(void)fclose(f);
	}
	return strcmp(name, "timesyncd\n") == 0;
}

/* Whether the process has mapped that file to share it: its file, whatever it calls it. */
static bool has_mapped(const char *pid, const struct stat *file)
{
	char path[PATH_MAX + 64], line[PATH_MAX + 128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/maps", pid);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		const char *mapped = strchr(line, '/');
		char mode[5] = "";
		struct stat st;

		if (!mapped || sscanf(line, "%*s %4s", mode) != 1 || mode[3] != 's') {
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		snprintf(path, sizeof(path), "/proc/%.20s/root%s", pid, mapped);
		found = stat(path, &st) == 0 && st.st_dev == file->st_dev &&
			st.st_ino == file->st_ino;
	}
	if (f) {
		(void)fclose(f);
	}
	return found;
}

bool identity_serves(const struct address *server, int socktype, const char *clock_file)
{
	const bool udp = socktype == SOCK_DGRAM;
	struct sockets sockets = { .n = 0 };
	struct dirent *entry;
	struct stat file;
	bool found = false;
	DIR *proc;

	if (clock_file && stat(clock_file, &file) != 0) {
		return false;
	}
	add_sockets(&sockets, udp ? "/proc/net/udp" : "/proc/net/tcp", address_port(server));
	add_sockets(&sockets, udp ? "/proc/net/udp6" : "/proc/net/tcp6", address_port(server));
	proc = sockets.n > 0 ? opendir("/proc") : NULL;
	while (proc && !found && (entry = readdir(proc)) != NULL) {
		const char *pid = entry->d_name;

		found = isdigit((unsigned char)pid[0]) && is_daemon(pid) &&
			has_socket(pid, &sockets) && (!clock_file || has_mapped(pid, &file));
	}
	if (proc) {
		closedir(proc);
	}
	return found;
}
