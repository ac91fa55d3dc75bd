/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps the registrations with rpcbind and says what becomes of them: once for each change, not
 * once for each look. It is a process of its own: rpcbind, and whoever is registered with it, may
 * hold it up, and neither the workers nor the end of the daemon wait for that.
 */
#ifndef SERVER_ANNOUNCER_H
#define SERVER_ANNOUNCER_H

#include "rpc/server/registration.h"

/* How often rpcbind is looked at: it may restart at any time, and forgets everything then. */
#define ANNOUNCER_INTERVAL (2 * NS_PER_SEC)

enum announcer_program {
	ANNOUNCER_TIME,  /* which every timesyncd serves */
	ANNOUNCER_GROUP, /* and that of a group's members */
	ANNOUNCER_PROGRAMS
};

struct announcement {
	struct registration registration; /* of no place: not to be made */
	bool said;                        /* something has been logged, about: */
	enum registration_state state;
	unsigned robbed; /* how often somebody had taken our place */
};

struct announcer {
	struct announcement programs[ANNOUNCER_PROGRAMS];
};

/* Nothing to announce yet; `clock` gives the deadlines and must outlive it. */
void announcer_init(struct announcer *a, struct clock *clock);

/* Announce that a program is served at those places, REGISTRATION_MAX of them at most. */
void announcer_add(struct announcer *a, enum announcer_program program,
		   const struct registration_place *places, size_t n);

/* What the announcer's process says of its first look, in one octet. */
enum announcer_word {
	ANNOUNCER_GOES_ON = '+',
	/*
	 * Another timesyncd of root's or of this user has the registration: somebody has started
	 * one too many. One of another user's, who may register what he likes, is no reason not to
	 * serve.
	 */
	ANNOUNCER_TOO_MANY = '-',
};

/*
 * The announcer's process: look, register what is missing, log what has changed, and do so again
 * and again, or only `once`. It writes an announcer_word to `told` after the first look. SIGTERM
 * ends it at once, and leaves the registration.
 */
_Noreturn void announcer_run(struct announcer *a, int told, bool once);

/*
 * Remove what is registered, in another process, which is given time `until` then. No announcer_run
 * may be under way.
 */
void announcer_withdraw(struct announcer *a, struct mono until);

#endif
