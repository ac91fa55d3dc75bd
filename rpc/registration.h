/*
 * A server's registration with rpcbind: made, kept through rpcbind's restarts, and taken back;
 * never at the cost of another server that is alive.
 */
#ifndef RPC_REGISTRATION_H
#define RPC_REGISTRATION_H

#include "rpc/rpcbind.h"

#define REGISTRATION_MAX 16

/* One place where a version of a program is served. */
struct registration_place {
	const struct netid *netid;
	struct address at;
};

struct registration {
	rpcprog_t prog;
	rpcvers_t vers;
	struct clock *clock; /* for deadlines */
	size_t n;
	struct registration_place places[REGISTRATION_MAX];
};

enum registration_state {
	REGISTRATION_KEPT,       /* all was registered already */
	REGISTRATION_MADE,       /* something was missing, and is registered now */
	REGISTRATION_NO_RPCBIND, /* nothing answers on rpcbind's socket */
	REGISTRATION_TAKEN,      /* another server, alive, is registered: see `holder` */
	REGISTRATION_STALE,      /* a dead server's entry, which rpcbind will not let us remove */
	REGISTRATION_FAILED,     /* rpcbind failed: see `error` */
};

struct registration_result {
	enum registration_state state;
	const struct netid *netid;   /* TAKEN, STALE: on which */
	struct rpcbind_entry holder; /* TAKEN, STALE */
	int error;                   /* FAILED, NO_RPCBIND: -errno */
};

/*
 * See to it that every place is registered. Blocks for a few seconds at worst, so no process that
 * serves calls may use it.
 */
struct registration_result registration_renew(const struct registration *r);

/* Remove those registrations that are ours. */
void registration_withdraw(const struct registration *r);

#endif
