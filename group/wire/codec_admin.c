/* SPDX-License-Identifier: BSD-3-Clause */
/* The bodies that administrators send and get: changes and status. */
#include <string.h>

#include "core/arith.h"
#include "core/drift_limits.h"
#include "group/wire/codec_private.h"

/*
 * How long the status is encoded, at most: its head, 16 octets of nonce, 13 numbers of 64 bits and
 * 6 of 32, two lengths of lists, the counts; and each member, with an address of IPv6.
 */
#define HEAD_SIZE   (4 + GROUP_NAME_MAX + 3 * 8)
#define STATUS_SIZE (HEAD_SIZE + TICKET_NONCE_BYTES + 13 * 8 + 6 * 4 + 2 * 4 + 8 * GROUP_COUNTS)
#define MEMBER_SIZE (8 + 4 + 20 + 8 + 4 + 3 * 8 + 2 * 4 + 4 + 2 * 8)

struct address group_socket_address(const struct member_address *at)
{
	struct address out = address_any(at->is_v4 ? AF_INET : AF_INET6, at->port);

	if (at->is_v4) {
		memcpy(&((struct sockaddr_in *)&out.sa)->sin_addr, at->host.octets + HOST_V4_AT, 4);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out.sa;

		memcpy(&in6->sin6_addr, at->host.octets, HOST_OCTETS);
		in6->sin6_scope_id = at->scope;
	}
	return out;
}

struct member_address group_member_address(const struct address *at)
{
	const bool is_v6 = at->sa.ss_family == AF_INET6;

	return (struct member_address){
		.host = address_host(at),
		.is_v4 = !is_v6,
		.port = address_port(at),
		.scope = is_v6 ? ((const struct sockaddr_in6 *)&at->sa)->sin6_scope_id : 0,
	};
}

/* An address that may be missing. */
static bool take_address(struct member_address *out, const char *bytes, size_t n)
{
	memset(out, 0, sizeof(*out));
	return n == 0 || member_unpack(out, (const uint8_t *)bytes, n);
}

/* --- changes --- */

size_t group_encode_change(uint8_t *buf, size_t size, const struct group_change *c)
{
	timegroup_change w = { .head = group_wire_head(&c->head) };
	uint8_t address[MEMBER_OCTETS_MAX];

	memcpy(w.nonce, c->nonce.byte, TICKET_NONCE_BYTES);
	w.address.address_val = (char *)address;
	w.address.address_len = (u_int)member_pack(address, &c->address);
	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_change, &w);
}

bool group_decode_change(struct group_change *out, const uint8_t *bytes, size_t n)
{
	timegroup_change w;
	bool ok;

	if (!group_wire_decode(&w, sizeof(w), (xdrproc_t)xdr_timegroup_change, bytes, n)) {
		return false;
	}
	group_wire_take_head(&out->head, &w.head);
	memcpy(out->nonce.byte, w.nonce, TICKET_NONCE_BYTES);
	ok = take_address(&out->address, w.address.address_val, w.address.address_len);
	group_wire_free((xdrproc_t)xdr_timegroup_change, &w);
	return ok;
}

size_t group_encode_change_result(uint8_t *buf, size_t size, const struct group_head *head,
				  enum group_answer answer)
{
	timegroup_change_result w = { .head = group_wire_head(head),
				      .answer = (timegroup_answer)answer };

	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_change_result, &w);
}

bool group_decode_change_result(struct group_head *head, enum group_answer *answer,
				const uint8_t *bytes, size_t n)
{
	const xdrproc_t codec = (xdrproc_t)xdr_timegroup_change_result;
	timegroup_change_result w;

	if (!group_wire_decode(&w, sizeof(w), codec, bytes, n)) {
		return false;
	}
	group_wire_take_head(head, &w.head);
	*answer = (enum group_answer)w.answer;
	group_wire_free(codec, &w);
	return (unsigned)*answer < GROUP_ANSWERS;
}

/* --- status --- */

/* How long an answer can be with so many members, whatever the group's name. */
static size_t status_size(size_t members)
{
	return STATUS_SIZE + members * MEMBER_SIZE;
}

size_t group_encode_status_args(uint8_t *buf, size_t size, const struct group_status_args *a)
{
	static const uint8_t room[GROUP_BODY_MAX];
	const xdrproc_t codec = (xdrproc_t)xdr_timegroup_status_args;
	timegroup_status_args w = { .head = group_wire_head(&a->head), .first = a->first };
	size_t n;

	memcpy(w.once, a->once.byte, TICKET_NONCE_BYTES);
	w.room.room_val = (char *)(uintptr_t)room;
	n = group_wire_encode(buf, size, codec, &w);
	if (n == 0 || n >= status_size(a->members)) {
		return n;
	}
	w.room.room_len = (u_int)(status_size(a->members) - n);
	return group_wire_encode(buf, size, codec, &w);
}

bool group_decode_status_args(struct group_status_args *out, const uint8_t *bytes, size_t n)
{
	const xdrproc_t codec = (xdrproc_t)xdr_timegroup_status_args;
	timegroup_status_args w;

	if (n < status_size(0) || !group_wire_decode(&w, sizeof(w), codec, bytes, n)) {
		return false;
	}
	group_wire_take_head(&out->head, &w.head);
	memcpy(out->once.byte, w.once, TICKET_NONCE_BYTES);
	out->first = w.first;
	out->members = (n - status_size(0)) / MEMBER_SIZE;
	out->members = out->members < GROUP_PAGE ? out->members : GROUP_PAGE;
	group_wire_free(codec, &w);
	return true;
}

static timegroup_member wire_member(const struct group_member_status *m,
				    uint8_t address[MEMBER_OCTETS_MAX])
{
	return (timegroup_member){
		.id = m->id,
		.address = { .address_len = (u_int)member_pack(address, &m->address),
			     .address_val = (char *)address },
		.heard = m->heard,
		.part = (timegroup_part)m->part,
		.offset = m->offset,
		.delay = m->delay,
		.correction = m->correction,
		.outcome = (timegroup_outcome)m->outcome,
		.reference = (timegroup_reference)m->reference,
		.max_error = m->max_error,
		.frequency = m->frequency_ppb,
		.unlike = m->unlike,
	};
}

static bool take_member(struct group_member_status *out, const timegroup_member *w)
{
	*out = (struct group_member_status){
		.id = w->id,
		.heard = w->heard,
		.part = (enum group_part)w->part,
		.offset = w->offset,
		.delay = w->delay,
		.correction = w->correction,
		.outcome = (enum group_outcome)w->outcome,
		.reference = (enum group_reference)w->reference,
		.max_error = w->max_error,
		.frequency_ppb = w->frequency,
		.unlike = w->unlike,
	};
	return take_address(&out->address, w->address.address_val, w->address.address_len) &&
	       (unsigned)w->part <= TIMEGROUP_IS_REFERENCE &&
	       (unsigned)w->outcome <= TIMEGROUP_KEPT &&
	       (unsigned)w->reference <= TIMEGROUP_REFERENCE_TOO_MANY &&
	       group_wire_is_error(w->max_error) &&
	       arith_magnitude(w->frequency) <= DRIFT_CORRECTABLE_PPB;
}

static timegroup_status wire_status(const struct group_status *s)
{
	timegroup_status w = {
		.head = group_wire_head(&s->head),
		.leader = s->leader,
		.leader_for = s->leader_for,
		.leads = s->leads,
		.insecure = s->insecure,
		.lease = s->lease,
		.cycle = s->cycle,
		.tolerance = s->tolerance,
		.max_correction = s->max_correction,
		.corrected = s->corrected,
		.correction = s->correction,
		.cycle_ended = s->cycle_ended,
		.cycle_took = s->cycle_took,
		.mean = s->mean,
		.used = s->used,
		.reference = s->reference,
		.source = s->follows ? TIMEGROUP_BY_REFERENCE : TIMEGROUP_BY_ISLAND,
		.source_for = s->source_for,
		.max_error = s->max_error,
		.total = s->total,
	};

	memcpy(w.nonce, s->nonce.byte, TICKET_NONCE_BYTES);
	w.counts.counts_len = GROUP_COUNTS;
	w.counts.counts_val = (u_quad_t *)(uintptr_t)s->counts;
	return w;
}

size_t group_encode_status(uint8_t *buf, size_t size, const struct group_status *s)
{
	timegroup_status w = wire_status(s);
	timegroup_member members[GROUP_PAGE];
	uint8_t addresses[GROUP_PAGE][MEMBER_OCTETS_MAX];

	for (size_t i = 0; i < s->n; i++) {
		members[i] = wire_member(&s->members[i], addresses[i]);
	}
	w.members.members_len = (u_int)s->n;
	w.members.members_val = members;
	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_status, &w);
}

static void take_status(struct group_status *out, const timegroup_status *w)
{
	*out = (struct group_status){
		.leader = w->leader,
		.leader_for = w->leader_for,
		.leads = w->leads,
		.insecure = w->insecure,
		.lease = w->lease,
		.cycle = w->cycle,
		.tolerance = w->tolerance,
		.max_correction = w->max_correction,
		.corrected = w->corrected,
		.correction = w->correction,
		.cycle_ended = w->cycle_ended,
		.cycle_took = w->cycle_took,
		.mean = w->mean,
		.used = w->used,
		.reference = w->reference,
		.follows = w->source == TIMEGROUP_BY_REFERENCE,
		.source_for = w->source_for,
		.max_error = w->max_error,
		.total = w->total,
		.n = w->members.members_len,
	};
	group_wire_take_head(&out->head, &w->head);
	memcpy(out->nonce.byte, w->nonce, TICKET_NONCE_BYTES);
	for (size_t i = 0; i < GROUP_COUNTS && i < w->counts.counts_len; i++) {
		out->counts[i] = w->counts.counts_val[i];
	}
}

bool group_decode_status(struct group_status *out, const uint8_t *bytes, size_t n)
{
	timegroup_status w;
	bool ok;

	if (!group_wire_decode(&w, sizeof(w), (xdrproc_t)xdr_timegroup_status, bytes, n)) {
		return false;
	}
	take_status(out, &w);
	ok = (unsigned)w.source <= TIMEGROUP_BY_REFERENCE && group_wire_is_error(w.max_error);
	for (size_t i = 0; ok && i < out->n; i++) {
		ok = take_member(&out->members[i], &w.members.members_val[i]);
	}
	group_wire_free((xdrproc_t)xdr_timegroup_status, &w);
	return ok;
}
