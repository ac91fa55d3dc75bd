/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "os/log.h"
#include "rpc/server/buffers.h"

/*
 * The backlog of connections while this process does not run: some 30 ms of a flood. A client that
 * finds no place in it retries only after a second.
 */
#define BACKLOG 1024
/* How often to look for a port that is free on all addresses before giving each one of its own. */
#define PORT_TRIES 16

static int set_options(int fd, const struct netid *netid)
{
	const int on = 1;

	buffers_set(fd, netid->socktype);
	/* A restart need not wait for old connections of the port to be forgotten. */
	if (netid->socktype == SOCK_STREAM) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	}
	/* Without it, it would want IPv4's place too: then there is no IPv6 for us. */
	if (netid->family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) {
		return -EAFNOSUPPORT;
	}
	return 0;
}

/* Whether datagrams to that address go to many hosts: the kernel wants to be told so before. */
static bool is_broadcast(const struct address *at)
{
	int fd = socket(at->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool refused;

	if (fd < 0) {
		return false;
	}
	refused = connect(fd, (const struct sockaddr *)&at->sa, at->len) < 0 && errno == EACCES;
	close(fd);
	return refused;
}

/* Whether a socket has its address to itself, or is the first or another of those that share it. */
enum place { PLACE_ALONE, PLACE_FIRST, PLACE_OTHER };

/*
 * Bind it to `at`. The first socket of a port becomes shareable only after it is bound, or it could
 * share the port of another timesyncd. 0 or -errno; -ENOTUNIQ if it cannot be shared.
 */
static int bind_socket(int fd, const struct address *at, enum place place)
{
	const int on = 1;

	if (place == PLACE_OTHER && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0) {
		return -errno;
	}
	if (bind(fd, (const struct sockaddr *)&at->sa, at->len) < 0) {
		return -errno;
	}
	if (place == PLACE_FIRST && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0) {
		return -ENOTUNIQ;
	}
	return 0;
}

/* A socket bound to `at`, whose port is filled in. The descriptor or -errno. */
static int open_socket(const struct netid *netid, struct address *at, enum place place)
{
	int fd = socket(netid->family, netid->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0) {
		return -errno;
	}
	rc = set_options(fd, netid);
	if (rc == 0) {
		rc = bind_socket(fd, at, place);
	}
	if (rc == 0 && is_broadcast(at)) {
		rc = -EADDRNOTAVAIL;
	}
	if (rc == 0 && netid->socktype == SOCK_STREAM && listen(fd, BACKLOG) < 0) {
		rc = -errno;
	}
	if (rc == 0 && getsockname(fd, (struct sockaddr *)&at->sa, &at->len) < 0) {
		rc = -errno;
	}
	if (rc != 0) {
		close(fd);
		return rc;
	}
	return fd;
}

/* List every place that the settings ask for, with their port. Returns their number. */
static size_t list_places(const struct settings *s, struct registration_place *places)
{
	size_t n = 0;

	for (size_t i = 0; i < NETIDS; i++) {
		const struct netid *netid = &netids[i];

		if (!s->netids[i]) {
			continue;
		}
		if (s->n_addresses == 0) {
			places[n].netid = netid;
			places[n++].at = address_any(netid->family, s->port);
		}
		for (size_t a = 0; a < s->n_addresses && n < REGISTRATION_MAX; a++) {
			if (s->addresses[a].sa.ss_family == netid->family) {
				places[n].netid = netid;
				places[n].at = s->addresses[a];
				address_set_port(&places[n++].at, s->port);
			}
		}
	}
	return n;
}

/*
 * A machine without IPv6 (or IPv4) serves the other family, unless the user asked for that netid.
 */
static bool may_miss(const struct settings *s, int error)
{
	return !s->netids_given && s->n_addresses == 0 &&
	       (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL);
}

static void complain(const struct registration_place *p, int error)
{
	char text[ADDRESS_TEXT_MAX];

	log_error("cannot serve %s on %s: %s%s", p->netid->name, address_text(&p->at, text),
		  strerror(-error),
		  error == -EADDRINUSE ? " (is another timesyncd running there? try another --port)"
		  : error == -EACCES   ? " (ports below 1024 need root)"
				       : "");
}

/* Open all places; with `one_port`, on the port that the first of them gets. 0 or -errno. */
static int open_places(struct listeners *set, const struct settings *s, enum place place,
		       bool one_port, bool last_try)
{
	struct registration_place wanted[REGISTRATION_MAX];
	const size_t n = list_places(s, wanted);

	set->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct registration_place p = wanted[i];
		int fd;

		if (one_port && set->n > 0) {
			address_set_port(&p.at, address_port(&set->places[0].at));
		}
		fd = open_socket(p.netid, &p.at, place);
		if (fd >= 0) {
			set->fds[set->n] = fd;
			set->places[set->n++] = p;
		} else if (!may_miss(s, fd)) {
			if (last_try && fd != -ENOTUNIQ) {
				complain(&p, fd);
			}
			listeners_close(set, 1);
			return fd;
		}
	}
	return set->n > 0 ? 0 : -EADDRNOTAVAIL;
}

static int open_first_set(struct listeners *set, const struct settings *s, enum place place)
{
	int rc = -EADDRINUSE;

	for (int i = 0; s->port == 0 && i < PORT_TRIES && rc != -ENOTUNIQ; i++) {
		rc = open_places(set, s, place, true, false);
		if (rc == 0) {
			return 0;
		}
	}
	return rc == -ENOTUNIQ ? rc : open_places(set, s, place, false, true);
}

/* Open the same sockets as `first`, once more. */
static int open_copy(struct listeners *set, const struct listeners *first)
{
	set->n = 0;
	for (size_t i = 0; i < first->n; i++) {
		struct registration_place p = first->places[i];
		int fd = open_socket(p.netid, &p.at, PLACE_OTHER);

		if (fd < 0) {
			complain(&p, fd);
			listeners_close(set, 1);
			return fd;
		}
		set->fds[set->n] = fd;
		set->places[set->n++] = p;
	}
	return 0;
}

int listeners_open(struct listeners *sets, const struct settings *settings, unsigned *n)
{
	int rc = open_first_set(&sets[0], settings, *n > 1 ? PLACE_FIRST : PLACE_ALONE);

	if (rc == -ENOTUNIQ) {
		log_warning(
			"sockets cannot share a port here (SO_REUSEPORT is missing): one worker "
			"serves instead of %u",
			*n);
		*n = 1;
		rc = open_first_set(&sets[0], settings, PLACE_ALONE);
	}
	if (rc != 0) {
		if (rc == -EADDRNOTAVAIL) {
			log_error("there is no address to serve on: see --netid and --address");
		}
		return rc;
	}
	for (unsigned i = 1; i < *n; i++) {
		rc = open_copy(&sets[i], &sets[0]);
		if (rc != 0) {
			listeners_close(sets, i);
			return rc;
		}
	}
	return 0;
}

void listeners_close(struct listeners *sets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < sets[i].n; j++) {
			close(sets[i].fds[j]);
		}
		sets[i].n = 0;
	}
}
