/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/names.h"

#include <errno.h>
#include <signal.h>
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

/* Before missing names are looked up again: the first time, and at most. */
#define FIRST_PAUSE_S   1
#define LONGEST_PAUSE_S 16

static const struct lookup_options how_to_look_up = {
	.family = AF_UNSPEC,
	.socktype = SOCK_DGRAM,
	.timeout = LOOKUP_LIMIT,
};

/* Members to look up, by their places among those that the user named. */
struct wanted {
	size_t n;
	const size_t *places;
	struct lookup *lookups; /* one for each of them */
	uint16_t *ports;
};

/* The first of the addresses that a host can have. False, after saying so, when there is none. */
static bool choose(const struct lookup *l, const char *text, struct address *out)
{
	char place[ADDRESS_TEXT_MAX];

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
		return -EADDRNOTAVAIL;
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

/* The names, to be looked up, and ports. 0 or -ENOENT. */
static int read_names(const struct group_settings *settings, const struct wanted *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const char *text = settings->members[w->places[i]];
		struct parse_host host;

		if (parse_host(text, &host) != 0) {
			log_error("cannot find the group's member '%s': it is no host", text);
			return -ENOENT;
		}
		memcpy(w->lookups[i].name, host.name, sizeof(host.name));
		w->ports[i] = host.port;
	}
	return 0;
}

static int look_up(struct group_names *names, const struct group_settings *settings,
		   const struct wanted *w)
{
	int rc = read_names(settings, w);

	if (rc != 0) {
		return rc;
	}
	lookup_all(w->lookups, w->n, &how_to_look_up);
	names->n_missing = 0;
	for (size_t i = 0; i < w->n && rc == 0; i++) {
		const struct lookup *l = &w->lookups[i];
		const char *text = settings->members[w->places[i]];
		char why[LOOKUP_WHY_MAX];

		if (l->rc != 0 || l->n == 0) {
			log_warning("cannot find the group's member '%s' now: %s", text,
				    lookup_why(l, &how_to_look_up, why));
			names->missing[names->n_missing++] = w->places[i];
		} else {
			rc = add_named(names, text, l, w->ports[i]);
		}
	}
	return rc;
}

static int look_up_places(struct group_names *names, const struct group_settings *settings,
			  const size_t *places, size_t n)
{
	uint16_t ports[MEMBERS_MAX];
	const struct wanted w = {
		.n = n,
		.places = places,
		.lookups = calloc(n + 1, sizeof(*w.lookups)),
		.ports = ports,
	};
	const int rc = w.lookups ? look_up(names, settings, &w) : -ENOMEM;

	free(w.lookups);
	return rc;
}

int group_names_resolve(struct group_names *names, const struct group_settings *settings)
{
	size_t all[MEMBERS_MAX];

	for (size_t i = 0; i < settings->n_members; i++) {
		all[i] = i;
	}
	return look_up_places(names, settings, all, settings->n_members);
}

int group_names_wait(struct group_names *names, const struct group_settings *settings)
{
	struct timespec pause = { .tv_sec = FIRST_PAUSE_S };
	size_t missing[MEMBERS_MAX];
	sigset_t end;
	int rc = 0;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	while (rc == 0 && names->n_missing > 0) {
		const size_t n = names->n_missing;

		if (sigtimedwait(&end, NULL, &pause) == SIGTERM) {
			return -ECANCELED;
		}
		memcpy(missing, names->missing, n * sizeof(missing[0]));
		rc = look_up_places(names, settings, missing, n);
		pause.tv_sec =
			pause.tv_sec * 2 < LONGEST_PAUSE_S ? pause.tv_sec * 2 : LONGEST_PAUSE_S;
	}
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
