/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/sockets.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024

static void give_up(const char *what, const struct address *a)
{
	char text[ADDRESS_TEXT_MAX];

	fprintf(stderr, "%s %s: %s\n", what, address_text(a, text), strerror(errno));
	exit(1);
}

static int open_socket(const struct address *a, int socktype)
{
	int fd = socket(a->sa.ss_family, socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		give_up("socket for", a);
	}
	return fd;
}

int sockets_bind(struct address *at, int socktype)
{
	int fd = open_socket(at, socktype);

	if (bind(fd, (const struct sockaddr *)&at->sa, at->len) < 0) {
		give_up("bind to", at);
	}
	if (socktype == SOCK_STREAM && listen(fd, BACKLOG) < 0) {
		give_up("listen on", at);
	}
	if (getsockname(fd, (struct sockaddr *)&at->sa, &at->len) < 0) {
		give_up("getsockname of", at);
	}
	return fd;
}

static void connect_to(int fd, const struct address *to)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (connect(fd, (const struct sockaddr *)&to->sa, to->len) < 0 &&
	    (errno != EINPROGRESS || poll(&p, 1, SOCKETS_LONGEST_MS) != 1)) {
		give_up("connect to", to);
	}
}

int sockets_connect(const struct address *to, int socktype)
{
	int fd = open_socket(to, socktype);

	connect_to(fd, to);
	return fd;
}

int sockets_connect_from(const char *from, const struct address *to)
{
	int fd = open_socket(to, SOCK_STREAM);
	struct address a;

	if (!address_parse(&a, from) || bind(fd, (const struct sockaddr *)&a.sa, a.len) < 0) {
		give_up("connect from an address to", to);
	}
	connect_to(fd, to);
	return fd;
}

bool sockets_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

void sockets_send(int fd, const void *bytes, size_t n)
{
	if (send(fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n) {
		perror("send");
		exit(1);
	}
}

/* The memory that the octets waiting in a socket take. */
static uint32_t waiting(int fd)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0) {
		perror("SO_MEMINFO");
		exit(1);
	}
	return info[SK_MEMINFO_RMEM_ALLOC];
}

void sockets_deliver(int fd, int to, const void *bytes, size_t n)
{
	const uint32_t before = waiting(to);

	sockets_send(fd, bytes, n);
	for (int ms = 0; waiting(to) <= before; ms++) {
		if (ms == SOCKETS_LONGEST_MS) {
			fprintf(stderr, "a datagram over the loopback does not arrive\n");
			exit(1);
		}
		usleep(1000);
	}
}
