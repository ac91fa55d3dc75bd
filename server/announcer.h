/*
 * Keeps the registrations with rpcbind and says what becomes of them: once for each change, not
 * once for each look.
 */
#ifndef SERVER_ANNOUNCER_H
#define SERVER_ANNOUNCER_H

#include "rpc/registration.h"

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
};

struct announcer {
	struct announcement programs[ANNOUNCER_PROGRAMS];
};

/* Nothing to announce yet; `clock` gives the deadlines and must outlive it. */
void announcer_init(struct announcer *a, struct clock *clock);

/* Announce that a program is served at those places, REGISTRATION_MAX of them at most. */
void announcer_add(struct announcer *a, enum announcer_program program,
		   const struct registration_place *places, size_t n);

/*
 * Look, register what is missing, and log what has changed. What came of the time's registration;
 * a group can do without one.
 */
enum registration_state announcer_renew(struct announcer *a);

/* Remove what is registered. */
void announcer_withdraw(const struct announcer *a);

#endif
