/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "rpc/client/call_private.h"
#include "rpc/local.h"
#include "rpc/stamp.h"

bool call_expired(const struct call *c, struct mono deadline)
{
	return mono_since(deadline, clock_mono(c->clock)) <= 0;
}

int call_wait(struct call *c, short events, struct mono deadline)
{
	return clock_wait(c->clock, c->fd, events, deadline);
}

ssize_t call_receive(struct call *c, uint8_t *buf, size_t size)
{
	_Alignas(struct cmsghdr) uint8_t control[STAMP_CONTROL_SIZE];
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT);

	if (n < 0) {
		return -errno;
	}
	c->arrived = stamp_arrival(&msg, c->clock);
	return n;
}

static int finish_connect(struct call *c, struct mono deadline)
{
	socklen_t len = sizeof(int);
	int error = 0;
	int rc = call_wait(c, POLLOUT, deadline);

	if (rc == 0 && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
		return -errno;
	}
	return rc != 0 ? rc : -error;
}

static int connect_local(struct call *c)
{
	int rc;

	c->fd = socket(AF_UNIX, c->target.socktype | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		return -errno;
	}
	rc = local_connect(c->fd, &c->target.to, c->timeout);
	if (rc == 0 && fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0) {
		rc = -errno;
	}
	return rc;
}

int call_connect(struct call *c)
{
	const struct address *to = &c->target.to;
	const int on = 1;

	if (to->sa.ss_family == AF_UNIX) {
		return connect_local(c);
	}
	c->fd = socket(to->sa.ss_family, c->target.socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		return -errno;
	}
	(void)stamp_enable(c->fd); /* without it, stamps are taken a little later */
	if (c->target.socktype == SOCK_STREAM) {
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	if (connect(c->fd, (const struct sockaddr *)&to->sa, to->len) == 0) {
		return 0;
	}
	if (errno != EINPROGRESS) {
		return -errno;
	}
	return finish_connect(c, mono_add(clock_mono(c->clock), c->timeout));
}
