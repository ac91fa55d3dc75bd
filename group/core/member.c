/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/member.h"

#include <string.h>

#define PORT_OCTETS 2
#define V6_ID       (UINT64_C(1) << 63)

size_t member_pack(uint8_t out[MEMBER_OCTETS_MAX], const struct member_address *at)
{
	const size_t from = at->is_v4 ? HOST_V4_AT : 0;
	const size_t n = HOST_OCTETS - from;

	if (at->port == 0) {
		return 0;
	}
	memcpy(out, at->host.octets + from, n);
	out[n] = (uint8_t)(at->port >> 8);
	out[n + 1] = (uint8_t)at->port;
	return n + PORT_OCTETS;
}

bool member_unpack(struct member_address *out, const uint8_t *octets, size_t n)
{
	if (n != MEMBER_OCTETS_V4 && n != MEMBER_OCTETS_V6) {
		return false;
	}
	out->scope = 0;
	out->is_v4 = n == MEMBER_OCTETS_V4;
	if (out->is_v4) {
		out->host = host_of_v4(octets);
	} else {
		memcpy(out->host.octets, octets, HOST_OCTETS);
	}
	out->port = (uint16_t)(octets[n - 2] << 8 | octets[n - 1]);
	return out->port != 0;
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

member_id member_id_of(const struct member_address *at)
{
	uint8_t octets[MEMBER_OCTETS_MAX];
	const size_t n = member_pack(octets, at);
	member_id id = 0;

	if (n == MEMBER_OCTETS_V6) {
		return V6_ID | fnv_1a(octets, n);
	}
	for (size_t i = 0; i < n; i++) {
		id = id << 8 | octets[i];
	}
	return id;
}

bool member_address_of(struct member_address *out, member_id id)
{
	uint8_t octets[MEMBER_OCTETS_V4];

	if (id == MEMBER_NONE || id >> 48 != 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(octets); i++) {
		octets[i] = (uint8_t)(id >> (40 - 8 * i));
	}
	return member_unpack(out, octets, sizeof(octets));
}
