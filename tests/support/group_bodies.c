/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/group_bodies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT 4096

static void require(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "cannot make %s\n", what);
		exit(1);
	}
}

struct group_head group_body_head(void)
{
	return (struct group_head){ .group = "room", .from = 7, .to = 9, .term = 3 };
}

struct ticket_nonce group_body_nonce(void)
{
	struct ticket_nonce n = { .byte = { 0 } };

	for (size_t i = 0; i < sizeof(n); i++) {
		n.byte[i] = (uint8_t)(0xf0 + i);
	}
	return n;
}

struct election_message group_body_vote(void)
{
	return (struct election_message){
		.kind = ELECTION_VOTE,
		.from = 7,
		.to = 9,
		.term = 3,
		.serial = 0x0102030405060708,
		.released = 2,
		.lease = 3 * NS_PER_SEC,
		.stamp = { 1, 2, UINT64_MAX },
	};
}

static struct election_message no(enum election_kind kind)
{
	struct election_message m = group_body_vote();

	m.kind = kind;
	m.verdict = ELECTION_VOTED;
	return m;
}

static struct member_address address_of(const char *host)
{
	struct address a;

	require(address_parse(&a, host), host);
	address_set_port(&a, PORT);
	return group_member_address(&a);
}

struct member_address group_body_v6(void)
{
	return address_of("2001:db8::1");
}

struct member_address group_body_v4(void)
{
	return address_of("127.0.0.1");
}

struct voters group_body_voters(size_t n)
{
	struct voters e;
	member_id ids[MEMBERS_MAX];

	for (size_t i = 0; i < n; i++) {
		ids[i] = i + 1;
	}
	require(voters_make(&e, 3, 1, ids, n) == 0, "a list of voters");
	return e;
}

/* --- among members --- */

static size_t encode_vote(uint8_t *buf, size_t size)
{
	const struct election_message m = group_body_vote();

	return group_encode_election(buf, size, "room", &m, NULL);
}

static size_t encode_heartbeat(uint8_t *buf, size_t size)
{
	const struct group_told told = { .n = 2, .at = { group_body_v6(), group_body_v6() } };
	struct election_message m = group_body_vote();

	m.kind = ELECTION_HEARTBEAT;
	return group_encode_election(buf, size, "room", &m, &told);
}

static size_t encode_voters(uint8_t *buf, size_t size)
{
	const struct voters e = group_body_voters(MEMBERS_MAX);
	struct election_message m = group_body_vote();

	m.kind = ELECTION_VOTERS;
	m.stamp = e.stamp;
	m.voters = &e;
	return group_encode_election(buf, size, "room", &m, NULL);
}

static size_t recode_election(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_election e;
	struct group_head head;

	return group_decode_election(&head, &e, bytes, n)
		       ? group_encode_election(out, GROUP_BODY_MAX, head.group, &e.message, &e.told)
		       : 0;
}

static size_t encode_answer(uint8_t *buf, size_t size)
{
	const struct group_head head = group_body_head();
	const struct election_message m = no(ELECTION_VOTE_ANSWER);

	return group_encode_election_result(buf, size, &head, &m);
}

static size_t encode_no_answer(uint8_t *buf, size_t size)
{
	const struct group_head head = group_body_head();

	return group_encode_election_result(buf, size, &head, NULL);
}

static size_t recode_election_result(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_election e;
	struct group_head head;
	bool has_answer;

	if (!group_decode_election_result(&head, &has_answer, &e, bytes, n)) {
		return 0;
	}
	return group_encode_election_result(out, GROUP_BODY_MAX, &head,
					    has_answer ? &e.message : NULL);
}

static size_t encode_poll(uint8_t *buf, size_t size)
{
	const struct group_poll_call p = {
		.head = group_body_head(),
		.serial = 0x0102030405060708,
		.once = group_body_nonce(),
	};

	return group_encode_poll(buf, size, &p);
}

static size_t recode_poll(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_poll_call p;

	return group_decode_poll(&p, bytes, n) ? group_encode_poll(out, GROUP_BODY_MAX, &p) : 0;
}

static size_t encode_poll_result(uint8_t *buf, size_t size)
{
	const struct group_poll_result r = {
		.head = group_body_head(),
		.nonce = group_body_nonce(),
		.ts2 = 0,
		.ts3 = TS_LIMIT - 1,
		.report = { .reference = true,
			    .learned = true,
			    .learned_ppb = -3,
			    .frequency_ppb = 2,
			    .max_error = GROUP_UNKNOWN_ERROR,
			    .drift_ppb = 1 },
	};

	return group_encode_poll_result(buf, size, &r);
}

static size_t encode_refused_poll(uint8_t *buf, size_t size)
{
	const struct group_poll_result r = {
		.head = group_body_head(),
		.refused = true,
		.refusal = no(ELECTION_HEARTBEAT_ANSWER),
	};

	return group_encode_poll_result(buf, size, &r);
}

static size_t recode_poll_result(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_poll_result r;

	return group_decode_poll_result(&r, bytes, n)
		       ? group_encode_poll_result(out, GROUP_BODY_MAX, &r)
		       : 0;
}

static size_t encode_adjust(uint8_t *buf, size_t size)
{
	const struct group_adjust a = {
		.head = group_body_head(),
		.nonce = group_body_nonce(),
		.correction = -5,
		.turn = 6,
		.time = { .by_reference = true, .afresh = true, .max_error = 7, .drift_ppb = 8 },
	};

	return group_encode_adjust(buf, size, &a);
}

static size_t recode_adjust(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_adjust a;

	return group_decode_adjust(&a, bytes, n) ? group_encode_adjust(out, GROUP_BODY_MAX, &a) : 0;
}

static size_t encode_adjust_result(uint8_t *buf, size_t size)
{
	const struct group_head head = group_body_head();

	return group_encode_adjust_result(buf, size, &head, GROUP_REFUSED);
}

static size_t recode_adjust_result(const uint8_t *bytes, size_t n, uint8_t *out)
{
	enum group_outcome outcome;
	struct group_head head;

	return group_decode_adjust_result(&head, &outcome, bytes, n)
		       ? group_encode_adjust_result(out, GROUP_BODY_MAX, &head, outcome)
		       : 0;
}

const struct group_body group_member_bodies[GROUP_MEMBER_BODIES] = {
	{ "vote", encode_vote, recode_election },
	{ "heartbeat", encode_heartbeat, recode_election },
	{ "voters of all members", encode_voters, recode_election },
	{ "answer", encode_answer, recode_election_result },
	{ "no answer", encode_no_answer, recode_election_result },
	{ "poll", encode_poll, recode_poll },
	{ "poll's answer", encode_poll_result, recode_poll_result },
	{ "refused poll", encode_refused_poll, recode_poll_result },
	{ "correction", encode_adjust, recode_adjust },
	{ "outcome", encode_adjust_result, recode_adjust_result },
};
