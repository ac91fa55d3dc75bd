/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps the registrations with rpcbind and logs each change once. It is a separate process, because
 * rpcbind and registered servers may hold it up, and neither the workers nor the end of the daemon
 * should wait for them.
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

/* The announcer's report of its first look, in one octet. */
enum announcer_word {
	ANNOUNCER_GOES_ON = '+',
	/*
	 * Another timesyncd of root or of this user holds the registration, so this one must not
	 * start. A registration by another user, who may register anything, is no reason not to
	 * serve.
	 */
	ANNOUNCER_TOO_MANY = '-',
};

/*
 * The announcer's process: look, register missing entries, log changes; again and again, or only
 * `once`. It writes an announcer_word to `told` after the first look. SIGTERM ends it at once, and
 * leaves the registration.
 */
_Noreturn void announcer_run(struct announcer *a, int told, bool once);

/*
 * Remove the registrations, in another process that has time until `until`. No announcer_run may be
 * in progress.
 */
void announcer_withdraw(struct announcer *a, struct mono until);

#endif
