/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The least that a UDP server can do: send every message back, in batches. With stamps it also does
 * what a time server cannot do without: asks the kernel when each message came, and reads the clock
 * before it sends it back; and its socket is set up as rpc/server/svc_dgram does.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/parse.h"
#include "rpc/address.h"
#include "rpc/stamp.h"
#include "rpc/wire.h"
#include "os/clock_system.h"
#include "tests/bench/support/message.h"

#define BATCH 32
#define TS2   32 /* where a reply to GET_TIMESTAMPS has its timestamps */
#define TS3   40

struct echo {
	int fd;
	bool stamps;
	struct clock *clock;
	struct address peers[BATCH];
	uint8_t messages[BATCH][MESSAGE_SIZE];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][STAMP_CONTROL_SIZE];
	struct iovec iov[BATCH];
	struct mmsghdr headers[BATCH];
};

static void prepare(struct echo *e)
{
	for (size_t i = 0; i < BATCH; i++) {
		e->iov[i].iov_base = e->messages[i];
		e->headers[i].msg_hdr.msg_name = &e->peers[i].sa;
		e->headers[i].msg_hdr.msg_iov = &e->iov[i];
		e->headers[i].msg_hdr.msg_iovlen = 1;
	}
}

static void stamp(struct echo *e, size_t i)
{
	struct msghdr *msg = &e->headers[i].msg_hdr;

	wire_put_ts(e->messages[i] + TS2, stamp_arrival(msg, e->clock));
	wire_put_ts(e->messages[i] + TS3, clock_now(e->clock));
	msg->msg_control = NULL;
	msg->msg_controllen = 0;
}

static int receive(struct echo *e)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct msghdr *msg = &e->headers[i].msg_hdr;

		e->iov[i].iov_len = MESSAGE_SIZE;
		msg->msg_namelen = sizeof(e->peers[i].sa);
		if (e->stamps) {
			msg->msg_control = e->control[i];
			msg->msg_controllen = sizeof(e->control[i]);
		}
	}
	return recvmmsg(e->fd, e->headers, BATCH, MSG_WAITFORONE, NULL);
}

static void serve(struct echo *e)
{
	for (;;) {
		int n = receive(e);

		for (int i = 0; i < n; i++) {
			e->iov[i].iov_len = e->headers[i].msg_len;
			if (e->stamps) {
				stamp(e, (size_t)i);
			}
		}
		if (n > 0) {
			(void)sendmmsg(e->fd, e->headers, (unsigned)n, 0);
		}
	}
}

static int open_socket(const struct address *at, bool stamps)
{
	const int how = IP_PMTUDISC_PROBE;
	int fd = socket(at->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at->sa, at->len) != 0) {
		return -1;
	}
	if (stamps && (setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof(how)) != 0 ||
		       stamp_enable(fd) != 0)) {
		return -1;
	}
	return fd;
}

int main(int argc, char **argv)
{
	static struct echo e;
	struct address at;
	int64_t port;

	e.stamps = argc == 4 && strcmp(argv[3], "stamps") == 0;
	if (argc < 3 || argc > 3 + e.stamps || !address_parse(&at, argv[1]) ||
	    parse_int(argv[2], 1, UINT16_MAX, &port) != 0) {
		fputs("usage: echo ADDRESS PORT [stamps]\n", stderr);
		return 2;
	}
	address_set_port(&at, (uint16_t)port);
	e.clock = clock_system();
	e.fd = open_socket(&at, e.stamps);
	if (e.fd < 0) {
		perror("echo: no socket at that address");
		return 1;
	}
	prepare(&e);
	serve(&e);
}
