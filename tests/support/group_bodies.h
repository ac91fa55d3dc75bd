/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One of each body that the members of a group exchange, so that what holds for all of them can be
 * tested for all of them.
 */
#ifndef TESTS_SUPPORT_GROUP_BODIES_H
#define TESTS_SUPPORT_GROUP_BODIES_H

#include "group/wire/codec.h"

struct group_body {
	const char *name;
	/* Encode it: what group_encode_* returns. */
	size_t (*encode)(uint8_t *buf, size_t size);
	/* Decode that many octets, and encode what they say, of GROUP_BODY_MAX. 0: refused. */
	size_t (*recode)(const uint8_t *bytes, size_t n, uint8_t *out);
};

/* What members send each other, and what administrators send and get. */
#define GROUP_MEMBER_BODIES 10
#define GROUP_ADMIN_BODIES  8
extern const struct group_body group_member_bodies[GROUP_MEMBER_BODIES];
extern const struct group_body group_admin_bodies[GROUP_ADMIN_BODIES];

/* What they are made of: from member 7 to member 9, of the group "room", in term 3. */
struct group_head group_body_head(void);
struct ticket_nonce group_body_nonce(void);
struct election_message group_body_vote(void);
/* [2001:db8::1]:4096 and 127.0.0.1:4096 */
struct member_address group_body_v6(void);
struct member_address group_body_v4(void);

/* The voters: the members 1 to n. */
struct voters group_body_voters(size_t n);

/* A page of the status with n members, [0, GROUP_PAGE]. */
struct group_status group_body_status(size_t n);

#endif
