#include "server/announcer.h"

#include <string.h>

#include "rpc/exchange.h"
#include "sys/log.h"

void announcer_init(struct announcer *a, const struct listeners *set, struct clock *clock)
{
	memset(a, 0, sizeof(*a));
	a->registration.prog = EXCHANGE_PROGRAM;
	a->registration.vers = EXCHANGE_VERSION;
	a->registration.clock = clock;
	a->registration.n = set->n;
	memcpy(a->registration.places, set->places, sizeof(set->places));
}

/* Where a rival is registered, as people write it. */
static const char *place_of(const struct registration_result *r, char buf[ADDRESS_TEXT_MAX])
{
	struct address a;

	if (address_from_uaddr(&a, r->netid->family, r->holder.uaddr)) {
		return address_text(&a, buf);
	}
	return r->holder.uaddr;
}

static void say(const struct registration_result *r)
{
	char place[ADDRESS_TEXT_MAX];

	switch (r->state) {
	case REGISTRATION_KEPT:
		log_info("still registered with rpcbind");
		break;
	case REGISTRATION_MADE:
		log_info("registered with rpcbind");
		break;
	case REGISTRATION_NO_RPCBIND:
		log_warning(
			"no rpcbind on this machine (%s): clients need HOST:PORT until it runs; "
			"will register then",
			strerror(-r->error));
		break;
	case REGISTRATION_TAKEN:
		log_error(
			"another timesyncd, owned by %s, is registered with rpcbind for %s at %s; "
			"stop it first, or start this one with --no-rpcbind",
			r->holder.owner, r->netid->name, place_of(r, place));
		break;
	case REGISTRATION_STALE:
		log_error(
			"rpcbind keeps a dead server's registration for %s at %s, which only %s or "
			"root can remove: 'rpcinfo -d %d %d'",
			r->netid->name, place_of(r, place), r->holder.owner, EXCHANGE_PROGRAM,
			EXCHANGE_VERSION);
		break;
	case REGISTRATION_FAILED:
		log_warning("rpcbind did not register us (%s); will try again",
			    strerror(-r->error));
		break;
	}
}

/* Whether a look says the same as the last one that was logged. */
static bool is_news(const struct announcer *a, enum registration_state state)
{
	if (!a->said || state == REGISTRATION_MADE) {
		return true;
	}
	if (state == REGISTRATION_KEPT) {
		return a->state != REGISTRATION_MADE && a->state != REGISTRATION_KEPT;
	}
	return state != a->state;
}

enum registration_state announcer_renew(struct announcer *a)
{
	const struct registration_result r = registration_renew(&a->registration);

	if (is_news(a, r.state)) {
		say(&r);
		a->said = true;
		a->state = r.state;
	}
	return r.state;
}

void announcer_withdraw(const struct announcer *a)
{
	registration_withdraw(&a->registration);
}
