/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/parse.h"
#include "rpc/client/broadcast.h"
#include "rpc/lookup.h"
#include "os/log.h"

#define IPV6_ID (UINT64_C(1) << 63)

int group_members_open(struct group_members *m)
{
	*m = (struct group_members){ .member = calloc(MEMBERS_MAX, sizeof(*m->member)) };
	return m->member ? 0 : -ENOMEM;
}

void group_members_close(struct group_members *m)
{
	free(m->member);
	m->member = NULL;
	m->n = 0;
}

/* FNV-1a (Fowler, Noll & Vo), the same on machines of any byte order. */
static uint64_t fnv_1a(const uint8_t *octets, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++) {
		h = (h ^ octets[i]) * UINT64_C(0x100000001b3);
	}
	return h;
}

member_id group_members_id(const struct address *at)
{
	uint8_t octets[GROUP_ADDRESS_MAX];
	const size_t n = group_pack_address(octets, at);
	member_id id = 0;

	if (at->sa.ss_family == AF_INET6) {
		return IPV6_ID | fnv_1a(octets, n);
	}
	for (size_t i = 0; i < n; i++) {
		id = id << 8 | octets[i];
	}
	return id;
}

struct group_member *group_members_known(const struct group_members *m, member_id id)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->member[i].id == id) {
			return &m->member[i];
		}
	}
	return NULL;
}

/* For one more; null when there is none. */
static struct group_member *take_place(struct group_members *m)
{
	if (m->n < MEMBERS_MAX) {
		return &m->member[m->n++];
	}
	for (size_t i = 0; m->may_go && i < m->n; i++) {
		if (m->may_go(m->may_go_arg, &m->member[i])) {
			return &m->member[i];
		}
	}
	return NULL;
}

int group_members_add(struct group_members *m, const struct address *at)
{
	const member_id id = group_members_id(at);
	struct group_member *there = group_members_known(m, id);
	struct group_member *place;

	if (id == MEMBER_NONE || address_port(at) == 0) {
		return -EINVAL;
	}
	if (there) {
		return (int)(there - m->member);
	}
	place = take_place(m);
	if (!place) {
		return -E2BIG;
	}
	*place = (struct group_member){
		.id = id,
		.at = *at,
		.poll = { .part = GROUP_UNMEASURED },
		.last = { .part = GROUP_UNMEASURED },
	};
	return (int)(place - m->member);
}

bool group_members_address(struct address *out, member_id id)
{
	uint8_t octets[6];

	if (id == MEMBER_NONE || id >> 48 != 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(octets); i++) {
		octets[i] = (uint8_t)(id >> (40 - 8 * i));
	}
	return group_unpack_address(out, octets, sizeof(octets));
}

struct group_member *group_members_find(struct group_members *m, member_id id)
{
	struct group_member *there = group_members_known(m, id);
	struct address at;
	int place;

	if (there || !group_members_address(&at, id)) {
		return there;
	}
	place = group_members_add(m, &at);
	return place < 0 ? NULL : &m->member[place];
}

void group_members_begin_cycle(struct group_members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		m->member[i].poll = (struct group_poll){ .part = GROUP_UNMEASURED };
	}
}

void group_members_end_cycle(struct group_members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		m->member[i].last = m->member[i].poll;
	}
}

/* --- from the command line --- */

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
		if (address_kind_here(out) == ADDRESS_HOST) {
			return true;
		}
	}
	log_error("the group's member '%s' leads to %s, which is no host", text,
		  address_host_text(out, place));
	return false;
}

static int add_named(struct group_members *m, const char *text, const struct lookup *l,
		     uint16_t port)
{
	const size_t before = m->n;
	struct address at;
	int rc;

	if (!choose(l, text, &at)) {
		return l->rc != 0 ? -ENOENT : -EADDRNOTAVAIL;
	}
	address_set_port(&at, port != 0 ? port : GROUP_SETTINGS_PORT);
	rc = group_members_add(m, &at);
	if (rc < 0) {
		return rc;
	}
	if (m->n == before) {
		log_error("the group's member '%s' is named twice", text);
		return -EEXIST;
	}
	if (m->member[before].at.sa.ss_family != m->member[0].at.sa.ss_family) {
		log_error("the group's members are to be all of IPv4 or all of IPv6");
		return -EAFNOSUPPORT;
	}
	return 0;
}

/* Who is named in the settings: the names, to be looked up, and ports. 0 or -ENOENT. */
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

int group_members_resolve(struct group_members *m, const struct group_settings *settings)
{
	const size_t n = settings->n_members;
	struct lookup *lookups = calloc(n + 1, sizeof(*lookups));
	uint16_t ports[MEMBERS_MAX];
	int rc = lookups ? read_names(settings, lookups, ports) : -ENOMEM;

	if (rc == 0) {
		lookup_all(lookups, n, &how_to_look_up);
	}
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = add_named(m, settings->members[i], &lookups[i], ports[i]);
	}
	free(lookups);
	return rc;
}

/* Whether sockets can be bound to that address: it is one of this machine. */
static bool is_local(const struct address *at)
{
	struct address any_port = *at;
	int fd = socket(at->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	address_set_port(&any_port, 0);
	ok = fd >= 0 && bind(fd, (const struct sockaddr *)&any_port.sa, any_port.len) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return ok;
}

static bool same_host(const struct address *a, const struct address *b)
{
	const struct host x = address_host(a), y = address_host(b);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

/* Debian's /etc/hosts gives the machine's own name a loopback address. */
static int check_reachable(const struct group_members *m, int self)
{
	const struct address *own = &m->member[self].at;
	char text[ADDRESS_TEXT_MAX];

	if (!address_is_loopback(own)) {
		return self;
	}
	for (size_t i = 0; i < m->n; i++) {
		if (!address_is_loopback(&m->member[i].at)) {
			log_error("this machine is %s in the group, which other members cannot "
				  "reach: name it by another address (see /etc/hosts)",
				  address_text(own, text));
			return -EADDRNOTAVAIL;
		}
	}
	if (m->n == 1) {
		log_warning("this machine is %s in the group: no other one can join",
			    address_text(own, text));
	}
	return self;
}

int group_members_self(const struct group_members *m, uint16_t port, const struct address *given)
{
	int self = -ENOENT;

	for (size_t i = 0; i < m->n; i++) {
		const struct address *at = &m->member[i].at;

		if (address_port(at) != port || (given && !same_host(at, given)) || !is_local(at)) {
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
	return check_reachable(m, self);
}

int group_members_alone(struct group_members *m, uint16_t port, const struct address *given)
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
	return group_members_add(m, &at);
}
