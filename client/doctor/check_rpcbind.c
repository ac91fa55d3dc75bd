/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "client/doctor/checks.h"
#include "print/words.h"

static bool answers_over(const struct diagnosis_facts *f, int socktype)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->endpoints[i].socktype == socktype &&
		    diagnosis_rpcbind_answers(&f->endpoints[i])) {
			return true;
		}
	}
	return false;
}

static const char *name_of(const struct diagnosis_endpoint *e)
{
	return e->socktype == SOCK_DGRAM ? "rpcbind-udp" : "rpcbind-tcp";
}

static void explain(struct diagnosis *d, const struct diagnosis_endpoint *e,
		    enum diagnosis_state state)
{
	const char *transport = diagnosis_transport(e);
	const bool hangs = e->rpcbind_connected && e->socktype == SOCK_STREAM;
	char host[ADDRESS_TEXT_MAX];
	struct diagnosis_check *c;

	address_host_text(&e->at, host);
	if (e->rpcbind == -ECONNREFUSED) {
		c = diagnosis_add(d, name_of(e), state,
				  "nothing listens at %s port 111 over %s (connection refused)",
				  host, transport);
		diagnosis_advise(c, "Start rpcbind there, or go without it: timesyncd --port N "
				    "there, and HOST:N here.");
	} else if (e->rpcbind == -ETIMEDOUT && hangs) {
		c = diagnosis_add(d, name_of(e), state,
				  "%s port 111 accepts the connection, but does not answer", host);
		diagnosis_advise(c, "Restart rpcbind there: it hangs.");
	} else if (e->rpcbind == -ETIMEDOUT) {
		c = diagnosis_add(d, name_of(e), state,
				  "%s port 111 does not answer over %s (timed out)", host,
				  transport);
		diagnosis_advise(c,
				 "See whether the host is up, and let %s port 111 through the "
				 "firewalls on the way, or go without rpcbind: HOST:PORT.",
				 transport);
	} else if (e->rpcbind == -ENETUNREACH || e->rpcbind == -EHOSTUNREACH) {
		c = diagnosis_add(d, name_of(e), state, "there is no way to %s: %s", host,
				  strerror(-e->rpcbind));
		diagnosis_advise(c, "See whether the host is up and this machine has a route to "
				    "it, or use the other family: -4 or -6.");
	} else {
		c = diagnosis_add(d, name_of(e), state, "%s port 111 is no rpcbind over %s: %s",
				  host, transport,
				  e->rpcbind == -EPROTO ? "it answers something else"
							: call_error_text(-e->rpcbind));
		diagnosis_advise(c, "See what listens at port 111 there, and whether a firewall "
				    "rejects the call, or go without rpcbind: HOST:PORT.");
	}
}

void diagnosis_judge_rpcbind(struct diagnosis *d, const struct diagnosis_facts *f)
{
	/* One address that answers over UDP, which clients use by default, is enough for them. */
	const enum diagnosis_state bad =
		answers_over(f, SOCK_DGRAM) ? DIAGNOSIS_WARNING : DIAGNOSIS_FAILURE;

	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];
		char host[ADDRESS_TEXT_MAX], took[WORDS_MAX];

		if (diagnosis_rpcbind_answers(e)) {
			diagnosis_add(d, name_of(e), DIAGNOSIS_OK,
				      "%s port 111 answers over %s within %s",
				      address_host_text(&e->at, host), diagnosis_transport(e),
				      words_bound(e->rpcbind_took, took));
		} else {
			explain(d, e, bad);
		}
	}
}

/* The registrations at all addresses of the host together: an entry for each netid. */
struct registered {
	const struct rpcbind_entry *entries[NETIDS];
	bool wanted[NETIDS]; /* the host has an address for it */
	bool any, ours;
};

static struct registered gather(const struct diagnosis_facts *f)
{
	struct registered r = { .any = false };

	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];
		const size_t which = (size_t)(netid_of(e->at.sa.ss_family, e->socktype) - netids);

		r.wanted[which] = true;
		if (!r.entries[which]) {
			r.entries[which] = diagnosis_entry(f, e);
		}
		r.any |= e->n_entries > 0;
		for (size_t k = 0; k < e->n_entries; k++) {
			r.ours |= e->entries[k].vers == EXCHANGE_VERSION;
		}
	}
	return r;
}

static unsigned port_of(const struct rpcbind_entry *e)
{
	struct address a;

	return address_from_uaddr(&a, e->netid->family, e->uaddr) ? address_port(&a) : 0;
}

static bool have_one_owner(const struct registered *r)
{
	const char *owner = NULL;

	for (size_t i = 0; i < NETIDS; i++) {
		if (r->entries[i] && owner && strcmp(owner, r->entries[i]->owner) != 0) {
			return false;
		}
		if (r->entries[i]) {
			owner = r->entries[i]->owner;
		}
	}
	return true;
}

/* "udp port 40001, tcp port 40001, by superuser". */
static void list_places(const struct registered *r, char text[DIAGNOSIS_TEXT_MAX])
{
	const bool one_owner = have_one_owner(r);
	const struct rpcbind_entry *last = NULL;

	text[0] = '\0';
	for (size_t i = 0; i < NETIDS; i++) {
		const struct rpcbind_entry *e = r->entries[i];

		if (!e) {
			continue;
		}
		diagnosis_append(text, "%s%s port %u", last ? ", " : "", e->netid->name,
				 port_of(e));
		if (e->vers != EXCHANGE_VERSION) {
			diagnosis_append(text, " (version %lu)", (unsigned long)e->vers);
		}
		if (!one_owner) {
			diagnosis_append(text, " by %s", e->owner);
		}
		last = e;
	}
	/* A portmapper does not say, nor an rpcbind whose list cannot be had. */
	if (one_owner && last && strcmp(last->owner, "unknown") != 0) {
		diagnosis_append(text, ", by %s", last->owner);
	}
}

/* The netids that lack, "udp6, tcp6". False if there are none. */
static bool list_missing(const struct registered *r, char text[DIAGNOSIS_TEXT_MAX])
{
	text[0] = '\0';
	for (size_t i = 0; i < NETIDS; i++) {
		if (r->wanted[i] && !r->entries[i]) {
			diagnosis_append(text, "%s%s", text[0] ? ", " : "", netids[i].name);
		}
	}
	return text[0] != '\0';
}

static void judge_missing(struct diagnosis *d, const struct registered *r)
{
	bool udp = false, tcp = false;
	char missing[DIAGNOSIS_TEXT_MAX];
	struct diagnosis_check *c;

	for (size_t i = 0; i < NETIDS; i++) {
		udp |= netids[i].socktype == SOCK_DGRAM && r->entries[i];
		tcp |= netids[i].socktype == SOCK_STREAM && r->entries[i];
	}
	if (!list_missing(r, missing)) {
		return;
	}
	if (!udp && tcp) {
		c = diagnosis_add(
			d, "registration", DIAGNOSIS_FAILURE,
			"nothing is registered on %.400s: the server is there over TCP only",
			missing);
		diagnosis_advise(c, "Use --transport tcp, or start timesyncd there without "
				    "--netid and --address.");
		return;
	}
	c = diagnosis_add(d, "registration", udp ? DIAGNOSIS_WARNING : DIAGNOSIS_FAILURE,
			  "nothing is registered on %.400s", missing);
	diagnosis_advise(c, "Start timesyncd there without --netid and --address, or give "
			    "clients the -4, -6 or --transport that is registered.");
}

/* Whether the list of registrations could be had; says so if not. */
static bool have_list(struct diagnosis *d, const struct diagnosis_facts *f)
{
	int error = 0;
	struct diagnosis_check *c;

	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];

		if (diagnosis_rpcbind_answers(e) && e->list == 0) {
			return true;
		}
		if (diagnosis_rpcbind_answers(e)) {
			error = e->list;
		}
	}
	if (error != 0) {
		c = diagnosis_add(d, "registration", DIAGNOSIS_FAILURE,
				  "rpcbind does not list its registrations: %s",
				  error == -EPROTONOSUPPORT
					  ? "it speaks no version that tells of IPv6"
				  : error == -EPROTO ? "its answers make no sense"
						     : call_error_text(-error));
		diagnosis_advise(c, "%s, or go without rpcbind: HOST:PORT.",
				 error == -EPROTONOSUPPORT ? "Ask over IPv4: -4"
							   : "Look with rpcinfo on that host");
	}
	return false;
}

/* The endpoint's server is at another host, if rpcbind there is to be believed. */
static bool names_another(const struct diagnosis_endpoint *e)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&e->named.sa;

	/* The scope of a link-local address cannot be said in an answer. */
	return e->named.len != 0 && !address_is_any(&e->named) &&
	       !address_is_same_host(&e->at, &e->named) &&
	       !(e->named.sa.ss_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr));
}

static void judge_named_hosts(struct diagnosis *d, const struct diagnosis_facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];
		char asked[ADDRESS_TEXT_MAX], named[ADDRESS_TEXT_MAX];
		struct diagnosis_check *c;

		if (!names_another(e)) {
			continue;
		}
		address_host_text(&e->at, asked);
		address_host_text(&e->named, named);
		c = diagnosis_add(d, "registration", DIAGNOSIS_WARNING,
				  "rpcbind on %s names another host over %s, %s: clients ask %s "
				  "all the same, at the port that it names",
				  asked, diagnosis_transport(e), named, asked);
		diagnosis_advise(c,
				 "If addresses are translated on the way, as for a container, let "
				 "port %u of %s lead to the server; if not, ask %s itself.",
				 address_port(&e->named), asked, named);
	}
}

void diagnosis_judge_registration(struct diagnosis *d, const struct diagnosis_facts *f)
{
	const struct registered r = gather(f);
	char places[DIAGNOSIS_TEXT_MAX];
	struct diagnosis_check *c;

	if (!have_list(d, f)) {
		return;
	}
	if (!r.any) {
		c = diagnosis_add(d, "registration", DIAGNOSIS_FAILURE,
				  "rpcbind knows no timesync server (program %d)",
				  EXCHANGE_PROGRAM);
		diagnosis_advise(c, "Start timesyncd there, without --no-rpcbind; or, if it runs "
				    "with that, name its port: HOST:PORT.");
		return;
	}
	list_places(&r, places);
	if (!r.ours) {
		c = diagnosis_add(d, "version", DIAGNOSIS_FAILURE,
				  "version %d of the protocol is not registered, only others: "
				  "%.300s",
				  EXCHANGE_VERSION, places);
		diagnosis_advise(c, "Install releases of timesync that share a version of the "
				    "protocol, here or there.");
	} else {
		diagnosis_add(d, "registration", DIAGNOSIS_OK, "version %d is registered: %.400s",
			      EXCHANGE_VERSION, places);
	}
	judge_missing(d, &r);
	judge_named_hosts(d, f);
}
