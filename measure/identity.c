/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/identity.h"

#include <ctype.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether it is one of this machine's own addresses. */
static bool is_own(const struct address *a, const struct ifaddrs *own)
{
	if (address_is_loopback(a)) {
		return true;
	}
	for (const struct ifaddrs *i = own; i; i = i->ifa_next) {
		struct address b = { .len = 0 };
		const int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;

		if (family == AF_INET || family == AF_INET6) {
			b.len = family == AF_INET ? sizeof(struct sockaddr_in)
						  : sizeof(struct sockaddr_in6);
			memcpy(&b.sa, i->ifa_addr, b.len);
			if (address_is_same_host(a, &b)) {
				return true;
			}
		}
	}
	return false;
}

static bool is_located(const struct measure_job *job)
{
	return job->measured.server.len != 0;
}

static bool is_same(const struct measure_job *a, const struct measure_job *b,
		    const struct ifaddrs *own)
{
	const struct address *x = &a->measured.server, *y = &b->measured.server;

	if (!is_located(a) || !is_located(b)) { /* the names are all that is known */
		return !is_located(a) && !is_located(b) &&
		       a->target.host.port == b->target.host.port &&
		       strcmp(a->target.host.name, b->target.host.name) == 0;
	}
	return address_port(x) == address_port(y) &&
	       (address_is_same_host(x, y) || (is_own(x, own) && is_own(y, own)));
}

/* Whether `a` tells more about the server than `b` does. */
static bool is_better(const struct measure_job *a, const struct measure_job *b)
{
	if (a->rc != 0 || b->rc != 0) {
		return a->rc == 0 && b->rc != 0;
	}
	return a->measured.estimate.max_error < b->measured.estimate.max_error;
}

/* Let the best of the jobs that are about the same server as job `i`, the first such, count. */
static void mark_same(struct measure_job *jobs, size_t n, size_t i, const struct ifaddrs *own)
{
	const struct measure_job *best = &jobs[i];

	for (size_t j = i + 1; j < n; j++) {
		if (is_same(&jobs[i], &jobs[j], own) && is_better(&jobs[j], best)) {
			best = &jobs[j];
		}
	}
	for (size_t j = i; j < n; j++) {
		if (&jobs[j] != best && is_same(&jobs[i], &jobs[j], own)) {
			jobs[j].same_as = best;
		}
	}
}

static bool is_first(const struct measure_job *jobs, size_t i, const struct ifaddrs *own)
{
	for (size_t j = 0; j < i; j++) {
		if (is_same(&jobs[j], &jobs[i], own)) {
			return false;
		}
	}
	return true;
}

/* --- whose socket it is: what /proc says of this machine's own ------------------------------ */

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

/*
 * Whether a timesyncd of this machine that has the server's port serves that clock file; null: any
 * clock at all. False as well if this process may not look.
 */
static bool serves(const struct address *server, int socktype, const char *clock_file)
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

/* --- which server is oneself ---------------------------------------------------------------- */

/* Of the same clock no answer comes from before the call, and none from after the reply. */
static bool can_be_same_clock(const struct measurement *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct sample *s = &m->samples[i];

		if (s->t2 < s->t1 || s->t3 > s->t4) {
			return false;
		}
	}
	return true;
}

/* A clock file is never synchronised, and yet knows that no leap second is due. */
static bool can_be_system_clock(const struct measurement *m, struct clock *clock)
{
	struct clock_quality q;

	return m->quality_known && clock_quality(clock, &q) == 0 &&
	       q.synchronised == m->quality.synchronised && q.leap == m->quality.leap;
}

static bool is_self(const struct measure_job *job, const struct measure_options *options,
		    const struct ifaddrs *own)
{
	const struct measurement *m = &job->measured;

	return job->rc == 0 && is_own(&m->server, own) && can_be_same_clock(m) &&
	       (options->clock_file || can_be_system_clock(m, options->clock)) &&
	       serves(&m->server, m->socktype, options->clock_file);
}

void identity_mark(struct measure_job *jobs, size_t n, const struct measure_options *options)
{
	struct ifaddrs *own = NULL;

	(void)getifaddrs(&own); /* without them, the loopback is known still */
	for (size_t i = 0; i < n; i++) {
		jobs[i].is_self = is_self(&jobs[i], options, own);
	}
	for (size_t i = 0; i < n; i++) {
		if (is_first(jobs, i, own)) {
			mark_same(jobs, n, i, own);
		}
	}
	freeifaddrs(own);
}
