/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/plain_echo.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "rpc/stamp.h"

static bool is_stream(const struct plain_echo *e)
{
	return e->socktype == SOCK_STREAM;
}

/* Wait until a connection stands. 0 or -errno. */
static int finish_connect(struct plain_echo *e)
{
	const struct mono deadline = mono_add(clock_mono(e->clock), e->timeout);
	const int rc = clock_wait(e->clock, e->fd, POLLOUT, deadline);
	socklen_t len = sizeof(int);
	int error = 0;

	if (rc == 0 && getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
		return -errno;
	}
	return rc != 0 ? rc : -error;
}

static int connect_to(struct plain_echo *e, const struct address *at)
{
	const int on = 1;

	(void)stamp_enable(e->fd); /* without it, stamps are taken a little later */
	if (is_stream(e)) {
		(void)setsockopt(e->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	if (connect(e->fd, (const struct sockaddr *)&at->sa, at->len) == 0) {
		return 0;
	}
	return errno == EINPROGRESS ? finish_connect(e) : -errno;
}

int plain_echo_open(struct plain_echo *out, const struct address *at, int socktype,
		    struct clock *clock, dur_ns timeout)
{
	int rc;

	*out = (struct plain_echo){ .socktype = socktype, .clock = clock, .timeout = timeout };
	out->fd = socket(at->sa.ss_family, socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (out->fd < 0) {
		return -errno;
	}
	rc = connect_to(out, at);
	if (rc != 0) {
		plain_echo_close(out);
	}
	return rc;
}

/* Receive into that room. The octets, or -errno: -EAGAIN when there are none yet. */
static ssize_t receive(struct plain_echo *e, uint8_t *buf, size_t size, ts_ns *arrived)
{
	_Alignas(struct cmsghdr) uint8_t control[STAMP_CONTROL_SIZE];
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	const ssize_t n = recvmsg(e->fd, &msg, MSG_DONTWAIT);

	if (n < 0) {
		return errno == EINTR ? -EAGAIN : -errno;
	}
	if (n == 0 && is_stream(e)) {
		return -ECONNRESET;
	}
	*arrived = stamp_arrival(&msg, e->clock);
	return n;
}

/* Receive one whole message, or as much of it as a datagram has. 0 or -errno. */
static int receive_message(struct plain_echo *e, uint8_t buf[PLAIN_ECHO_SIZE], struct mono deadline,
			   ts_ns *arrived)
{
	size_t got = 0;

	while (got < PLAIN_ECHO_SIZE) {
		const ssize_t n = receive(e, buf + got, PLAIN_ECHO_SIZE - got, arrived);
		int rc;

		if (n >= 0) {
			got += (size_t)n;
			if (!is_stream(e)) {
				return got == PLAIN_ECHO_SIZE ? 0 : -EBADMSG;
			}
			continue;
		}
		rc = n == -EAGAIN ? clock_wait(e->clock, e->fd, POLLIN, deadline) : (int)n;
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

int plain_echo_round(struct plain_echo *e, dur_ns *round_trip)
{
	const struct mono deadline = mono_add(clock_mono(e->clock), e->timeout);
	uint8_t out[PLAIN_ECHO_SIZE] = { 0 }, in[PLAIN_ECHO_SIZE] = { 0 };
	ts_ns sent, arrived = 0;
	uint64_t number;
	ssize_t n;
	int rc;

	e->number++;
	memcpy(out, &e->number, sizeof(e->number));
	sent = clock_now(e->clock);
	n = send(e->fd, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n != (ssize_t)sizeof(out)) {
		return n < 0 ? -errno : -EIO;
	}
	do {
		rc = receive_message(e, in, deadline, &arrived);
		if (rc == 0 && memcmp(in, out, sizeof(in)) == 0) {
			*round_trip = arrived - sent;
			return 0;
		}
		memcpy(&number, in, sizeof(number));
		if (rc == 0 && (number == 0 || number >= e->number)) {
			return -EBADMSG; /* else it is late, or came twice */
		}
	} while (rc == 0 && mono_since(deadline, clock_mono(e->clock)) > 0);
	return rc == 0 ? -ETIMEDOUT : rc;
}

void plain_echo_close(struct plain_echo *e)
{
	if (e->fd >= 0) {
		close(e->fd);
	}
	e->fd = -1;
}
