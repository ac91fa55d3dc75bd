/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/target.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/lookup.h"
#include "rpc/client/exchange.h"
#include "rpc/client/rpcbind.h"

static bool is_known(const struct target *t, const struct address *a)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->addresses[i].len == a->len &&
		    memcmp(&t->addresses[i].sa, &a->sa, a->len) == 0) {
			return true;
		}
	}
	return false;
}

static bool lacks_scope(const struct address *a)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa;

	return a->sa.ss_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) &&
	       in6->sin6_scope_id == 0;
}

/* Why there can be no server at such an address. Null if there can. */
static const char *flaw(const struct address *a, bool named)
{
	switch (address_kind_here(a)) {
	case HOST_ANY:
		return named ? "is no host; is it blocked by DNS?"
			     : "is no host; for this machine say localhost";
	case HOST_MULTICAST:
		return "is no host but a multicast address";
	case HOST_BROADCAST:
		return "is no host but a broadcast address; 'timesync discover' asks all hosts of "
		       "the networks";
	case HOST_ONE:
		break;
	}
	return lacks_scope(a) ? "needs the interface that leads there, as in fe80::1%eth0" : NULL;
}

static void explain_flaw(const struct target *t, const struct address *a, bool named,
			 const char *bad, char why[TARGET_WHY_MAX])
{
	char text[ADDRESS_TEXT_MAX];

	if (named) {
		snprintf(why, TARGET_WHY_MAX, "%s: the name leads to %s, which %s", t->host.name,
			 address_host_text(a, text), bad);
	} else {
		snprintf(why, TARGET_WHY_MAX, "%s: this address %s", t->host.name, bad);
	}
}

/* Take the addresses in at which there can be a server. False, and why, when there is none. */
static bool add_addresses(struct target *t, const struct lookup *l, char why[TARGET_WHY_MAX])
{
	struct address literal;
	const bool named = !address_parse(&literal, t->host.name);

	for (size_t i = 0; i < l->n && t->n < TARGET_MAX_ADDRESSES; i++) {
		struct address a = l->addresses[i];
		const char *bad = flaw(&a, named);

		address_set_port(&a, t->host.port);
		if (bad) {
			explain_flaw(t, &a, named, bad, why);
		} else if (!is_known(t, &a)) {
			t->addresses[t->n++] = a;
		}
	}
	return t->n > 0;
}

static const char *family_text(int family)
{
	return family == AF_INET ? " of IPv4" : family == AF_INET6 ? " of IPv6" : "";
}

static void begin(struct target *t, const struct target_options *options)
{
	t->socktype = options->socktype;
	t->keys = options->keys;
	t->n = 0;
	if (t->host.port == 0) { /* known also of a name that is not */
		t->host.port = options->port;
	}
}

/* Whether a bare IPv6 address may have been meant as an address with a port: "::1:5600". */
static bool splits_into_port(const char *name, char host[PARSE_HOST_MAX + 1], int64_t *port)
{
	const char *last = strrchr(name, ':');
	struct address a;

	if (!last || parse_int(last + 1, 1, UINT16_MAX, port) != 0) {
		return false;
	}
	memcpy(host, name, (size_t)(last - name));
	host[last - name] = '\0';
	return address_parse(&a, host) && a.sa.ss_family == AF_INET6;
}

const char *target_hint(const struct parse_host *typed, char buf[TARGET_WHY_MAX])
{
	const char *name = typed->name;
	const size_t n = strlen(name);
	char host[PARSE_HOST_MAX + 1];
	struct address a;
	int64_t port;

	buf[0] = '\0';
	memcpy(host, name, n + 1);
	host[n - 1] = '\0';
	if (name[n - 1] == '.' && address_parse(&a, host)) {
		snprintf(buf, TARGET_WHY_MAX, "without the dot it is an address");
	} else if (typed->port == 0 && splits_into_port(name, host, &port)) {
		snprintf(buf, TARGET_WHY_MAX, "if %" PRId64 " is the port, write [%s]:%" PRId64,
			 port, host, port);
	} else if (name[strspn(name, "0123456789.")] == '\0' && !address_parse(&a, name)) {
		snprintf(buf, TARGET_WHY_MAX, "an IPv4 address is of four numbers from 0 to 255");
	}
	return buf;
}

static void add_hint(const struct target *t, char why[TARGET_WHY_MAX])
{
	const size_t used = strlen(why);
	char hint[TARGET_WHY_MAX];

	if (target_hint(&t->host, hint)[0] != '\0') {
		snprintf(why + used, TARGET_WHY_MAX - used, "; %s", hint);
	}
}

/* Take over what the resolver said. */
static void take(struct target_lookup *out, const struct lookup *l,
		 const struct lookup_options *how)
{
	struct target *t = &out->target;
	char reason[LOOKUP_WHY_MAX];

	out->rc = l->rc == -ECANCELED ? -ECANCELED : l->rc == 0 ? 0 : -1;
	if (out->rc != 0) {
		snprintf(out->why, sizeof(out->why), "%s: no address%s: %s", t->host.name,
			 family_text(how->family), lookup_why(l, how, reason));
		add_hint(t, out->why);
		return;
	}
	if (!add_addresses(t, l, out->why)) {
		out->rc = -1;
	}
}

static void fail_all(struct target_lookup *lookups, size_t n, const char *why)
{
	for (size_t i = 0; i < n; i++) {
		lookups[i].rc = -1;
		snprintf(lookups[i].why, sizeof(lookups[i].why), "%s: %s",
			 lookups[i].target.host.name, why);
	}
}

void target_resolve_all(struct target_lookup *lookups, size_t n,
			const struct target_options *options)
{
	const struct lookup_options how = {
		.family = options->family,
		.socktype = options->socktype,
		.timeout = options->timeout > 0 ? options->timeout : TARGET_TIMEOUT,
		.clock = options->clock,
	};
	struct lookup *found = calloc(n, sizeof(*found));

	if (!found) {
		fail_all(lookups, n, "out of memory");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		begin(&lookups[i].target, options);
		memcpy(found[i].name, lookups[i].target.host.name, sizeof(found[i].name));
	}
	lookup_all(found, n, &how);
	for (size_t i = 0; i < n; i++) {
		take(&lookups[i], &found[i], &how);
	}
	free(found);
}

int target_resolve(struct target *out, const struct parse_host *host,
		   const struct target_options *options, char why[TARGET_WHY_MAX])
{
	struct target_lookup l = { .target = { .host = *host } };

	target_resolve_all(&l, 1, options);
	*out = l.target;
	memcpy(why, l.why, sizeof(l.why));
	return l.rc;
}

static const char *other_transport(const struct target *t)
{
	return t->socktype == SOCK_DGRAM ? "tcp" : "udp";
}

/* Explain a failure to ask rpcbind, with advice. */
static void explain(const struct target *t, const struct address *a, int error, const char *netid,
		    char why[TARGET_WHY_MAX])
{
	char text[ADDRESS_TEXT_MAX];

	address_host_text(a, text);
	switch (error) {
	case -ENOENT:
		snprintf(why, TARGET_WHY_MAX,
			 "%s: rpcbind on %s knows no timesync server (program %d) on %s; "
			 "start timesyncd there",
			 t->host.name, text, EXCHANGE_PROGRAM, netid);
		break;
	case -EPROTOTYPE: /* on the other transport only */
		snprintf(why, TARGET_WHY_MAX,
			 "%s: rpcbind on %s knows the timesync server (program %d) on %s only, not "
			 "on %s: use --transport %s",
			 t->host.name, text, EXCHANGE_PROGRAM, other_transport(t), netid,
			 other_transport(t));
		break;
	case -ETIMEDOUT:
		snprintf(why, TARGET_WHY_MAX,
			 "%s: rpcbind on %s port 111 does not answer (timed out); is the host up, "
			 "and does a firewall let port 111 through? HOST:PORT goes without rpcbind",
			 t->host.name, text);
		break;
	case -ECONNREFUSED:
		snprintf(why, TARGET_WHY_MAX,
			 "%s: no rpcbind on %s port 111 (connection refused); start it there, or "
			 "give HOST:PORT to go without it",
			 t->host.name, text);
		break;
	default:
		snprintf(why, TARGET_WHY_MAX, "%s: cannot ask rpcbind on %s port 111: %s",
			 t->host.name, text,
			 error == -EPROTO ? "its answers make no sense" : call_error_text(-error));
	}
}

int target_locate(struct address *out, const struct target *t, size_t i, struct clock *clock,
		  dur_ns timeout, char why[TARGET_WHY_MAX])
{
	const struct address *a = &t->addresses[i];
	int rc;

	*out = *a;
	if (t->host.port != 0) {
		return 0;
	}
	rc = rpcbind_find(out, a, t->socktype, EXCHANGE_PROGRAM, EXCHANGE_VERSION, clock, timeout);
	if (rc != 0) {
		explain(t, a, rc, netid_of(a->sa.ss_family, t->socktype)->name, why);
		add_hint(t, why);
	}
	return rc == 0 ? 0 : -1;
}
