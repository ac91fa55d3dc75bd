/*
 * The parent of the workers: it starts them, replaces those that die, keeps the registration with
 * rpcbind, and ends everything in the right order. It answers no calls but those of this machine's
 * administrator, so it may block for a while.
 */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "server/announcer.h"
#include "server/group_base.h"
#include "server/listeners.h"
#include "server/status_socket.h"

/*
 * Run the workers, one for each set of listeners, until a signal ends it, on the ledger's clock;
 * keep the registration if there is an announcer, answer on the socket if there is one, and run the
 * agent of the group if there is one. SIGUSR1 logs the ledger. The exit status.
 */
int supervisor_run(const struct settings *settings, const struct listeners *sets,
		   struct announcer *announcer, struct ledger *ledger, struct status_socket *socket,
		   struct group_base *group);

#endif
