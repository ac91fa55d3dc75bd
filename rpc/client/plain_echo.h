/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client of a plain echo, over UDP or TCP, such as RFC 862 describes: round trips without RPC.
 * They are timed as those of rpc/client/call are, from just before a message is sent until the
 * kernel has the answer.
 */
#ifndef RPC_CLIENT_PLAIN_ECHO_H
#define RPC_CLIENT_PLAIN_ECHO_H

#include "os/clock.h"
#include "rpc/address.h"

/* About as long as a call and a reply of GET_TIMESTAMPS are. */
#define PLAIN_ECHO_SIZE 48

struct plain_echo {
	int fd; /* -1: not open */
	int socktype;
	struct clock *clock;
	dur_ns timeout;
	uint64_t number; /* of the last message, which is in it: late answers are told apart */
};

/*
 * Connect to the echo there, in at most `timeout` ns; each round may then take as long. Stamps are
 * on `clock`, which must outlive it. 0 or -errno, and then there is nothing to close.
 */
int plain_echo_open(struct plain_echo *out, const struct address *at, int socktype,
		    struct clock *clock, dur_ns timeout);

/*
 * One round trip. 0; -ETIMEDOUT, after which datagrams can go on; -EBADMSG when something else
 * came back; -ECONNRESET when the connection was closed; or another -errno.
 */
int plain_echo_round(struct plain_echo *e, dur_ns *round_trip);

void plain_echo_close(struct plain_echo *e);

#endif
