/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parent of the workers, the announcer and the keeper of the clock: it starts them, replaces
 * those that die, and ends everything in the right order. It answers no calls but those of this
 * machine's administrator, and waits for nobody.
 */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "server/announcer.h"
#include "server/keeper.h"
#include "server/listeners.h"
#include "server/live.h"
#include "server/process.h"
#include "server/status_socket.h"

/* The result of a reload: settings were read; the keeper needs them, too. */
enum { RELOADED_SETTINGS = 1, RELOADED_KEEPER = 2 };

/* The parts that the supervisor uses; all of them belong to the caller. */
struct supervised {
	struct settings *settings;
	struct live *live;
	enum process_hangup hangup;
	const struct listeners *sets; /* one for each worker */
	struct announcer *announcer;  /* null: not registered */
	struct statistics *statistics;
	struct status_socket *socket; /* null: none */
	const struct keeper *keeper;  /* null: none */
	/*
	 * Leaves the terminal; null: stay. Called after the announcer has asked rpcbind, or has
	 * taken too long to, and before anything else starts. 0 or -errno after logging.
	 */
	int (*detach)(void *arg);
	/* Reads the settings again. Returns the bits RELOADED_... of those to pass on; 0: none. */
	unsigned (*reload)(void *arg);
	/* The same for the guardian: only the keeper's settings. Whether they have changed. */
	bool (*renew_keeper)(void *arg);
	void *arg;
};

/*
 * Run the workers until a signal ends it; keep the registration, answer on the socket, and run the
 * keeper of the clock. SIGUSR1 logs the statistics, and the service manager is told what happens.
 * Returns the exit status; it is also failure when
 * another timesyncd is registered already.
 */
int supervisor_run(const struct supervised *with);

#endif
