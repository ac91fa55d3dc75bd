/*
 * Talking to rpcbind (RFC 1833), with deadlines: libtirpc's own functions may block for a minute
 * with all signals held.
 */
#ifndef RPC_RPCBIND_H
#define RPC_RPCBIND_H

#include "rpc/call.h"

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
 * `socktype` and the family of `host`, in at most `timeout` ns. 0, -ENOENT when it is not
 * registered, -ETIMEDOUT or -ECONNREFUSED when no rpcbind answers, -EPROTO when it answers
 * nonsense. A program that is registered in other versions only is found too; its NULL procedure
 * tells.
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
 * Where the universal address that the rpcbind of `host` gives is reached: there, unless it names
 * another host. 0, -ENOENT when it is empty, -EPROTO when it is not one of that family.
 */
int rpcbind_place(struct address *out, const struct address *host, const char *uaddr);

/*
 * A handle on this machine's rpcbind through its local socket, by which it knows whose the
 * registrations are. 0 or -errno; -ENOENT or -ECONNREFUSED: it does not run.
 */
int rpcbind_open_local(CLIENT **out, struct clock *clock, dur_ns timeout);

/* Whether it answers: 0 or -errno. */
int rpcbind_ping(CLIENT *rpcbind);

/*
 * The registrations of a program, of any version, up to `max` of them. 0 with their number in `n`,
 * or -errno. Over UDP a long list may not fit into an answer, which then does not come.
 */
int rpcbind_list(CLIENT *rpcbind, rpcprog_t prog, struct rpcbind_entry *out, size_t max, size_t *n);

/* The registration of that version on that netid. 0, -ENOENT when there is none, or -errno. */
int rpcbind_lookup(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		   struct rpcbind_entry *out);

/*
 * Register, or remove the registration of, a version on a netid. 0, -EEXIST when it is taken,
 * -EPERM when rpcbind refuses to remove what another user registered, or -errno.
 */
int rpcbind_set(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		const struct address *at);
int rpcbind_unset(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid);

#endif
