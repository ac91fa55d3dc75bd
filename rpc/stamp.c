/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/stamp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <string.h>

int stamp_enable(int fd)
{
	const int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) == 0 ? 0 : -errno;
}

/* The kernel's stamp in control data, or false if it holds none. */
static bool find_stamp(struct msghdr *msg, struct clock *clock, ts_ns *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof(t));
			*out = clock_from_kernel(clock, (ts_ns)t.tv_sec * NS_PER_SEC + t.tv_nsec);
			return true;
		}
	}
	return false;
}

ts_ns stamp_arrival(struct msghdr *msg, struct clock *clock)
{
	ts_ns t;

	return find_stamp(msg, clock, &t) ? t : clock_now(clock);
}

int stamp_enable_tx(int fd)
{
	/*
	 * No SOF_TIMESTAMPING_SOFTWARE: that would add a second stamp to all that is received.
	 * Transmit stamps are reported in the form that SO_TIMESTAMPNS asks for.
	 */
	const uint32_t off = 0, on = SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;

	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &off, sizeof(off)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &on, sizeof(on)) < 0) {
		return -errno;
	}
	return 0;
}

void stamp_request_tx(void *control)
{
	const uint32_t flags = SOF_TIMESTAMPING_TX_SOFTWARE;
	struct cmsghdr *c = control;

	memset(control, 0, STAMP_REQUEST_SIZE);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SO_TIMESTAMPING;
	c->cmsg_len = CMSG_LEN(sizeof(flags));
	memcpy(CMSG_DATA(c), &flags, sizeof(flags));
}

/* Which datagram an entry of the error queue is about; false if it is not a stamp. */
static bool find_number(struct msghdr *msg, uint32_t *number)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
			struct sock_extended_err e;

			memcpy(&e, CMSG_DATA(c), sizeof(e));
			*number = e.ee_data;
			return e.ee_origin == SO_EE_ORIGIN_TIMESTAMPING;
		}
	}
	return false;
}

int stamp_tx(int fd, struct clock *clock, uint32_t *number, ts_ns *departed)
{
	/* A stamp, and the error with the address that it is about. */
	_Alignas(struct cmsghdr)
		uint8_t control[STAMP_CONTROL_SIZE + CMSG_SPACE(sizeof(struct sock_extended_err) +
								sizeof(struct sockaddr_in6))];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };

	if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
		return -errno;
	}
	return find_number(&msg, number) && find_stamp(&msg, clock, departed) ? 0 : -EBADMSG;
}
