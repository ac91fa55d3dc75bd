/* SPDX-License-Identifier: BSD-3-Clause */
/* The messages of elections, and the addresses of members in them. */
#include "group/wire/codec_private.h"

timegroup_election group_wire_election(const char *group, const struct election_message *m)
{
	timegroup_election w = {
		.head = { .group = (char *)(uintptr_t)group,
			  .sender = m->from,
			  .to = m->to,
			  .term = m->term },
		.kind = m->kind,
		.serial = m->serial,
		.released = m->released,
		.lease = m->lease,
		.stamp_term = m->stamp.term,
		.stamp_version = m->stamp.version,
		.stamp_digest = m->stamp.digest,
		.takeover = m->takeover,
		.successor = m->successor,
		.verdict = m->verdict,
	};

	if (m->voters) {
		w.voters.voters_len = (u_int)m->voters->n;
		w.voters.voters_val = (u_quad_t *)(uintptr_t)m->voters->id;
	}
	return w;
}

/* False when one of them is none. */
static bool take_told(struct group_told *out, const timegroup_election *w)
{
	const uint8_t *octets = (const uint8_t *)w->told.told_val;
	bool ok = w->told.told_len % MEMBER_OCTETS_V6 == 0;

	out->n = w->told.told_len / MEMBER_OCTETS_V6;
	for (size_t i = 0; ok && i < out->n; i++) {
		ok = member_unpack(&out->at[i], octets + i * MEMBER_OCTETS_V6, MEMBER_OCTETS_V6);
	}
	return ok;
}

bool group_wire_take_election(struct group_election *out, const timegroup_election *w)
{
	struct election_message *m = &out->message;

	*m = (struct election_message){
		.kind = w->kind,
		.from = w->head.sender,
		.to = w->head.to,
		.term = w->head.term,
		.serial = w->serial,
		.released = w->released,
		.lease = w->lease,
		.stamp = { w->stamp_term, w->stamp_version, w->stamp_digest },
		.takeover = w->takeover,
		.successor = w->successor,
		.verdict = w->verdict,
	};
	if (w->kind >= ELECTION_KINDS || w->verdict >= ELECTION_VERDICTS ||
	    !take_told(&out->told, w)) {
		return false;
	}
	if (w->kind != ELECTION_VOTERS) {
		return w->voters.voters_len == 0;
	}
	m->voters = &out->voters;
	return voters_make(&out->voters, w->stamp_term, w->stamp_version,
			   (const member_id *)w->voters.voters_val, w->voters.voters_len) == 0;
}

size_t group_encode_election(uint8_t *buf, size_t size, const char *group,
			     const struct election_message *m, const struct group_told *told)
{
	timegroup_election w = group_wire_election(group, m);
	uint8_t octets[TIMEGROUP_MAX_TOLD];

	w.told.told_val = (char *)octets;
	for (size_t i = 0; told && i < told->n; i++) {
		w.told.told_len += (u_int)member_pack(octets + w.told.told_len, &told->at[i]);
	}
	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_election, &w);
}

bool group_decode_election(struct group_head *head, struct group_election *out,
			   const uint8_t *bytes, size_t n)
{
	timegroup_election w;
	bool ok;

	if (!group_wire_decode(&w, sizeof(w), (xdrproc_t)xdr_timegroup_election, bytes, n)) {
		return false;
	}
	group_wire_take_head(head, &w.head);
	ok = group_wire_take_election(out, &w);
	group_wire_free((xdrproc_t)xdr_timegroup_election, &w);
	return ok;
}

size_t group_encode_election_result(uint8_t *buf, size_t size, const struct group_head *head,
				    const struct election_message *answer)
{
	timegroup_election_result w = { .head = group_wire_head(head) };
	timegroup_election inner;

	if (answer) {
		inner = group_wire_election(head->group, answer);
		w.answer = &inner;
	}
	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_election_result, &w);
}

bool group_decode_election_result(struct group_head *head, bool *has_answer,
				  struct group_election *out, const uint8_t *bytes, size_t n)
{
	const xdrproc_t codec = (xdrproc_t)xdr_timegroup_election_result;
	timegroup_election_result w;
	bool ok;

	if (!group_wire_decode(&w, sizeof(w), codec, bytes, n)) {
		return false;
	}
	group_wire_take_head(head, &w.head);
	*has_answer = w.answer != NULL;
	ok = !w.answer ||
	     (group_wire_take_election(out, w.answer) && w.answer->head.sender == w.head.sender);
	group_wire_free(codec, &w);
	return ok;
}
