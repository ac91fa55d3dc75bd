/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * relay: a bad network for the lab and the tests. It stands between UDP clients and one server and
 * drops, delays, duplicates and reorders their datagrams, in each direction separately, as a seed
 * decides.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lab/support/relay_clients.h"
#include "lab/support/relay_control.h"
#include "lab/support/relay_options.h"
#include "os/stdio.h"

#define BATCH 64 /* datagrams of one socket before another has its turn */
/* To sleep takes the system so much longer: the rest of a delay is spent awake. */
#define AWAKE (60 * NS_PER_US)

static volatile sig_atomic_t stop_asked;

static void on_signal(int signo)
{
	(void)signo;
	stop_asked = 1;
}

static struct mono mono_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct mono){ .ns = ts.tv_sec * NS_PER_SEC + ts.tv_nsec };
}

/* --- the loop --- */

static void read_calls(struct relay *r)
{
	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_storage addr = { 0 };
		socklen_t addr_len = sizeof(addr);
		ssize_t len = recvfrom(r->fd, r->buffer, sizeof(r->buffer), 0,
				       (struct sockaddr *)&addr, &addr_len);
		struct relay_client *c;

		if (len < 0) {
			return;
		}
		c = relay_client_of(r, &addr, addr_len);
		if (c) {
			relay_pass(r, c, RELAY_TO_SERVER, (size_t)len, mono_now());
		} else {
			stdio_complain("relay", "no socket for another client: %s",
				       strerror(errno));
		}
	}
}

static void read_replies(struct relay *r, struct relay_client *c)
{
	for (int i = 0; i < BATCH; i++) {
		/* An error says that the server is not there: as silent as a lost datagram. */
		ssize_t len = recv(c->fd, r->buffer, sizeof(r->buffer), 0);

		if (len < 0) {
			return;
		}
		relay_pass(r, c, RELAY_TO_CLIENT, (size_t)len, mono_now());
	}
}

/* Until the first that waits is due; null for ever. */
static struct timespec *time_to_wait(const struct relay *r, struct timespec *out)
{
	dur_ns left;

	if (!r->waiting.first) {
		return NULL;
	}
	left = mono_since(r->waiting.first->due, mono_now()) - AWAKE;
	left = left > 0 ? left : 0;
	*out = (struct timespec){ .tv_sec = left / NS_PER_SEC, .tv_nsec = left % NS_PER_SEC };
	return out;
}

enum { CALLS, COMMANDS, CLIENTS }; /* the descriptors that are polled */

/* One wake-up. 0 or -errno. */
static int turn(struct relay *r, struct relay_control *control, const sigset_t *while_waiting)
{
	struct pollfd fds[CLIENTS + RELAY_MAX_CLIENTS] = {
		[CALLS] = { .fd = r->fd, .events = POLLIN },
		[COMMANDS] = { .fd = r->options.control ? STDIN_FILENO : -1, .events = POLLIN },
	};
	struct timespec wait;

	for (int i = 0; i < RELAY_MAX_CLIENTS; i++) {
		int fd = r->clients[i].fd;
		fds[CLIENTS + i] = (struct pollfd){ .fd = fd ? fd : -1, .events = POLLIN };
	}
	if (ppoll(fds, CLIENTS + RELAY_MAX_CLIENTS, time_to_wait(r, &wait), while_waiting) < 0) {
		return errno == EINTR ? 0 : -errno;
	}
	for (int i = 0; i < RELAY_MAX_CLIENTS; i++) {
		if (fds[CLIENTS + i].revents) {
			read_replies(r, &r->clients[i]);
		}
	}
	if (fds[CALLS].revents) {
		read_calls(r);
	}
	if (fds[COMMANDS].revents && !relay_control_serve(control, r)) {
		stop_asked = 1;
	}
	relay_deliver_due(r, mono_now());
	return 0;
}

/* SIGTERM and SIGINT are let in only while waiting: *while_waiting is the mask for that. */
static void catch_signals(sigset_t *while_waiting)
{
	struct sigaction stop = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, while_waiting);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
}

/* --- start and end --- */

/*
 * Print the address that it listens on: the process that started it waits for this line. 0 or
 * -errno.
 */
static int announce(int fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	bool v6;

	if (getsockname(fd, (struct sockaddr *)&addr, &len)) {
		return -errno;
	}
	if (getnameinfo((struct sockaddr *)&addr, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV)) {
		return -EAFNOSUPPORT;
	}
	v6 = addr.ss_family == AF_INET6;
	printf("relay: listening on %s%s%s:%s\n", v6 ? "[" : "", host, v6 ? "]" : "", port);
	return fflush(stdout) ? -errno : 0;
}

static int start(struct relay *r)
{
	const struct relay_address *at = &r->options.listen;

	relay_links_open(r);
	r->fd = socket(at->addr.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->fd < 0 || bind(r->fd, (const struct sockaddr *)&at->addr, at->len)) {
		return -errno;
	}
	/* The default slack of 50 us would be added to every delay. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	return announce(r->fd);
}

static void finish(struct relay *r)
{
	relay_clients_close(r);
	close(r->fd);
	relay_control_report(r);
	relay_links_close(r);
}

int main(int argc, char **argv)
{
	static struct relay r;
	struct relay_control control = { 0 };
	sigset_t while_waiting;
	int err;

	if (!stdio_begin("relay")) {
		return 1;
	}
	switch (relay_options_parse(&r.options, argc, argv)) {
	case OPTIONS_DONE:
		return stdio_end("relay") ? 0 : 1;
	case OPTIONS_WRONG:
		return 2;
	case OPTIONS_RUN:
		break;
	}
	catch_signals(&while_waiting);
	err = start(&r);
	while (!err && !stop_asked) {
		err = turn(&r, &control, &while_waiting);
	}
	if (err) {
		stdio_complain("relay", "%s", strerror(-err));
		return 1;
	}
	finish(&r);
	return stdio_end("relay") ? 0 : 1;
}
