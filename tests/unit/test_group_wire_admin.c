/* SPDX-License-Identifier: BSD-3-Clause */
/* What administrators send and get: changes and the status, and the addresses in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/group_bodies.h"
#include "tests/support/message.h"

/* Behind the head of 32 octets and the nonce of a change. */
#define ADDRESS_AT 48
/* Of a page with members: behind the counts, and then in each member. */
enum {
	MEMBERS_AT =
		32 + 16 + 8 + 8 + 4 + 4 + 9 * 8 + 4 + 2 * 4 + 2 * 8 + 4 + 8 * GROUP_COUNTS + 4 + 4
};
enum { MEMBER_PART_AT = 8 + 4 + 20 + 8, MEMBER_OUTCOME_AT = MEMBER_PART_AT + 4 + 3 * 8 };
enum {
	MEMBER_REFERENCE_AT = MEMBER_OUTCOME_AT + 4,
	MEMBER_FREQUENCY_AT = MEMBER_REFERENCE_AT + 12
};
enum { MEMBER_SIZE = MEMBER_FREQUENCY_AT + 8 + 4 };

static void put_u32(uint8_t *at, uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8) {
		at[i] = (uint8_t)v;
	}
}

static void assert_same_address(const struct member_address *a, const struct member_address *b)
{
	assert_memory_equal(&a->host, &b->host, sizeof(a->host));
	assert_int_equal(a->is_v4, b->is_v4);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->scope, b->scope);
}

/* --- addresses --- */

static void addresses(void **state)
{
	const uint8_t v4[] = { 127, 0, 0, 1, 16, 0 };
	const uint8_t v6[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 16, 0 };
	const struct member_address one = group_body_v4(), other = group_body_v6();
	uint8_t octets[MEMBER_OCTETS_MAX];
	struct member_address back;

	(void)state;
	assert_int_equal(member_pack(octets, &one), sizeof(v4));
	assert_memory_equal(octets, v4, sizeof(v4));
	assert_true(member_unpack(&back, octets, sizeof(v4)));
	assert_same_address(&back, &one);
	assert_int_equal(member_pack(octets, &other), sizeof(v6));
	assert_memory_equal(octets, v6, sizeof(v6));
	assert_true(member_unpack(&back, octets, sizeof(v6)));
	assert_same_address(&back, &other);
}

static void addresses_that_are_none(void **state)
{
	uint8_t octets[MEMBER_OCTETS_MAX];
	struct member_address back;

	(void)state;
	memset(octets, 1, sizeof(octets));
	for (size_t n = 0; n <= sizeof(octets); n++) {
		assert_int_equal(member_unpack(&back, octets, n), n == 6 || n == 18);
	}
	memset(octets + 4, 0, 2);
	assert_false(member_unpack(&back, octets, 6)); /* port 0 */
	assert_int_equal(member_pack(octets, &(struct member_address){ .is_v4 = true }), 0);
}

/* For sockets, and back; a link-local one keeps its link, which is no part of its octets. */
static void addresses_of_sockets(void **state)
{
	struct member_address at = group_body_v6();
	struct address socket = group_socket_address(&at), local;
	struct member_address back = group_member_address(&socket);
	char text[ADDRESS_TEXT_MAX];

	(void)state;
	assert_string_equal(address_text(&socket, text), "[2001:db8::1]:4096");
	assert_same_address(&back, &at);
	at = group_body_v4();
	socket = group_socket_address(&at);
	back = group_member_address(&socket);
	assert_string_equal(address_text(&socket, text), "127.0.0.1:4096");
	assert_same_address(&back, &at);
	assert_true(address_parse(&socket, "fe80::1%7"));
	address_set_port(&socket, 1);
	at = group_member_address(&socket);
	assert_int_equal(at.scope, 7);
	socket = group_socket_address(&at);
	assert_string_equal(address_host_text(&socket, text), "fe80::1%7");
	assert_true(address_unix(&local, "/run/socket"));
	assert_int_equal(group_member_address(&local).port, 0);
}

/* --- changes --- */

static bool takes_change(const void *address, size_t n, struct group_change *c)
{
	struct message m = { .len = 0 };

	message_opaque(&m, "room", 4);
	for (uint64_t i = 0; i < 5; i++) { /* from, to, term, and the nonce */
		message_u64(&m, i + 1);
	}
	assert_int_equal(m.len, ADDRESS_AT);
	message_opaque(&m, address, n);
	return group_decode_change(c, m.bytes, m.len);
}

static void changes(void **state)
{
	const struct member_address v4 = group_body_v4();
	const uint8_t nonce[] = { 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5 };
	struct group_change c;

	(void)state;
	assert_true(takes_change("\x7f\0\0\1\x10\0", 6, &c));
	assert_same_address(&c.address, &v4);
	assert_memory_equal(&c.nonce, nonce, sizeof(nonce));
	assert_int_equal(c.head.from, 1);
	assert_int_equal(c.head.to, 2);
	assert_int_equal(c.head.term, 3);
	assert_true(takes_change("", 0, &c));
	assert_int_equal(c.address.port, 0);
}

static void changes_at_no_address(void **state)
{
	uint8_t octets[24];
	struct group_change c;

	(void)state;
	memset(octets, 1, sizeof(octets));
	for (size_t n = 0; n <= sizeof(octets); n++) {
		assert_int_equal(takes_change(octets, n, &c), n == 0 || n == 6 || n == 18);
	}
	assert_false(takes_change("\x7f\0\0\1\0\0", 6, &c)); /* port 0 */
}

static void answers_to_changes(void **state)
{
	const struct group_head head = group_body_head();

	(void)state;
	for (uint32_t i = 0; i <= GROUP_ANSWERS + 1; i++) {
		uint8_t bytes[GROUP_BODY_MAX];
		enum group_answer answer;
		struct group_head back;
		size_t n = group_encode_change_result(bytes, sizeof(bytes), &head, GROUP_DONE);

		assert_true(n > 0);
		put_u32(bytes + n - 4, i <= GROUP_ANSWERS ? i : UINT32_MAX);
		assert_int_equal(group_decode_change_result(&back, &answer, bytes, n),
				 i < GROUP_ANSWERS);
		assert_true(i >= GROUP_ANSWERS || (uint32_t)answer == i);
	}
}

/* --- the status --- */

static void assert_same_member(const struct group_member_status *a,
			       const struct group_member_status *b)
{
	assert_int_equal(a->id, b->id);
	assert_same_address(&a->address, &b->address);
	assert_int_equal(a->heard, b->heard);
	assert_int_equal(a->part, b->part);
	assert_int_equal(a->offset, b->offset);
	assert_int_equal(a->delay, b->delay);
	assert_int_equal(a->correction, b->correction);
	assert_int_equal(a->outcome, b->outcome);
	assert_int_equal(a->reference, b->reference);
	assert_int_equal(a->max_error, b->max_error);
	assert_int_equal(a->frequency_ppb, b->frequency_ppb);
	assert_int_equal(a->unlike, b->unlike);
}

static void assert_same_status(const struct group_status *a, const struct group_status *b)
{
	assert_string_equal(a->head.group, b->head.group);
	assert_memory_equal(&a->nonce, &b->nonce, sizeof(a->nonce));
	assert_int_equal(a->leader, b->leader);
	assert_int_equal(a->leader_for, b->leader_for);
	assert_int_equal(a->leads, b->leads);
	assert_int_equal(a->insecure, b->insecure);
	assert_int_equal(a->lease, b->lease);
	assert_int_equal(a->cycle, b->cycle);
	assert_int_equal(a->tolerance, b->tolerance);
	assert_int_equal(a->max_correction, b->max_correction);
	assert_int_equal(a->corrected, b->corrected);
	assert_int_equal(a->correction, b->correction);
	assert_int_equal(a->cycle_ended, b->cycle_ended);
	assert_int_equal(a->cycle_took, b->cycle_took);
	assert_int_equal(a->mean, b->mean);
	assert_int_equal(a->used, b->used);
	assert_int_equal(a->reference, b->reference);
	assert_int_equal(a->follows, b->follows);
	assert_int_equal(a->source_for, b->source_for);
	assert_int_equal(a->max_error, b->max_error);
	assert_memory_equal(a->counts, b->counts, sizeof(a->counts));
	assert_int_equal(a->total, b->total);
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_same_member(&a->members[i], &b->members[i]);
	}
}

static void pages_of_the_status(void **state)
{
	(void)state;
	for (size_t members = 0; members <= GROUP_PAGE; members += GROUP_PAGE / 2) {
		struct group_status sent = group_body_status(members), got;
		uint8_t bytes[GROUP_BODY_MAX];
		size_t n;

		if (members > 0) { /* one whose address nobody knows */
			memset(&sent.members[0].address, 0, sizeof(struct member_address));
		}
		n = group_encode_status(bytes, sizeof(bytes), &sent);
		assert_true(n > 0);
		assert_true(group_decode_status(&got, bytes, n));
		assert_same_status(&got, &sent);
	}
}

/* A page of three; a number of the middle one is another. */
static bool takes_status_with(size_t at, uint32_t value)
{
	struct group_status s = group_body_status(3);
	uint8_t bytes[GROUP_BODY_MAX];
	const size_t n = group_encode_status(bytes, sizeof(bytes), &s);

	assert_int_equal(n, MEMBERS_AT + 3 * MEMBER_SIZE);
	put_u32(bytes + MEMBERS_AT + MEMBER_SIZE + at, value);
	return group_decode_status(&s, bytes, n);
}

static void members_that_cannot_be(void **state)
{
	(void)state;
	assert_true(takes_status_with(MEMBER_PART_AT, GROUP_IN_MEAN));
	assert_false(takes_status_with(MEMBER_PART_AT, GROUP_PARTS));
	assert_false(takes_status_with(MEMBER_PART_AT, UINT32_MAX));
	assert_true(takes_status_with(MEMBER_OUTCOME_AT, GROUP_NOT_SENT));
	assert_false(takes_status_with(MEMBER_OUTCOME_AT, GROUP_OUTCOMES));
	assert_false(takes_status_with(MEMBER_OUTCOME_AT, UINT32_MAX));
	assert_true(takes_status_with(MEMBER_REFERENCE_AT, GROUP_REFERENCE_NONE));
	assert_false(takes_status_with(MEMBER_REFERENCE_AT, GROUP_REFERENCES));
	assert_false(takes_status_with(MEMBER_REFERENCE_AT, UINT32_MAX));
	assert_false(takes_status_with(MEMBER_REFERENCE_AT + 4, 0x80000000)); /* no error */
	assert_false(takes_status_with(MEMBER_FREQUENCY_AT, 1));
	assert_false(takes_status_with(8, 17)); /* octets of the address: 18 until now */
	assert_false(takes_status_with(8, 19));
}

/* A later version may count more, and an earlier one less. */
static void more_counts_and_fewer(void **state)
{
	const size_t counts_at = MEMBERS_AT - 8 - 8 * GROUP_COUNTS;
	struct group_status s = group_body_status(0);
	uint8_t bytes[GROUP_BODY_MAX];
	const size_t n = group_encode_status(bytes, sizeof(bytes), &s);

	(void)state;
	assert_int_equal(n, MEMBERS_AT);
	memset(bytes + n, 0, 8);
	put_u32(bytes + counts_at - 4, GROUP_COUNTS + 1);
	assert_true(group_decode_status(&s, bytes, n + 8));
	assert_int_equal(s.counts[0], 11);
	assert_int_equal(s.counts[GROUP_COUNTS - 1], UINT64_MAX);
	put_u32(bytes + counts_at - 4, 1);
	memset(bytes + counts_at + 8, 0, 8); /* no members in all, and none here */
	assert_true(group_decode_status(&s, bytes, counts_at + 16));
	assert_int_equal(s.counts[0], 11);
	assert_int_equal(s.counts[GROUP_COUNTS - 1], 0);
}

/* Whoever asks gets no more octets than it has sent. */
static void a_status_is_no_longer_than_its_question(void **state)
{
	uint8_t question[GROUP_BODY_MAX], answer[GROUP_BODY_MAX];

	(void)state;
	for (size_t members = 0; members <= GROUP_PAGE; members++) {
		struct group_status_args args = { .head = group_body_head(), .members = members };
		struct group_status s = group_body_status(members);
		const size_t n = group_encode_status_args(question, sizeof(question), &args);

		memset(s.head.group, 'x', GROUP_NAME_MAX);
		assert_in_range(group_encode_status(answer, sizeof(answer), &s), 1, n);
		assert_true(group_decode_status_args(&args, question, n));
		assert_int_equal(args.members, members);
	}
}

/* One that leaves no room for any answer is none: its sender would have to be answered with more.
 */
static void a_question_for_the_status_that_is_too_short(void **state)
{
	const struct group_status_args args = { .head = group_body_head() };
	struct group_status_args got;
	uint8_t question[GROUP_BODY_MAX];
	const size_t n = group_encode_status_args(question, sizeof(question), &args);
	const size_t length_at = 4 + 4 + 3 * 8 + TICKET_NONCE_BYTES + 4;

	(void)state;
	assert_true(group_decode_status_args(&got, question, n));
	question[length_at + 3] = (uint8_t)(question[length_at + 3] - 4); /* of the room */
	assert_false(group_decode_status_args(&got, question, n - 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(addresses_that_are_none),
		cmocka_unit_test(addresses_of_sockets),
		cmocka_unit_test(changes),
		cmocka_unit_test(changes_at_no_address),
		cmocka_unit_test(answers_to_changes),
		cmocka_unit_test(pages_of_the_status),
		cmocka_unit_test(members_that_cannot_be),
		cmocka_unit_test(more_counts_and_fewer),
		cmocka_unit_test(a_status_is_no_longer_than_its_question),
		cmocka_unit_test(a_question_for_the_status_that_is_too_short),
	};

	return cmocka_run_group_tests_name("group wire: administrators", tests, NULL, NULL);
}
