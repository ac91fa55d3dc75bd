/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What members of a group say to each other: whatever is taken can be said in one way, which is
 * taken for the same.
 *
 * Input: an octet that says what it is, and the body or the envelope.
 */
#include <string.h>

#include "group/wire/envelope.h"
#include "tests/fuzz/fuzz.h"

/* Decode a body and encode it again, into GROUP_BODY_MAX octets. The length; 0 if it is none. */
typedef size_t recode_fn(const uint8_t *bytes, size_t n, uint8_t *out);

/* A decoded body can be encoded. */
static size_t encoded(size_t n)
{
	FUZZ_REQUIRE(n > 0 && n <= GROUP_BODY_MAX);
	return n;
}

static size_t recode_head(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_head head;

	if (!group_decode_head(&head, bytes, n)) {
		return 0;
	}
	FUZZ_REQUIRE(memchr(head.group, '\0', sizeof(head.group)) != NULL);
	return encoded(group_encode_head(out, GROUP_BODY_MAX, &head));
}

static size_t recode_election(const uint8_t *bytes, size_t n, uint8_t *out)
{
	static struct group_election e;
	struct group_head head;

	if (!group_decode_election(&head, &e, bytes, n)) {
		return 0;
	}
	FUZZ_REQUIRE(e.message.kind < ELECTION_KINDS && e.message.verdict < ELECTION_VERDICTS);
	FUZZ_REQUIRE((e.message.kind == ELECTION_VOTERS) == (e.message.voters != NULL));
	FUZZ_REQUIRE(!e.message.voters || e.voters.n <= MEMBERS_MAX);
	FUZZ_REQUIRE(e.told.n <= GROUP_TOLD);
	return encoded(group_encode_election(out, GROUP_BODY_MAX, head.group, &e.message, &e.told));
}

static size_t recode_election_result(const uint8_t *bytes, size_t n, uint8_t *out)
{
	static struct group_election e;
	struct group_head head;
	bool has_answer;

	if (!group_decode_election_result(&head, &has_answer, &e, bytes, n)) {
		return 0;
	}
	FUZZ_REQUIRE(!has_answer || e.message.from == head.from);
	return encoded(group_encode_election_result(out, GROUP_BODY_MAX, &head,
						    has_answer ? &e.message : NULL));
}

static size_t recode_poll(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_poll_call p;

	if (!group_decode_poll(&p, bytes, n)) {
		return 0;
	}
	return encoded(group_encode_poll(out, GROUP_BODY_MAX, &p));
}

static size_t recode_poll_result(const uint8_t *bytes, size_t n, uint8_t *out)
{
	static struct group_poll_result r;

	if (!group_decode_poll_result(&r, bytes, n)) {
		return 0;
	}
	FUZZ_REQUIRE(ts_valid(r.ts2) && ts_valid(r.ts3));
	return encoded(group_encode_poll_result(out, GROUP_BODY_MAX, &r));
}

static size_t recode_adjust(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_adjust a;

	if (!group_decode_adjust(&a, bytes, n)) {
		return 0;
	}
	FUZZ_REQUIRE(a.correction > -TS_LIMIT && a.correction < TS_LIMIT);
	return encoded(group_encode_adjust(out, GROUP_BODY_MAX, &a));
}

static size_t recode_adjust_result(const uint8_t *bytes, size_t n, uint8_t *out)
{
	enum group_outcome outcome;
	struct group_head head;

	if (!group_decode_adjust_result(&head, &outcome, bytes, n)) {
		return 0;
	}
	return encoded(group_encode_adjust_result(out, GROUP_BODY_MAX, &head, outcome));
}

static size_t recode_change(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_change c;

	if (!group_decode_change(&c, bytes, n)) {
		return 0;
	}
	return encoded(group_encode_change(out, GROUP_BODY_MAX, &c));
}

static size_t recode_change_result(const uint8_t *bytes, size_t n, uint8_t *out)
{
	enum group_answer answer;
	struct group_head head;

	if (!group_decode_change_result(&head, &answer, bytes, n)) {
		return 0;
	}
	return encoded(group_encode_change_result(out, GROUP_BODY_MAX, &head, answer));
}

static size_t recode_status_args(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_status_args args;

	if (!group_decode_status_args(&args, bytes, n)) {
		return 0;
	}
	FUZZ_REQUIRE(args.members <= GROUP_PAGE);
	return encoded(group_encode_status_args(out, GROUP_BODY_MAX, &args));
}

static size_t recode_status(const uint8_t *bytes, size_t n, uint8_t *out)
{
	static struct group_status s;

	if (!group_decode_status(&s, bytes, n)) {
		return 0;
	}
	FUZZ_REQUIRE(s.n <= GROUP_PAGE);
	return encoded(group_encode_status(out, GROUP_BODY_MAX, &s));
}

static recode_fn *const recoders[] = {
	recode_head,        recode_election,      recode_election_result,
	recode_poll_result, recode_adjust,        recode_adjust_result,
	recode_change,      recode_change_result, recode_status,
	recode_status_args, recode_poll,
};

#define RECODERS (sizeof(recoders) / sizeof(recoders[0]))

static void check_body(recode_fn *recode, const uint8_t *bytes, size_t size)
{
	static uint8_t once[GROUP_BODY_MAX], twice[GROUP_BODY_MAX];
	const size_t n = recode(bytes, size, once);

	if (n > 0) {
		FUZZ_REQUIRE(recode(once, n, twice) == n);
		FUZZ_REQUIRE(memcmp(once, twice, n) == 0);
	}
}

/* Nobody without a key is believed, and the parts are all of the envelope. */
static void check_envelope(const uint8_t *bytes, size_t size)
{
	static uint8_t again[GROUP_BODY_MAX + 64];
	struct group_envelope m, copy;
	XDR xdr;

	if (!group_parse_envelope(&m, bytes, size)) {
		return;
	}
	FUZZ_REQUIRE(m.n <= GROUP_BODY_MAX && m.body >= bytes && m.body + m.n <= bytes + size);
	xdrmem_create(&xdr, (char *)again, sizeof(again), XDR_ENCODE);
	FUZZ_REQUIRE(group_xdr_envelope(&xdr, &m) && xdr_getpos(&xdr) == size);
	FUZZ_REQUIRE(group_parse_envelope(&copy, again, size));
	FUZZ_REQUIRE(copy.key_id == m.key_id && copy.n == m.n);
	FUZZ_REQUIRE(memcmp(copy.body, m.body, m.n) == 0);
	FUZZ_REQUIRE(memcmp(copy.mac, m.mac, sizeof(m.mac)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t what;

	if (size == 0) {
		return 0;
	}
	what = data[0] % (RECODERS + 1);
	if (what < RECODERS) {
		check_body(recoders[what], data + 1, size - 1);
	} else {
		check_envelope(data + 1, size - 1);
	}
	return 0;
}
