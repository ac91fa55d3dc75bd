/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parent of the workers, the announcer and the group's agent: it starts them, replaces those
 * that die, and ends everything in the right order. It answers no calls but those of this machine's
 * administrator, and waits for nobody.
 */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "server/announcer.h"
#include "group/agent/base.h"
#include "server/listeners.h"
#include "server/status_socket.h"

/* What the supervisor works with, the owner of which is its caller. */
struct supervised {
	const struct settings *settings;
	const struct listeners *sets; /* one for each worker */
	struct announcer *announcer;  /* null: not registered */
	struct ledger *ledger;
	struct status_socket *socket; /* null: none */
	struct group_base *group;     /* null: none */
	/*
	 * Null, or leaves the terminal: called before anything but the announcer is started, once
	 * that has looked at rpcbind, or has taken too long for it. 0 or -errno after logging.
	 */
	int (*detach)(void *arg);
	void *arg;
};

/*
 * Run the workers until a signal ends it, on the ledger's clock; keep the registration, answer on
 * the socket, and run the agent of the group. SIGUSR1 logs the ledger. The exit status; failure
 * also when another timesyncd is registered already.
 */
int supervisor_run(const struct supervised *with);

#endif
