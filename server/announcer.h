/*
 * Keeps the registration with rpcbind and says what becomes of it: once for each change, not once
 * for each look.
 */
#ifndef SERVER_ANNOUNCER_H
#define SERVER_ANNOUNCER_H

#include "rpc/registration.h"
#include "server/listeners.h"

/* How often rpcbind is looked at: it may restart at any time, and forgets everything then. */
#define ANNOUNCER_INTERVAL (2 * NS_PER_SEC)

struct announcer {
	struct registration registration;
	bool said; /* something has been logged, about: */
	enum registration_state state;
};

/* For the addresses of `set`; `clock` gives the deadlines and must outlive it. */
void announcer_init(struct announcer *a, const struct listeners *set, struct clock *clock);

/* Look, register what is missing, and log what has changed. What came of it. */
enum registration_state announcer_renew(struct announcer *a);

/* Remove what is registered. */
void announcer_withdraw(const struct announcer *a);

#endif
