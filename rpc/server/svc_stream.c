/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/svc_stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "rpc/server/connections.h"
#include "rpc/local.h"
#include "rpc/stamp.h"

/* Other events wait 2 ms at most while these connections each read as much as they may at once. */
#define EVENTS_A_WAKEUP  16
#define ACCEPTS_A_WAKEUP 16
/* Those that came together time out together: thousands would take a tenth of a second to close. */
#define EXPIRED_A_WAKEUP 16
#define MAX_LISTENERS    16
/* How often timeouts are looked at, and how long accepting rests when the system is out of files.
 */
#define TICK NS_PER_SEC

struct svc_stream {
	int epoll;
	const struct admission *admission;
	struct svc_stream_limits limits;
	struct connections *connections;
	int listeners[MAX_LISTENERS];
	size_t n_listeners;
	bool resting; /* not accepting until the next tick */
};

int svc_stream_open(struct svc_stream **out, const struct admission *admission,
		    const struct svc_stream_limits *limits)
{
	struct svc_stream *s = calloc(1, sizeof(*s));
	int rc;

	if (!s) {
		return -ENOMEM;
	}
	s->admission = admission;
	s->limits = *limits;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	rc = s->epoll < 0 ? -errno : connections_open(&s->connections, limits->connections);
	if (rc != 0) {
		svc_stream_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void svc_stream_close(struct svc_stream *s)
{
	if (!s) {
		return;
	}
	connections_close(s->connections);
	if (s->epoll >= 0) {
		close(s->epoll);
	}
	free(s);
}

/* An event leads to one of the listeners or to a connection: listener_of tells. 0 or -errno. */
static int watch_listener(struct svc_stream *s, int op, int *listener, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = listener };

	return epoll_ctl(s->epoll, op, *listener, &e) == 0 ? 0 : -errno;
}

static int watch_connection(struct svc_stream *s, int op, struct connection *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	return epoll_ctl(s->epoll, op, c->session.fd, &e) == 0 ? 0 : -errno;
}

/* Null if the event is of a connection. */
static const int *listener_of(const struct svc_stream *s, const struct epoll_event *e)
{
	for (size_t i = 0; i < s->n_listeners; i++) {
		if (e->data.ptr == &s->listeners[i]) {
			return &s->listeners[i];
		}
	}
	return NULL;
}

int svc_stream_listen(struct svc_stream *s, int fd)
{
	int rc;

	if (s->n_listeners == MAX_LISTENERS) {
		return -ENOSPC;
	}
	(void)stamp_enable(fd); /* connections inherit it; without it, stamps are a little late */
	s->listeners[s->n_listeners] = fd;
	rc = watch_listener(s, EPOLL_CTL_ADD, &s->listeners[s->n_listeners], EPOLLIN);
	s->n_listeners += rc == 0;
	return rc;
}

int svc_stream_fd(const struct svc_stream *s)
{
	return s->epoll;
}

size_t svc_stream_connections(const struct svc_stream *s)
{
	return connections_count(s->connections);
}

static void rest(struct svc_stream *s, bool resting)
{
	for (size_t i = 0; i < s->n_listeners; i++) {
		(void)watch_listener(s, EPOLL_CTL_MOD, &s->listeners[i], resting ? 0 : EPOLLIN);
	}
	s->resting = resting;
}

static void end(struct svc_stream *s, struct connection *c)
{
	/* Closing does not remove it while a forked process has the socket too. */
	(void)watch_connection(s, EPOLL_CTL_DEL, c, 0);
	connections_remove(s->connections, c);
	counters_count(s->admission->counters, COUNTER_CLOSED);
}

/* End it although its client may still want it, unless that has all. */
static void end_early(struct svc_stream *s, struct connection *c)
{
	if (!session_has_left(&c->session)) {
		counters_count(s->admission->counters, COUNTER_CLOSED_EARLY);
	}
	end(s, c);
}

/* End the one that can best be spared. False if there is none. */
static bool make_room(struct svc_stream *s)
{
	struct connection *c = connections_spare(s->connections);

	if (c) {
		end_early(s, c);
	}
	return c != NULL;
}

/* Keep within both caps, then take the connection in. */
static void admit(struct svc_stream *s, int fd, const struct host *host, bool is_local)
{
	const int on = 1;
	struct host client = admission_client(host);
	struct connection *c;
	uid_t uid;

	if (is_local ? !local_client_is_ours(fd, &uid) : !admission_allows(s->admission, host)) {
		close(fd);
		return;
	}
	if (is_local) { /* each user counts as an address */
		memcpy(client.octets, &uid, sizeof(uid));
	}
	if (connections_from(s->connections, &client) >= s->limits.connections_per_address) {
		end_early(s, connections_spare_from(s->connections, &client));
	} else if (connections_count(s->connections) >= s->limits.connections) {
		make_room(s);
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c = connections_add(s->connections, fd, &client, clock_mono(s->admission->clock));
	if (!c) {
		close(fd);
		return;
	}
	counters_count(s->admission->counters, COUNTER_ACCEPTED);
	if (watch_connection(s, EPOLL_CTL_ADD, c, EPOLLIN) != 0) {
		end_early(s, c);
	}
}

/* Out of files, accept fails even when nobody is waiting. */
static bool somebody_waits(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void accept_some(struct svc_stream *s, int listener)
{
	for (int i = 0; i < ACCEPTS_A_WAKEUP; i++) {
		struct address peer = { .len = sizeof(peer.sa) };
		int fd = accept4(listener, (struct sockaddr *)&peer.sa, &peer.len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			const struct host host = address_host(&peer);

			admit(s, fd, &host, peer.sa.ss_family == AF_UNIX);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			if (!somebody_waits(listener)) {
				return;
			}
			if (!make_room(s)) {
				rest(s, true);
				return;
			}
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			rest(s, true); /* or it would be tried again without end */
			return;
		}
	}
}

/*
 * The session is over, except for replies that the client has not taken. They count as an unread
 * reply does, with the same time limit: the kernel alone would try for hours, without a limit.
 */
static void part(struct svc_stream *s, struct connection *c)
{
	if (session_leave(&c->session)) {
		(void)watch_connection(s, EPOLL_CTL_DEL, c, 0);
		connections_mark(s->connections, c, true, true, clock_mono(s->admission->clock));
	} else {
		end(s, c);
	}
}

static void serve_connection(struct svc_stream *s, struct connection *c)
{
	const enum session_state before = session_state(&c->session);
	const unsigned long answered = c->session.answered;
	const enum session_state after = session_serve(&c->session, s->admission);
	const uint32_t events = after == SESSION_UNREAD ? EPOLLOUT : EPOLLIN;

	if (after == SESSION_OVER) {
		part(s, c);
		return;
	}
	if ((before == SESSION_UNREAD) != (after == SESSION_UNREAD) &&
	    watch_connection(s, EPOLL_CTL_MOD, c, events) != 0) {
		end_early(s, c);
		return;
	}
	connections_mark(s->connections, c, after != SESSION_IDLE, c->session.answered != answered,
			 clock_mono(s->admission->clock));
}

void svc_stream_serve(struct svc_stream *s)
{
	struct epoll_event events[EVENTS_A_WAKEUP];
	int n = epoll_wait(s->epoll, events, EVENTS_A_WAKEUP, 0);

	/* Connections first: accepting may close any of them to make room. */
	for (int i = 0; i < n; i++) {
		if (!listener_of(s, &events[i])) {
			serve_connection(s, events[i].data.ptr);
		}
	}
	for (int i = 0; i < n; i++) {
		const int *listener = listener_of(s, &events[i]);

		if (listener) {
			accept_some(s, *listener);
		}
	}
}

static bool is_denied(const struct svc_stream *s, const struct connection *c)
{
	struct address peer = { .len = sizeof(peer.sa) };
	struct host host;

	if (getpeername(c->session.fd, (struct sockaddr *)&peer.sa, &peer.len) < 0 ||
	    peer.sa.ss_family == AF_UNIX) {
		return false;
	}
	host = address_host(&peer);
	return !admission_allows(s->admission, &host);
}

void svc_stream_close_denied(struct svc_stream *s)
{
	for (int busy = 0; busy < 2; busy++) {
		struct connection *c = connections_oldest(s->connections, busy), *newer;

		for (; c; c = newer) {
			newer = c->newer;
			if (is_denied(s, c)) {
				end_early(s, c);
			}
		}
	}
}

/* One whose time is up; null if there is none. */
static struct connection *find_expired(const struct svc_stream *s, struct mono now)
{
	for (int busy = 0; busy < 2; busy++) {
		const dur_ns limit = busy ? s->limits.busy_timeout : s->limits.idle_timeout;
		struct connection *c = connections_oldest(s->connections, busy);

		if (c && mono_since(now, c->since) >= limit) {
			return c;
		}
	}
	return NULL;
}

dur_ns svc_stream_expire(struct svc_stream *s, struct mono now)
{
	for (int i = 0; i < EXPIRED_A_WAKEUP; i++) {
		struct connection *c = find_expired(s, now);

		if (!c) {
			if (s->resting) {
				rest(s, false);
			}
			return TICK;
		}
		end_early(s, c);
	}
	return 0;
}
