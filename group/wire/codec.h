/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of a group's members: the bodies of TIMEGROUP_PROG's calls and replies,
 * as plain structures, and to and from their encoding. timegroup.x defines and explains each field.
 *
 * Encoding returns the length, or 0 when it does not fit. Decoding takes exactly one body of sane
 * values; it returns false for anything else, and then *out is undefined.
 */
#ifndef GROUP_WIRE_CODEC_H
#define GROUP_WIRE_CODEC_H

#include "group/core/message.h"
#include "rpc/address.h"

#define GROUP_PROGRAM  542397255
#define GROUP_VERSION  1
#define GROUP_BODY_MAX 8704

size_t group_encode_head(uint8_t *buf, size_t size, const struct group_head *head);
bool group_decode_head(struct group_head *out, const uint8_t *bytes, size_t n);

/* `told` may be null: nobody. */
size_t group_encode_election(uint8_t *buf, size_t size, const char *group,
			     const struct election_message *m, const struct group_told *told);
bool group_decode_election(struct group_head *head, struct group_election *out,
			   const uint8_t *bytes, size_t n);

/* `answer` may be null, and then *has_answer is false. */
size_t group_encode_election_result(uint8_t *buf, size_t size, const struct group_head *head,
				    const struct election_message *answer);
bool group_decode_election_result(struct group_head *head, bool *has_answer,
				  struct group_election *out, const uint8_t *bytes, size_t n);

size_t group_encode_poll(uint8_t *buf, size_t size, const struct group_poll_call *p);
bool group_decode_poll(struct group_poll_call *out, const uint8_t *bytes, size_t n);
size_t group_encode_poll_result(uint8_t *buf, size_t size, const struct group_poll_result *r);
bool group_decode_poll_result(struct group_poll_result *out, const uint8_t *bytes, size_t n);

size_t group_encode_adjust(uint8_t *buf, size_t size, const struct group_adjust *a);
bool group_decode_adjust(struct group_adjust *out, const uint8_t *bytes, size_t n);
size_t group_encode_adjust_result(uint8_t *buf, size_t size, const struct group_head *head,
				  enum group_outcome outcome);
bool group_decode_adjust_result(struct group_head *head, enum group_outcome *outcome,
				const uint8_t *bytes, size_t n);

size_t group_encode_change(uint8_t *buf, size_t size, const struct group_change *c);
bool group_decode_change(struct group_change *out, const uint8_t *bytes, size_t n);
size_t group_encode_change_result(uint8_t *buf, size_t size, const struct group_head *head,
				  enum group_answer answer);
bool group_decode_change_result(struct group_head *head, enum group_answer *answer,
				const uint8_t *bytes, size_t n);

/* The encoding is as long as the answer can be; one that leaves no room for any answer is none. */
size_t group_encode_status_args(uint8_t *buf, size_t size, const struct group_status_args *a);
bool group_decode_status_args(struct group_status_args *out, const uint8_t *bytes, size_t n);
size_t group_encode_status(uint8_t *buf, size_t size, const struct group_status *s);
bool group_decode_status(struct group_status *out, const uint8_t *bytes, size_t n);

/* A member's address for sockets, and back: nowhere if it is none of IPv4 or IPv6 with a port. */
struct address group_socket_address(const struct member_address *at);
struct member_address group_member_address(const struct address *at);

#endif
