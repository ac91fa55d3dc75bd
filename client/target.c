#include "client/target.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "rpc/exchange.h"
#include "rpc/rpcbind.h"

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

static void add_addresses(struct target *t, const struct addrinfo *list)
{
	for (const struct addrinfo *ai = list; ai && t->n < TARGET_MAX_ADDRESSES;
	     ai = ai->ai_next) {
		struct address a = { .len = ai->ai_addrlen };

		memcpy(&a.sa, ai->ai_addr, ai->ai_addrlen);
		address_set_port(&a, t->host.port);
		if (!is_known(t, &a)) {
			t->addresses[t->n++] = a;
		}
	}
}

int target_resolve(struct target *out, const struct parse_host *host,
		   const struct target_options *options, char why[TARGET_WHY_MAX])
{
	const struct addrinfo hints = {
		.ai_family = options->family,
		.ai_socktype = options->socktype,
	};
	struct addrinfo *list;
	int rc;

	memset(out, 0, sizeof(*out));
	out->host = *host;
	if (out->host.port == 0) {
		out->host.port = options->port;
	}
	out->socktype = options->socktype;
	rc = getaddrinfo(out->host.name, NULL, &hints, &list);
	if (rc != 0) {
		snprintf(why, TARGET_WHY_MAX, "%s: no address%s: %s", out->host.name,
			 options->family == AF_INET    ? " of IPv4"
			 : options->family == AF_INET6 ? " of IPv6"
						       : "",
			 rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
		return -1;
	}
	add_addresses(out, list);
	freeaddrinfo(list);
	return 0;
}

/* What a failure to ask rpcbind means, and what to do about it. */
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
			 t->host.name, text, strerror(-error));
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
	}
	return rc == 0 ? 0 : -1;
}
