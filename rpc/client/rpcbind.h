/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Talking to rpcbind (RFC 1833), with deadlines: libtirpc's own functions may block for a minute
 * with all signals held.
 */
#ifndef RPC_CLIENT_RPCBIND_H
#define RPC_CLIENT_RPCBIND_H

#include "rpc/client/call.h"

#define RPCBIND_PORT 111

/* One registration on one of the netids that we know, as rpcbind lists it. */
struct rpcbind_entry {
	rpcvers_t vers;
	const struct netid *netid;
	char uaddr[ADDRESS_TEXT_MAX];
	char owner[32]; /* "superuser", a user's number, or "unknown"; printable */
};

/*
 * Ask the rpcbind of `host` (its port is ignored) where a version of a program is served over
 * `socktype` and the family of `host`, in at most `timeout` ns: at `host`, at the port that rpcbind
 * names. The host in its answer is ignored: it may be behind a translation of addresses, or a
 * stranger. An rpcbind that speaks only version 3, or 2 (a portmapper, which knows IPv4), is asked
 * so.
 *
 * 0, -ENOENT when it is not registered, -EPROTOTYPE when it is registered on the other transport
 * only, -ETIMEDOUT or -ECONNREFUSED when no rpcbind answers, -EPROTO when it answers nonsense,
 * -EPROTONOSUPPORT when it speaks no version that could tell. A program that is registered in other
 * versions only is found too; its NULL procedure tells.
 */
int rpcbind_find(struct address *out, const struct address *host, int socktype, rpcprog_t prog,
		 rpcvers_t vers, struct clock *clock, dur_ns timeout);

/*
 * A handle on the rpcbind of `host` (its port is ignored); each call may take `timeout` ns. 0 or
 * -errno. Released by clnt_destroy.
 */
int rpcbind_open(CLIENT **out, const struct address *host, int socktype, struct clock *clock,
		 dur_ns timeout);

/*
 * The same question as rpcbind_find's, once, on a handle that reaches the rpcbind of `host` over
 * `socktype`. Its errors except -EPROTOTYPE.
 */
int rpcbind_port(CLIENT *rpcbind, const struct address *host, int socktype, rpcprog_t prog,
		 rpcvers_t vers, uint16_t *port);

/*
 * Which host rpcbind names to a client; only a diagnosis asks, for a client believes the port
 * alone. Asked once, on a handle that reaches the rpcbind of `host` over `socktype`, in its version
 * 3 or 4, where a program is. 0 with its address and port, -ENOENT, or another -errno, with
 * out->len 0.
 */
int rpcbind_named(struct address *out, CLIENT *rpcbind, const struct address *host, int socktype,
		  rpcprog_t prog, rpcvers_t vers);

/* Whether it answers, in any version: 0 or -errno. The handle goes on with that version. */
int rpcbind_ping(CLIENT *rpcbind);

/*
 * A handle on this machine's rpcbind through its local socket, which tells rpcbind the owner of a
 * registration. 0 or -errno; -ENOENT or -ECONNREFUSED: it does not run.
 */
int rpcbind_open_local(CLIENT **out, struct clock *clock, dur_ns timeout);

/*
 * Whether the rpcbind behind that local socket is another network's: not the one that listens on
 * the loopback of this network namespace, or none does. Network namespaces can share a /run. False
 * when it cannot be found out.
 */
bool rpcbind_is_elsewhere(CLIENT *local, struct clock *clock, dur_ns timeout);

/*
 * At which port exactly that version is registered on that netid, as the rpcbind on the loopback of
 * this network namespace says. 0, -ENOENT, -ECONNREFUSED when none listens, or -errno.
 */
int rpcbind_port_here(uint16_t *port, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		      struct clock *clock, dur_ns timeout);

/*
 * The registrations of a program, up to `max` of them: of that version, then of any other. 0 with
 * their number in `n`, or -errno; -EPROTONOSUPPORT when it is only a portmapper. rpcbind gives its
 * whole list or none, and any user can make it longer than an answer may be (-EMSGSIZE; over UDP no
 * answer comes): callers must be able to do without it.
 */
int rpcbind_list(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, struct rpcbind_entry *out,
		 size_t max, size_t *n);

/* The registration of that version on that netid, out of that list: 0, -ENOENT, or -errno. */
int rpcbind_lookup(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		   struct rpcbind_entry *out);

/*
 * Register a version on a netid. 0, also when it is registered at that address already; -EEXIST
 * when another address is; or -errno.
 */
int rpcbind_set(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		const struct address *at);

/*
 * Remove a registration. 0 or -errno. rpcbind says that it has done so also when there was none, or
 * when it is another user's and stays: a registration in its place tells.
 */
int rpcbind_unset(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid);

#endif
