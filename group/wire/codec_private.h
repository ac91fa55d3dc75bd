/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by the parts of group/wire/codec: group_wire.c (heads, polls, corrections),
 * group_wire_election.c (elections), group_wire_admin.c (administrators).
 */
#ifndef GROUP_WIRE_CODEC_PRIVATE_H
#define GROUP_WIRE_CODEC_PRIVATE_H

#include "group/wire/codec.h"
#include "timegroup.h"

/* Encode *from, of the type that `codec` is for. The length, or 0. */
size_t group_wire_encode(uint8_t *buf, size_t size, xdrproc_t codec, void *from);

/*
 * Decode all of the bytes into *out, `size` octets. After true the caller releases it by
 * group_wire_free.
 */
bool group_wire_decode(void *out, size_t size, xdrproc_t codec, const uint8_t *bytes, size_t n);
void group_wire_free(xdrproc_t codec, void *out);

/* Whether it is a largest error: ns, or that nobody knows. */
bool group_wire_is_error(int64_t max_error);

/* Heads, whose texts the results share with what they are made of, and those that do not. */
timegroup_head group_wire_head(const struct group_head *h);
void group_wire_take_head(struct group_head *out, const timegroup_head *h);

/* An election message, which the result shares its lists with; false when it is none. */
timegroup_election group_wire_election(const char *group, const struct election_message *m);
bool group_wire_take_election(struct group_election *out, const timegroup_election *w);

#endif
