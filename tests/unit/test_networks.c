/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of a machine's networks are asked, and where. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/networks.h"

#define LAN (IFF_UP | IFF_BROADCAST)
#define P2P (IFF_UP | IFF_POINTOPOINT)

struct row {
	unsigned flags;
	const char *own, *mask, *other; /* the broadcast address, or the peer's */
	const char *to;                 /* that is asked; null: nobody */
};

static struct sockaddr *parsed(struct sockaddr_in *out, const char *text)
{
	*out = (struct sockaddr_in){ .sin_family = AF_INET };
	if (!text) {
		return NULL;
	}
	assert_int_equal(inet_pton(AF_INET, text, &out->sin_addr), 1);
	return (struct sockaddr *)out;
}

static void choose(struct networks *out, const struct row *rows, size_t n, bool peers)
{
	static struct ifaddrs all[NETWORKS_MAX + 10];
	static struct sockaddr_in addresses[NETWORKS_MAX + 10][3];

	memset(all, 0, sizeof(all));
	for (size_t i = 0; i < n; i++) {
		all[i].ifa_next = i + 1 < n ? &all[i + 1] : NULL;
		all[i].ifa_flags = rows[i].flags;
		all[i].ifa_addr = parsed(&addresses[i][0], rows[i].own);
		all[i].ifa_netmask = parsed(&addresses[i][1], rows[i].mask);
		all[i].ifa_broadaddr = parsed(&addresses[i][2], rows[i].other);
	}
	networks_choose(out, all, peers);
}

static void each_kind_of_interface(void **state)
{
	static const struct row rows[] = {
		{ LAN, "10.9.0.1", "255.255.255.0", "10.9.0.255", "10.9.0.255" },
		{ LAN, "10.9.0.1", "255.255.255.0", "255.255.255.255", "255.255.255.255" },
		/* No broadcast address is set. */
		{ LAN, "10.9.0.1", "255.255.255.0", "10.9.0.1", "10.9.0.255" },
		{ LAN, "10.9.0.1", "255.255.255.0", NULL, "10.9.0.255" },
		{ LAN, "10.9.0.1", "255.255.255.0", "0.0.0.0", "10.9.0.255" },
		{ LAN, "172.20.130.7", "255.255.128.0", NULL, "172.20.255.255" },
		{ LAN, "10.9.0.1", "255.255.255.252", NULL, "10.9.0.3" },
		{ LAN, "10.9.0.1", "255.255.255.254", NULL, NULL },
		{ LAN, "10.9.0.1", "255.255.255.255", NULL, NULL },
		{ LAN, "10.9.0.1", NULL, NULL, NULL },
		{ IFF_BROADCAST, "10.9.0.1", "255.255.255.0", "10.9.0.255", NULL },
		{ IFF_UP | IFF_LOOPBACK, "127.0.0.1", "255.0.0.0", NULL, NULL },
		{ IFF_UP, "10.9.0.1", "255.255.255.0", NULL, NULL },
		{ LAN, NULL, NULL, NULL, NULL },
		/* The peer is asked itself. */
		{ P2P, "10.9.0.1", "255.255.255.255", "10.9.0.2", "10.9.0.2" },
		{ P2P, "10.9.0.1", "255.255.255.0", "10.9.0.1", NULL },
		{ P2P, "10.9.0.1", "255.255.255.0", NULL, NULL },
	};
	char text[INET_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const bool peer = rows[i].flags & IFF_POINTOPOINT;
		struct networks n;

		choose(&n, &rows[i], 1, true);
		assert_int_equal(n.n, rows[i].to ? 1 : 0);
		if (rows[i].to) {
			inet_ntop(AF_INET, &n.to[0].sin_addr, text, sizeof(text));
			assert_string_equal(text, rows[i].to);
			inet_ntop(AF_INET, &n.own[0].sin_addr, text, sizeof(text));
			assert_string_equal(text, rows[i].own);
		}
		choose(&n, &rows[i], 1, false);
		assert_int_equal(n.n, rows[i].to && !peer ? 1 : 0);
	}
}

static void several_interfaces(void **state)
{
	static const struct row rows[] = {
		{ LAN, "10.9.0.1", "255.255.255.0", "10.9.0.255", NULL },
		{ LAN, "10.9.1.1", "255.255.255.0", NULL, NULL },
		{ LAN, "10.9.0.2", "255.255.255.0", "10.9.0.255", NULL },
	};
	struct networks n;

	(void)state;
	choose(&n, rows, 1, true);
	assert_true(n.n == 1 && n.all_configured && !n.shared);
	choose(&n, rows, 2, true);
	assert_true(n.n == 2 && !n.all_configured && !n.shared);
	choose(&n, rows, 3, true);
	assert_true(n.n == 2 && n.shared);
}

static void more_than_there_is_room_for(void **state)
{
	static struct row rows[NETWORKS_MAX + 10];
	static char own[NETWORKS_MAX + 10][INET_ADDRSTRLEN];
	struct networks n;

	(void)state;
	for (size_t i = 0; i < NETWORKS_MAX + 10; i++) {
		const struct in_addr address = { htonl(0x0a000001 + (uint32_t)i * 256) };

		inet_ntop(AF_INET, &address, own[i], sizeof(own[i]));
		rows[i] = (struct row){ LAN, own[i], "255.255.255.0", NULL, NULL };
	}
	choose(&n, rows, NETWORKS_MAX + 10, true);
	assert_int_equal(n.n, NETWORKS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_interface),
		cmocka_unit_test(several_interfaces),
		cmocka_unit_test(more_than_there_is_room_for),
	};

	return cmocka_run_group_tests_name("networks", tests, NULL, NULL);
}
