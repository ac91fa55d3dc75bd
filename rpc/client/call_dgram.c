/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>

#include "rpc/client/call_private.h"
#include "rpc/stamp.h"

/* Send the call, and ask for its transmit timestamp if that is wanted. 0 or -errno. */
static int send_once(struct call *c, bool stamped)
{
	_Alignas(struct cmsghdr) uint8_t control[STAMP_REQUEST_SIZE];
	struct iovec iov = { .iov_base = c->out, .iov_len = c->out_len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (stamped) {
		stamp_request_tx(control);
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
	}
	call_depart(c);
	return sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The kernel's answers to a request that it does not know. */
static bool is_refusal(int rc)
{
	return rc == -EINVAL || rc == -EOPNOTSUPP || rc == -ENOPROTOOPT || rc == -EPERM;
}

int call_dgram_send(struct call *c, struct mono deadline)
{
	int rc = send_once(c, c->transmit_stamps);

	(void)deadline;                      /* a datagram goes at once or not at all */
	if (rc != 0 && c->transmit_stamps) { /* whether this one was counted is not known */
		(void)stamp_enable_tx(c->fd);
		c->transmits = 0;
		return is_refusal(rc) ? send_once(c, false) : rc;
	}
	c->transmits += c->transmit_stamps;
	return rc;
}

/* Read the stamp of the last call, and discard older ones. */
static void collect_stamps(struct call *c)
{
	uint32_t number;
	ts_ns at;

	while (stamp_tx(c->fd, c->clock, &number, &at) == 0) {
		if (number + 1 == c->transmits && at >= c->departed) {
			c->transmitted = at;
		}
	}
}

int call_dgram_receive(struct call *c, struct mono deadline)
{
	for (;;) {
		ssize_t n;
		int rc;

		if (c->transmit_stamps) {
			collect_stamps(c);
		}
		n = call_receive(c, c->in, sizeof(c->in));
		if (n >= 0) {
			c->in_len = (size_t)n;
			return 0;
		}
		if (n != -EAGAIN && n != -EINTR) {
			return (int)n;
		}
		rc = call_wait(c, POLLIN, deadline);
		if (rc != 0) {
			return rc;
		}
	}
}
