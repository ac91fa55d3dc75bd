/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/address.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "core/parse.h"

const struct netid netids[NETIDS] = {
	{ "udp", AF_INET, SOCK_DGRAM },
	{ "tcp", AF_INET, SOCK_STREAM },
	{ "udp6", AF_INET6, SOCK_DGRAM },
	{ "tcp6", AF_INET6, SOCK_STREAM },
};

const struct netid *netid_named(const char *name)
{
	for (size_t i = 0; i < NETIDS; i++) {
		if (strcmp(netids[i].name, name) == 0) {
			return &netids[i];
		}
	}
	return NULL;
}

const struct netid *netid_of(int family, int socktype)
{
	for (size_t i = 0; i < NETIDS; i++) {
		if (netids[i].family == family && netids[i].socktype == socktype) {
			return &netids[i];
		}
	}
	return NULL;
}

/* sockaddr_storage may be read as any sockaddr: that is what it is for. */
static struct sockaddr_in *in4(struct address *a)
{
	return (struct sockaddr_in *)&a->sa;
}

static struct sockaddr_in6 *in6(struct address *a)
{
	return (struct sockaddr_in6 *)&a->sa;
}

static const struct sockaddr_in *in4_const(const struct address *a)
{
	return (const struct sockaddr_in *)&a->sa;
}

static const struct sockaddr_in6 *in6_const(const struct address *a)
{
	return (const struct sockaddr_in6 *)&a->sa;
}

static struct address of_family(int family, uint16_t port)
{
	struct address a;

	memset(&a, 0, sizeof(a));
	a.sa.ss_family = (sa_family_t)family;
	a.len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	address_set_port(&a, port);
	return a;
}

struct address address_any(int family, uint16_t port)
{
	return of_family(family, port); /* both wildcards are all zeros */
}

struct address address_loopback(int family, uint16_t port)
{
	struct address a = of_family(family, port);

	if (family == AF_INET) {
		in4(&a)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else {
		in6(&a)->sin6_addr = in6addr_loopback;
	}
	return a;
}

bool address_unix(struct address *out, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t n = strlen(path);

	if (n >= sizeof(un.sun_path)) {
		return false;
	}
	memcpy(un.sun_path, path, n + 1);
	memset(out, 0, sizeof(*out));
	memcpy(&out->sa, &un, sizeof(un));
	out->len = sizeof(un);
	return true;
}

/* "fe80::1%eth0": the scope is an interface's name or number. */
static bool parse_in6(struct address *a, const char *text)
{
	const char *percent = strchr(text, '%');
	char host[INET6_ADDRSTRLEN];
	size_t n = percent ? (size_t)(percent - text) : strlen(text);

	if (n >= sizeof(host)) {
		return false;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	*a = of_family(AF_INET6, 0);
	if (inet_pton(AF_INET6, host, &in6(a)->sin6_addr) != 1) {
		return false;
	}
	if (percent) {
		int64_t number;

		in6(a)->sin6_scope_id = if_nametoindex(percent + 1);
		if (in6(a)->sin6_scope_id == 0 &&
		    parse_int(percent + 1, 1, UINT32_MAX, &number) == 0) {
			in6(a)->sin6_scope_id = (uint32_t)number;
		}
		return in6(a)->sin6_scope_id != 0;
	}
	return true;
}

bool address_parse(struct address *out, const char *text)
{
	struct address a = of_family(AF_INET, 0);

	if (inet_pton(AF_INET, text, &in4(&a)->sin_addr) != 1 && !parse_in6(&a, text)) {
		return false;
	}
	*out = a;
	return true;
}

uint16_t address_port(const struct address *a)
{
	switch (a->sa.ss_family) {
	case AF_INET:
		return ntohs(in4_const(a)->sin_port);
	case AF_INET6:
		return ntohs(in6_const(a)->sin6_port);
	default:
		return 0;
	}
}

void address_set_port(struct address *a, uint16_t port)
{
	if (a->sa.ss_family == AF_INET) {
		in4(a)->sin_port = htons(port);
	} else if (a->sa.ss_family == AF_INET6) {
		in6(a)->sin6_port = htons(port);
	}
}

struct host address_host(const struct address *a)
{
	struct host h = { .octets = { 0 } };

	if (a->sa.ss_family == AF_INET) {
		h = host_of_v4((const uint8_t *)&in4_const(a)->sin_addr);
	} else if (a->sa.ss_family == AF_INET6) {
		memcpy(h.octets, &in6_const(a)->sin6_addr, sizeof(h.octets));
	}
	return h;
}

bool address_is_same_host(const struct address *a, const struct address *b)
{
	const struct host x = address_host(a), y = address_host(b);
	const bool v6 = a->sa.ss_family == AF_INET6 && b->sa.ss_family == AF_INET6;
	const uint32_t one = v6 ? ((const struct sockaddr_in6 *)&a->sa)->sin6_scope_id : 0;
	const uint32_t other = v6 ? ((const struct sockaddr_in6 *)&b->sa)->sin6_scope_id : 0;

	return host_equal(&x, &y) && (one == other || one == 0 || other == 0);
}

bool address_is_same_place(const struct address *a, const struct address *b)
{
	return address_port(a) == address_port(b) && address_is_same_host(a, b);
}

/* "eth0", or its number if it has no name any more. */
static const char *scope_text(uint32_t scope, char buf[IF_NAMESIZE])
{
	if (!if_indextoname(scope, buf)) {
		snprintf(buf, IF_NAMESIZE, "%" PRIu32, scope);
	}
	return buf;
}

const char *address_host_text(const struct address *a, char buf[ADDRESS_TEXT_MAX])
{
	char scope[IF_NAMESIZE];

	switch (a->sa.ss_family) {
	case AF_INET:
		inet_ntop(AF_INET, &in4_const(a)->sin_addr, buf, ADDRESS_TEXT_MAX);
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &in6_const(a)->sin6_addr, buf, ADDRESS_TEXT_MAX);
		if (in6_const(a)->sin6_scope_id != 0) {
			strcat(buf, "%");
			strcat(buf, scope_text(in6_const(a)->sin6_scope_id, scope));
		}
		break;
	case AF_UNIX:
		snprintf(buf, ADDRESS_TEXT_MAX, "%s",
			 ((const struct sockaddr_un *)&a->sa)->sun_path);
		break;
	default:
		snprintf(buf, ADDRESS_TEXT_MAX, "unknown");
	}
	return buf;
}

const char *address_text(const struct address *a, char buf[ADDRESS_TEXT_MAX])
{
	char host[ADDRESS_TEXT_MAX];

	address_host_text(a, host);
	switch (a->sa.ss_family) {
	case AF_INET:
		snprintf(buf, ADDRESS_TEXT_MAX, "%.60s:%u", host, address_port(a));
		break;
	case AF_INET6:
		snprintf(buf, ADDRESS_TEXT_MAX, "[%.68s]:%u", host, address_port(a));
		break;
	default:
		memcpy(buf, host, sizeof(host));
	}
	return buf;
}

const char *address_to_uaddr(const struct address *a, char buf[ADDRESS_TEXT_MAX])
{
	char host[ADDRESS_TEXT_MAX];
	uint16_t port = address_port(a);

	address_host_text(a, host);
	host[strcspn(host, "%")] = '\0'; /* the scope is this machine's own affair */
	snprintf(buf, ADDRESS_TEXT_MAX, "%.70s.%u.%u", host, (unsigned)port >> 8, port & 0xffU);
	return buf;
}

bool address_from_uaddr(struct address *out, int family, const char *uaddr)
{
	char host[ADDRESS_TEXT_MAX];
	int64_t port[2];

	if (strlen(uaddr) >= sizeof(host)) {
		return false;
	}
	strcpy(host, uaddr);
	for (int i = 1; i >= 0; i--) { /* the last two components are the port's octets */
		char *dot = strrchr(host, '.');

		if (!dot || parse_int(dot + 1, 0, 255, &port[i]) != 0) {
			return false;
		}
		*dot = '\0';
	}
	if (!address_parse(out, host) || out->sa.ss_family != family) {
		return false;
	}
	address_set_port(out, (uint16_t)(port[0] << 8 | port[1]));
	return true;
}
