/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Members of a group: their ids and addresses.
 */
#ifndef GROUP_CORE_MEMBER_H
#define GROUP_CORE_MEMBER_H

#include <stddef.h>

#include "core/host.h"

/* A member's name in the group, its own for ever; among candidates the highest is preferred. */
typedef uint64_t member_id;

#define MEMBER_NONE UINT64_C(0) /* no member has this id */
#define MEMBERS_MAX 1024

/* Where a member is; {0} is nowhere. */
struct member_address {
	struct host host; /* of IPv4: mapped */
	bool is_v4;       /* a member of IPv4; else one of IPv6, of whatever host */
	uint16_t port;    /* 0: nowhere */
	uint32_t scope; /* of a link-local address: the link, as this machine numbers it; else 0 */
};

/* The address in octets, as its id and the wire have it: host, port. */
#define MEMBER_OCTETS_V4  6
#define MEMBER_OCTETS_V6  18
#define MEMBER_OCTETS_MAX MEMBER_OCTETS_V6

/* Its length; 0 for nowhere. */
size_t member_pack(uint8_t out[MEMBER_OCTETS_MAX], const struct member_address *at);

/* False when that is no address, or its port is 0. */
bool member_unpack(struct member_address *out, const uint8_t *octets, size_t n);

/*
 * The id of the member at that address, the same on all machines: of IPv4 the address and the port,
 * of IPv6 a 64-bit FNV-1a hash of its octets with the highest bit set. MEMBER_NONE for nowhere.
 */
member_id member_id_of(const struct member_address *at);

/* The address that an id tells, as those of IPv4 do. False if it tells none. */
bool member_address_of(struct member_address *out, member_id id);

#endif
