#include "server/announcer.h"

#include <string.h>

#include "rpc/exchange.h"
#include "rpc/group_wire.h"
#include "sys/log.h"

void announcer_init(struct announcer *a, struct clock *clock)
{
	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < ANNOUNCER_PROGRAMS; i++) {
		a->programs[i].registration.clock = clock;
	}
	a->programs[ANNOUNCER_TIME].registration.prog = EXCHANGE_PROGRAM;
	a->programs[ANNOUNCER_TIME].registration.vers = EXCHANGE_VERSION;
	a->programs[ANNOUNCER_GROUP].registration.prog = GROUP_PROGRAM;
	a->programs[ANNOUNCER_GROUP].registration.vers = GROUP_VERSION;
}

void announcer_add(struct announcer *a, enum announcer_program program,
		   const struct registration_place *places, size_t n)
{
	struct registration *r = &a->programs[program].registration;

	r->n = n;
	memcpy(r->places, places, n * sizeof(*places));
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

static void say_taken(enum announcer_program program, const struct registration_result *r)
{
	char place[ADDRESS_TEXT_MAX];

	if (program == ANNOUNCER_GROUP) {
		log_warning("another group's member, owned by %s, is registered with rpcbind for "
			    "%s at %s: --discover finds that one, not us",
			    r->holder.owner, r->netid->name, place_of(r, place));
	} else {
		log_error("another timesyncd, owned by %s, is registered with rpcbind for %s at "
			  "%s; stop it first, or start this one with --no-rpcbind",
			  r->holder.owner, r->netid->name, place_of(r, place));
	}
}

static void say(enum announcer_program program, const struct registration *registration,
		const struct registration_result *r)
{
	const char *what = program == ANNOUNCER_GROUP ? "the group is " : "";
	char place[ADDRESS_TEXT_MAX];

	switch (r->state) {
	case REGISTRATION_KEPT:
		log_info("%sstill registered with rpcbind", what);
		break;
	case REGISTRATION_MADE:
		log_info("%sregistered with rpcbind", what);
		break;
	case REGISTRATION_NO_RPCBIND:
		if (program == ANNOUNCER_TIME) { /* once is enough */
			log_warning("no rpcbind on this machine (%s): clients need HOST:PORT until "
				    "it runs; will register then",
				    strerror(-r->error));
		}
		break;
	case REGISTRATION_TAKEN:
		say_taken(program, r);
		break;
	case REGISTRATION_STALE:
		log_error(
			"rpcbind keeps a dead server's registration for %s at %s, which only %s or "
			"root can remove: 'rpcinfo -d %u %u'",
			r->netid->name, place_of(r, place), r->holder.owner,
			(unsigned)registration->prog, (unsigned)registration->vers);
		break;
	case REGISTRATION_FAILED:
		log_warning("rpcbind did not register us (%s); will try again",
			    strerror(-r->error));
		break;
	}
}

/* Whether a look says the same as the last one that was logged. */
static bool is_news(const struct announcement *a, enum registration_state state)
{
	if (!a->said || state == REGISTRATION_MADE) {
		return true;
	}
	if (state == REGISTRATION_KEPT) {
		return a->state != REGISTRATION_MADE && a->state != REGISTRATION_KEPT;
	}
	return state != a->state;
}

static enum registration_state renew(struct announcer *a, enum announcer_program program)
{
	struct announcement *p = &a->programs[program];
	const struct registration_result r = registration_renew(&p->registration);

	if (is_news(p, r.state)) {
		say(program, &p->registration, &r);
		p->said = true;
		p->state = r.state;
	}
	return r.state;
}

enum registration_state announcer_renew(struct announcer *a)
{
	const enum registration_state state = renew(a, ANNOUNCER_TIME);

	if (a->programs[ANNOUNCER_GROUP].registration.n > 0 && state != REGISTRATION_TAKEN) {
		(void)renew(a, ANNOUNCER_GROUP);
	}
	return state;
}

void announcer_withdraw(const struct announcer *a)
{
	for (size_t i = 0; i < ANNOUNCER_PROGRAMS; i++) {
		if (a->programs[i].registration.n > 0) {
			registration_withdraw(&a->programs[i].registration);
		}
	}
}
