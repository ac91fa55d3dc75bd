/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "client/doctor/checks.h"
#include "print/words.h"

static const char *name_of(const struct diagnosis_endpoint *e)
{
	return e->socktype == SOCK_DGRAM ? "server-udp" : "server-tcp";
}

/* Nothing has the port. */
static void explain_refusal(struct diagnosis *d, const struct diagnosis_facts *f,
			    const struct diagnosis_endpoint *e, enum diagnosis_state state)
{
	char at[ADDRESS_TEXT_MAX];
	struct diagnosis_check *c;

	address_text(&e->at, at);
	if (diagnosis_by_rpcbind(f)) {
		c = diagnosis_add(d, name_of(e), DIAGNOSIS_FAILURE,
				  "stale registration: rpcbind names %s over %s, but nothing "
				  "listens there (connection refused)",
				  at, diagnosis_transport(e));
		diagnosis_advise(c,
				 "Start timesyncd there again, or have root remove the entry "
				 "(rpcinfo -d %d %d); a firewall that rejects looks the same.",
				 EXCHANGE_PROGRAM, EXCHANGE_VERSION);
	} else {
		c = diagnosis_add(d, name_of(e), state,
				  "nothing listens at %s over %s (connection refused)", at,
				  diagnosis_transport(e));
		diagnosis_advise(c,
				 "Start timesyncd --port %u there, or leave the port out, for "
				 "rpcbind to name it.",
				 address_port(&e->at));
	}
}

/* No answer came. */
static void explain_silence(struct diagnosis *d, const struct diagnosis_facts *f,
			    const struct diagnosis_endpoint *e, enum diagnosis_state state)
{
	const bool firewall = diagnosis_by_rpcbind(f);
	char at[ADDRESS_TEXT_MAX];
	struct diagnosis_check *c;

	address_text(&e->at, at);
	if (e->answered_late) {
		c = diagnosis_add(d, name_of(e), state,
				  "%s answers over %s, but later than --timeout allows", at,
				  diagnosis_transport(e));
		diagnosis_advise(c, "Give it more by --timeout, or see what keeps the server or "
				    "the network busy.");
		return;
	}
	if (e->connected && e->socktype == SOCK_STREAM) {
		c = diagnosis_add(d, name_of(e), state,
				  "%s accepts the connection, but does not answer", at);
		diagnosis_advise(c, "Restart timesyncd there if it hangs; if it does not run, see "
				    "what else has the port.");
		return;
	}
	c = diagnosis_add(d, name_of(e), state, "%s does not answer over %s (timed out)%s", at,
			  diagnosis_transport(e), firewall ? ", though rpcbind does" : "");
	diagnosis_advise(c,
			 "%s %s port %u through the firewalls on the way%s; else see whether "
			 "timesyncd hangs, or its --allow leaves this machine out.",
			 firewall ? "Let" : "See whether the host is up, and let",
			 diagnosis_transport(e), address_port(&e->at),
			 firewall ? " (timesyncd --port N keeps it the same)" : "");
}

static void advise_key(struct diagnosis_check *c)
{
	diagnosis_advise(c, "Give both sides the same key file: timesyncd --key FILE there, --key "
			    "FILE here.");
}

/* Something answered, but not our server. */
static void explain_stranger(struct diagnosis *d, const struct diagnosis_facts *f,
			     const struct diagnosis_endpoint *e, enum diagnosis_state state)
{
	char at[ADDRESS_TEXT_MAX];
	struct diagnosis_check *c;

	address_text(&e->at, at);
	if (e->server == -EPROTONOSUPPORT) {
		c = diagnosis_add(d, "version", state, "%s over %s %.200s", at,
				  diagnosis_transport(e), e->why);
		diagnosis_advise(c, "Install releases of timesync that share a version of the "
				    "protocol, here or there.");
		return;
	}
	c = diagnosis_add(d, name_of(e), diagnosis_by_rpcbind(f) ? DIAGNOSIS_FAILURE : state,
			  "%s over %s%s %.200s", at, diagnosis_transport(e),
			  diagnosis_by_rpcbind(f) ? ", which rpcbind names," : "", e->why);
	if (e->other_key) {
		advise_key(c);
		return;
	}
	diagnosis_advise(c,
			 "Another program has the port, and timesyncd is to be started again%s; "
			 "or a server there refuses this client.",
			 diagnosis_by_rpcbind(f) ? "" : ", or its right port given");
}

static void explain_rest(struct diagnosis *d, const struct diagnosis_endpoint *e,
			 enum diagnosis_state state)
{
	char at[ADDRESS_TEXT_MAX];
	struct diagnosis_check *c;

	address_text(&e->at, at);
	if (e->connected && e->server == -ECONNRESET) {
		c = diagnosis_add(d, name_of(e), state,
				  "%s accepts the connection over %s and closes it at once", at,
				  diagnosis_transport(e));
		diagnosis_advise(c, "See whether --allow or --max-per-address of timesyncd leaves "
				    "this machine out, and what else may have the port.");
	} else if (e->server == -ENETUNREACH || e->server == -EHOSTUNREACH) {
		c = diagnosis_add(d, name_of(e), state, "there is no way to %s: %s", at,
				  strerror(-e->server));
		diagnosis_advise(c, "See whether the host is up and this machine has a route to "
				    "it, or use the other family: -4 or -6.");
	} else {
		c = diagnosis_add(d, name_of(e), state, "%s cannot be reached over %s: %s", at,
				  diagnosis_transport(e), strerror(-e->server));
		diagnosis_advise(c, "See whether a firewall here or on the way forbids it.");
	}
}

static void explain(struct diagnosis *d, const struct diagnosis_facts *f,
		    const struct diagnosis_endpoint *e, enum diagnosis_state state)
{
	switch (e->server) {
	case -ECONNREFUSED:
		explain_refusal(d, f, e, state);
		break;
	case -ETIMEDOUT:
		explain_silence(d, f, e, state);
		break;
	case -EPROTONOSUPPORT:
	case -EOPNOTSUPP:
	case -EPROTO:
	case -EMSGSIZE:
	case -ECONNABORTED:
	case -EBADMSG:
		explain_stranger(d, f, e, state);
		break;
	default:
		explain_rest(d, e, state);
	}
}

static bool has_family(const struct diagnosis_facts *f, int family)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->endpoints[i].at.sa.ss_family == family) {
			return true;
		}
	}
	return false;
}

static bool family_works(const struct diagnosis_facts *f, int family)
{
	return diagnosis_working(f, family, SOCK_DGRAM) ||
	       diagnosis_working(f, family, SOCK_STREAM);
}

/* A name that leads to both families is expected to work with both. */
static void judge_families(struct diagnosis *d, const struct diagnosis_facts *f)
{
	const bool v4 = family_works(f, AF_INET), v6 = family_works(f, AF_INET6);
	const char *dead = v4 ? "IPv6" : "IPv4", *alive = v4 ? "IPv4" : "IPv6";
	struct diagnosis_check *c;

	if (!has_family(f, AF_INET) || !has_family(f, AF_INET6) || (!v4 && !v6)) {
		return;
	}
	if (v4 && v6) {
		diagnosis_add(d, "families", DIAGNOSIS_OK, "IPv4 and IPv6 both work");
		return;
	}
	c = diagnosis_add(d, "families", DIAGNOSIS_WARNING,
			  "%s works, %s does not, though the name has an address of it: clients "
			  "that try that first have to wait",
			  alive, dead);
	diagnosis_advise(c,
			 "Use -%c, have timesyncd serve %s as well, or take that address out of "
			 "the name service.",
			 v4 ? '4' : '6', dead);
}

/* It is there, but what it answers to the calls of a measurement is of no use. */
static void judge_refusals(struct diagnosis *d, const struct diagnosis_facts *f,
			   const struct diagnosis_endpoint *e)
{
	bool usable = false;
	char at[ADDRESS_TEXT_MAX];
	struct diagnosis_check *c;

	for (size_t i = 0; i < f->n; i++) {
		usable |= f->endpoints[i].socktype == SOCK_DGRAM && f->endpoints[i].n > 0;
	}
	c = diagnosis_add(d, name_of(e), usable ? DIAGNOSIS_WARNING : DIAGNOSIS_FAILURE,
			  "%s over %s: %u of %u GET_TIMESTAMPS were answered in a way that is of "
			  "no use: %.200s",
			  address_text(&e->at, at), diagnosis_transport(e), e->refused,
			  e->counts.sent, e->refusal);
	if (e->other_key) {
		advise_key(c);
		return;
	}
	diagnosis_advise(c, "See which program has the port there, and mend it or start timesyncd "
			    "instead.");
}

void diagnosis_judge_servers(struct diagnosis *d, const struct diagnosis_facts *f)
{
	/* One address that answers over UDP, which clients use by default, is enough for them. */
	const bool usable = diagnosis_working(f, AF_UNSPEC, SOCK_DGRAM);

	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];
		char at[ADDRESS_TEXT_MAX], took[WORDS_MAX];

		if (diagnosis_server_answers(e)) {
			diagnosis_add(d, name_of(e), DIAGNOSIS_OK,
				      "%s answers over %s within %s, in version %d",
				      address_text(&e->at, at), diagnosis_transport(e),
				      words_bound(e->server_took, took), EXCHANGE_VERSION);
			if (e->refused > 0) {
				judge_refusals(d, f, e);
			}
		} else if (address_port(&e->at) != 0) {
			explain(d, f, e, usable ? DIAGNOSIS_WARNING : DIAGNOSIS_FAILURE);
		}
	}
	judge_families(d, f);
}
