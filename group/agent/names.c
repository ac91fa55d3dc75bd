/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/parse.h"
#include "group/wire/codec.h"
#include "rpc/client/broadcast.h"
#include "rpc/lookup.h"
#include "os/log.h"

/* No start waits longer for names. */
#define LOOKUP_LIMIT (5 * NS_PER_SEC)

static const struct lookup_options how_to_look_up = {
	.family = AF_UNSPEC,
	.socktype = SOCK_DGRAM,
	.timeout = LOOKUP_LIMIT,
};

/* The first of the addresses that a host can have. False, after saying so, when there is none. */
static bool choose(const struct lookup *l, const char *text, struct address *out)
{
	char why[LOOKUP_WHY_MAX], place[ADDRESS_TEXT_MAX];

	if (l->rc != 0 || l->n == 0) {
		log_error("cannot find the group's member '%s': %s", text,
			  lookup_why(l, &how_to_look_up, why));
		return false;
	}
	for (size_t i = 0; i < l->n; i++) {
		*out = l->addresses[i];
		if (address_kind_here(out) == HOST_ONE) {
			return true;
		}
	}
	log_error("the group's member '%s' leads to %s, which is no host", text,
		  address_host_text(out, place));
	return false;
}

static bool is_there(const struct group_names *names, const struct member_address *at)
{
	for (size_t i = 0; i < names->n; i++) {
		if (member_id_of(&names->at[i]) == member_id_of(at)) {
			return true;
		}
	}
	return false;
}

static int add_named(struct group_names *names, const char *text, const struct lookup *l,
		     uint16_t port)
{
	struct member_address at;
	struct address found;

	if (!choose(l, text, &found)) {
		return l->rc != 0 ? -ENOENT : -EADDRNOTAVAIL;
	}
	address_set_port(&found, port != 0 ? port : GROUP_SETTINGS_PORT);
	at = group_member_address(&found);
	if (is_there(names, &at)) {
		log_error("the group's member '%s' is named twice", text);
		return -EEXIST;
	}
	if (names->n > 0 && at.is_v4 != names->at[0].is_v4) {
		log_error("the group's members are to be all of IPv4 or all of IPv6");
		return -EAFNOSUPPORT;
	}
	names->at[names->n++] = at;
	return 0;
}

/* The named members of the settings: the names, to be looked up, and ports. 0 or -ENOENT. */
static int read_names(const struct group_settings *settings, struct lookup *lookups,
		      uint16_t *ports)
{
	for (size_t i = 0; i < settings->n_members; i++) {
		struct parse_host host;

		if (parse_host(settings->members[i], &host) != 0) {
			log_error("cannot find the group's member '%s': it is no host",
				  settings->members[i]);
			return -ENOENT;
		}
		memcpy(lookups[i].name, host.name, sizeof(host.name));
		ports[i] = host.port;
	}
	return 0;
}

int group_names_resolve(struct group_names *names, const struct group_settings *settings)
{
	const size_t n = settings->n_members;
	struct lookup *lookups = calloc(n + 1, sizeof(*lookups));
	uint16_t ports[MEMBERS_MAX];
	int rc = lookups ? read_names(settings, lookups, ports) : -ENOMEM;

	if (rc == 0) {
		lookup_all(lookups, n, &how_to_look_up);
	}
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = add_named(names, settings->members[i], &lookups[i], ports[i]);
	}
	free(lookups);
	return rc;
}

/* Whether sockets can be bound to that address: it is one of this machine. */
static bool is_local(const struct member_address *at)
{
	struct address any_port = group_socket_address(at);
	int fd = socket(any_port.sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	address_set_port(&any_port, 0);
	ok = fd >= 0 && bind(fd, (const struct sockaddr *)&any_port.sa, any_port.len) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return ok;
}

static bool is_at(const struct member_address *at, const struct address *given)
{
	const struct host host = address_host(given);

	return host_equal(&at->host, &host);
}

/* Debian's /etc/hosts gives the machine's own name a loopback address. */
static int check_reachable(const struct group_names *names, int self)
{
	const struct member_address *at = names->at;
	const struct address own = group_socket_address(&at[self]);
	char text[ADDRESS_TEXT_MAX];

	if (!host_is_loopback(&at[self].host)) {
		return self;
	}
	for (size_t i = 0; i < names->n; i++) {
		if (!host_is_loopback(&at[i].host)) {
			log_error("this machine is %s in the group, which other members cannot "
				  "reach: name it by another address (see /etc/hosts)",
				  address_text(&own, text));
			return -EADDRNOTAVAIL;
		}
	}
	if (names->n == 1) {
		log_warning("this machine is %s in the group: no other one can join",
			    address_text(&own, text));
	}
	return self;
}

int group_names_self(const struct group_names *names, uint16_t port, const struct address *given)
{
	int self = -ENOENT;

	for (size_t i = 0; i < names->n; i++) {
		const struct member_address *at = &names->at[i];

		if (at->port != port || (given && !is_at(at, given)) || !is_local(at)) {
			continue;
		}
		if (self >= 0) {
			log_error("several of the group's members are this machine at port %u: say "
				  "which by --address",
				  port);
			return -EEXIST;
		}
		self = (int)i;
	}
	if (self < 0) {
		log_error(
			"none of the group's members is this machine at port %u: see --member and "
			"--group-port",
			port);
		return self;
	}
	return check_reachable(names, self);
}

int group_names_advertised(const struct group_names *names, const struct member_address *at)
{
	const struct address public = group_socket_address(at);
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < names->n; i++) {
		if (member_id_of(&names->at[i]) == member_id_of(at)) {
			return check_reachable(names, (int)i);
		}
	}
	log_error("none of the group's members is %s: give what --advertise says as a --member too",
		  address_text(&public, text));
	return -ENOENT;
}

int group_names_alone(struct group_names *names, uint16_t port, const struct address *given)
{
	struct address at;
	char text[ADDRESS_TEXT_MAX];
	const int rc = given ? 0 : broadcast_own_address(&at);

	if (given) {
		at = *given;
	}
	if (rc == -EEXIST) {
		log_error("this machine has several addresses: say by --address which one the "
			  "others reach it at");
		return rc;
	}
	if (rc != 0 && rc != -ENETUNREACH) {
		log_error("--discover cannot list the networks of this machine: %s%s",
			  strerror(-rc),
			  rc == -EAFNOSUPPORT ? " (a sandbox without AF_NETLINK, as systemd's "
						"RestrictAddressFamilies= makes it?)"
					      : "");
		return rc;
	}
	if (rc != 0 || at.sa.ss_family != AF_INET) {
		log_error("--discover needs an IPv4 network that can be asked by broadcast; name "
			  "the members by --member instead");
		return rc != 0 ? rc : -EAFNOSUPPORT;
	}
	if (!address_is_one_host(&at) || address_is_loopback(&at)) {
		log_error(
			"this machine would be %s in the group, which other members cannot reach: "
			"give another --address",
			address_host_text(&at, text));
		return -EADDRNOTAVAIL;
	}
	address_set_port(&at, port);
	names->at[names->n++] = group_member_address(&at);
	return 0;
}
