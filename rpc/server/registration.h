/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server's registration with rpcbind: made, kept through rpcbind's restarts, and taken back;
 * never at the cost of another server that is alive.
 *
 * Each place takes a call or two, however many other programs are registered: rpcbind says yes to
 * an existing registration of the same address, and no if another address is registered. Its whole
 * list is read only to name the owner of such an address, and is not required.
 */
#ifndef RPC_SERVER_REGISTRATION_H
#define RPC_SERVER_REGISTRATION_H

#include <sys/stat.h>

#include "rpc/client/rpcbind.h"

#define REGISTRATION_MAX 16

/* One place where a version of a program is served. */
struct registration_place {
	const struct netid *netid;
	struct address at;
};

/*
 * The rpcbind that was seen last: the process that listens on its local socket, and the socket's
 * file.
 */
struct registration_rpcbind {
	pid_t pid;
	ino_t inode;
	struct timespec made;
};

struct registration {
	rpcprog_t prog;
	rpcvers_t vers;
	struct clock *clock; /* for deadlines */
	size_t n;
	struct registration_place places[REGISTRATION_MAX];
	/* The state of registration_renew; zeros at first. */
	struct registration_rpcbind rpcbind;
	bool elsewhere;  /* it is another network's */
	bool registered; /* all places, when it was looked at last */
};

enum registration_state {
	REGISTRATION_KEPT,       /* all was registered already */
	REGISTRATION_MADE,       /* something was missing, and is registered now */
	REGISTRATION_NO_RPCBIND, /* nothing answers on rpcbind's socket */
	REGISTRATION_ELSEWHERE,  /* this rpcbind belongs to another network namespace */
	REGISTRATION_TAKEN,      /* another server, alive, is registered: see `holder` */
	REGISTRATION_STALE,      /* a dead server's entry, which rpcbind will not let us remove */
	REGISTRATION_DENIED,     /* rpcbind says no, and nobody is to be seen in our place */
	REGISTRATION_FAILED,     /* rpcbind failed: see `error` */
};

struct registration_result {
	enum registration_state state;
	bool robbed;                 /* MADE: after somebody else had taken our place: `holder` */
	const struct netid *netid;   /* TAKEN, STALE, DENIED, robbed: on which */
	struct rpcbind_entry holder; /* TAKEN, STALE, robbed; its owner may be "unknown" */
	int error;                   /* FAILED, NO_RPCBIND: -errno */
};

/*
 * See to it that every place is registered. Blocks for a few seconds at worst, so no process that
 * serves calls, or has to end at once, may use it.
 */
struct registration_result registration_renew(struct registration *r);

/*
 * Remove those registrations that are ours. Blocks as long, but ends with the first call that is
 * not answered.
 */
void registration_withdraw(struct registration *r);

#endif
