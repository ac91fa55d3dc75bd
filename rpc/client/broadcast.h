/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding the servers of a program on the networks that this machine is on, by broadcast to their
 * rpcbinds.
 *
 * There are two questions. An indirect call (RFC 1833, CALLIT) asks each rpcbind to call the server
 * and to pass its answer on; only an rpcbind that was started with -r does so, and no answer says
 * nothing. A plain one (PMAP GETPORT) asks for the server's port; every rpcbind answers that. Both
 * go over IPv4: for IPv6 there would be a multicast group, but Debian's rpcbind does not join it.
 */
#ifndef RPC_CLIENT_BROADCAST_H
#define RPC_CLIENT_BROADCAST_H

#include <rpc/rpc.h>

#include "rpc/address.h"
#include "os/clock.h"

#define BROADCAST_MAX_ANSWERS 256

/* The answers so far. Plain memory without pointers, valid at any instant. */
struct broadcast_answers {
	int ended; /* not 0: all that could come in time has */
	int error; /* 0 or -errno: the question could not be sent to any network (the indirect one:
		      not to all) */
	size_t n;  /* each host is there once */
	struct address from[BROADCAST_MAX_ANSWERS]; /* with the server's port; 0: none is known */
};

/*
 * How many networks of this machine can be asked, by broadcast or as the one peer of a
 * point-to-point link, or -errno.
 */
int broadcast_networks(void);

/*
 * This machine's own address on those with broadcast, its port 0. 0, -ENETUNREACH when there is
 * none, -EEXIST when there are several, or -errno.
 */
int broadcast_own_address(struct address *out);

/*
 * Broadcast an indirect call of the NULL procedure through libtirpc's rpc_broadcast, which sends it
 * three times, and mostly returns in less than `wait` ns.
 *
 * CAUTION: libtirpc 1.3.3 copies an address from the answer, however long, into 1024 octets of its
 * stack, and waits again after each answer, also one that refuses the call: any host on the network
 * can crash the caller, or hold it up for ever. So this may be called only in a process that can be
 * lost, and that nothing is believed of but `out`. It may write to stderr.
 */
void broadcast_indirect(struct broadcast_answers *out, rpcprog_t prog, rpcvers_t vers, dur_ns wait);

/*
 * The plain question for the UDP port, for callers with an event loop of their own. `fd` is
 * readable when answers may have come.
 */
#define BROADCAST_QUESTION 56
struct broadcast {
	int fd;
	bool peers; /* ask those at the other end of point-to-point links, too */
	uint8_t question[BROADCAST_QUESTION];
};

/* 0 or -errno; released by broadcast_close in any case. */
int broadcast_open(struct broadcast *b, rpcprog_t prog, rpcvers_t vers);
void broadcast_close(struct broadcast *b);

/* Ask all networks. 0, or -errno when none can be asked: -ENETUNREACH when there is none. */
int broadcast_ask(const struct broadcast *b);

/*
 * Take one datagram. 1 when it is a host's answer, with the program's port or, if it is not
 * registered there, 0; 0 when it is nothing of the kind; -EAGAIN when there is none.
 */
int broadcast_receive(const struct broadcast *b, struct address *from);

/* The same in one go: ask three times in `wait` ns. */
void broadcast_plain(struct broadcast_answers *out, rpcprog_t prog, rpcvers_t vers,
		     struct clock *clock, dur_ns wait);

#endif
