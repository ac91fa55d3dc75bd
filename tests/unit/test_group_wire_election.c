/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of elections, octet by octet, and values out of range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/group_bodies.h"
#include "tests/support/message.h"

static void put_head(struct message *m)
{
	message_opaque(m, "room", 4);
	message_u64(m, 7);
	message_u64(m, 9);
	message_u64(m, 3);
}

/* The vote of group_body_vote, of any kind and verdict, without its list of voters. */
static void put_election(struct message *m, uint32_t kind, uint32_t verdict)
{
	put_head(m);
	message_u32(m, kind);
	message_u64(m, 0x0102030405060708);
	message_u64(m, 2);
	message_u64(m, 3000000000);
	message_u64(m, 1);
	message_u64(m, 2);
	message_u64(m, UINT64_MAX);
	message_u32(m, 0);
	message_u64(m, 0);
	message_u32(m, verdict);
}

/* The list of voters, and nobody's address. */
static void put_list(struct message *m, const member_id *ids, size_t n)
{
	message_u32(m, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		message_u64(m, ids[i]);
	}
	message_u32(m, 0);
}

static bool takes_election(const struct message *m, struct group_election *e)
{
	struct group_head head;

	return group_decode_election(&head, e, m->bytes, m->len);
}

static bool takes_list(enum election_kind kind, const member_id *ids, size_t n,
		       struct group_election *e)
{
	struct message m = { .len = 0 };

	put_election(&m, kind, 0);
	put_list(&m, ids, n);
	return takes_election(&m, e);
}

static void assert_encoded(const struct message *expected, const uint8_t *bytes, size_t n)
{
	assert_int_equal(n, expected->len);
	assert_memory_equal(bytes, expected->bytes, n);
}

static void assert_same(const struct election_message *a, const struct election_message *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->from, b->from);
	assert_int_equal(a->to, b->to);
	assert_int_equal(a->term, b->term);
	assert_int_equal(a->serial, b->serial);
	assert_int_equal(a->released, b->released);
	assert_int_equal(a->lease, b->lease);
	assert_int_equal(a->stamp.term, b->stamp.term);
	assert_int_equal(a->stamp.version, b->stamp.version);
	assert_int_equal(a->stamp.digest, b->stamp.digest);
	assert_int_equal(a->takeover, b->takeover);
	assert_int_equal(a->successor, b->successor);
	assert_int_equal(a->verdict, b->verdict);
	assert_ptr_equal(a->voters, b->voters);
}

static void a_vote(void **state)
{
	const struct election_message vote = group_body_vote();
	struct message m = { .len = 0 };
	uint8_t bytes[GROUP_BODY_MAX];
	struct group_election e;
	struct group_head head;

	(void)state;
	put_election(&m, 2, 0);
	put_list(&m, NULL, 0);
	assert_encoded(&m, bytes, group_encode_election(bytes, sizeof(bytes), "room", &vote, NULL));
	assert_true(group_decode_election(&head, &e, m.bytes, m.len));
	assert_string_equal(head.group, "room");
	assert_same(&e.message, &vote);
}

static void the_rest_of_a_message(void **state)
{
	struct election_message sent = group_body_vote();
	uint8_t bytes[GROUP_BODY_MAX];
	struct group_election e;
	struct group_head head;
	size_t n;

	(void)state;
	sent.takeover = true;
	sent.successor = UINT64_MAX;
	sent.verdict = ELECTION_NOT_FOR_ME;
	for (int kind = 0; kind < ELECTION_KINDS; kind++) {
		if (kind == ELECTION_VOTERS) {
			continue;
		}
		sent.kind = (enum election_kind)kind;
		n = group_encode_election(bytes, sizeof(bytes), "room", &sent, NULL);
		assert_true(group_decode_election(&head, &e, bytes, n));
		assert_same(&e.message, &sent);
	}
}

static void kinds_and_verdicts_that_there_are_not(void **state)
{
	static const uint32_t none[] = { 100, INT32_MAX, 0x80000000, UINT32_MAX };
	struct group_election e;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct message kind = { .len = 0 }, verdict = { .len = 0 };

		put_election(&kind, i == 4 ? ELECTION_KINDS : none[i], 0);
		put_list(&kind, NULL, 0);
		assert_false(takes_election(&kind, &e));
		put_election(&verdict, 2, i == 4 ? ELECTION_VERDICTS : none[i]);
		put_list(&verdict, NULL, 0);
		assert_false(takes_election(&verdict, &e));
	}
}

static void an_voters(void **state)
{
	const member_id ids[] = { 8, 7, UINT64_MAX };
	struct group_election e;

	(void)state;
	assert_true(takes_list(ELECTION_VOTERS, ids, 3, &e));
	assert_ptr_equal(e.message.voters, &e.voters);
	assert_int_equal(e.voters.n, 3);
	assert_int_equal(e.voters.id[0], 7);
	assert_int_equal(e.voters.id[2], UINT64_MAX);
	assert_int_equal(e.voters.stamp.term, 1);
	assert_int_equal(e.voters.stamp.version, 2);
	assert_true(takes_list(ELECTION_VOTERS, ids, 0, &e));
	assert_int_equal(e.voters.n, 0);
}

static void voters_that_are_none(void **state)
{
	const member_id nobody[] = { 7, MEMBER_NONE }, twice[] = { 7, 8, 7 };
	struct message m = { .len = 0 };
	struct group_election e;

	(void)state;
	assert_false(takes_list(ELECTION_VOTERS, nobody, 2, &e));
	assert_false(takes_list(ELECTION_VOTERS, twice, 3, &e));
	/* A list in a message of another kind, and one that is longer than the message. */
	assert_false(takes_list(ELECTION_HEARTBEAT, twice, 1, &e));
	put_election(&m, ELECTION_VOTERS, 0);
	message_u32(&m, UINT32_MAX);
	assert_false(takes_election(&m, &e));
}

static void the_longest_message(void **state)
{
	const struct voters all = group_body_voters(MEMBERS_MAX);
	struct election_message sent = group_body_vote();
	uint8_t bytes[GROUP_BODY_MAX];
	struct group_told told;
	struct group_election e;
	struct group_head head;
	size_t n;

	(void)state;
	sent.kind = ELECTION_VOTERS;
	sent.voters = &all;
	for (told.n = 0; told.n < GROUP_TOLD; told.n++) {
		told.at[told.n] = group_body_v6();
	}
	n = group_encode_election(bytes, sizeof(bytes), "the longest name groups may have", &sent,
				  &told);
	assert_true(n > 8 * MEMBERS_MAX + GROUP_TOLD * MEMBER_OCTETS_V6);
	assert_true(group_decode_election(&head, &e, bytes, n));
	assert_string_equal(head.group, "the longest name groups may have");
	assert_int_equal(strlen(head.group), GROUP_NAME_MAX);
	assert_memory_equal(e.voters.id, all.id, sizeof(all.id));
	assert_int_equal(e.told.n, GROUP_TOLD);
	assert_int_equal(group_encode_election(bytes, sizeof(bytes),
					       "the longest name that groups have", &sent, NULL),
			 0);
}

/* Whether a list of n voters is taken with one member more put into the message. */
static bool takes_one_more(size_t n)
{
	const struct voters all = group_body_voters(n);
	struct election_message sent = group_body_vote();
	uint8_t bytes[GROUP_BODY_MAX];
	struct group_election e;
	struct group_head head;
	size_t size;

	sent.kind = ELECTION_VOTERS;
	sent.voters = &all;
	size = group_encode_election(bytes, sizeof(bytes), "room", &sent, NULL);
	memset(bytes + size - 4, 0xff, 8); /* nobody's address comes behind it */
	memset(bytes + size + 4, 0, 4);
	bytes[size - 4 - 8 * n - 2] = (uint8_t)((n + 1) >> 8);
	bytes[size - 4 - 8 * n - 1] = (uint8_t)(n + 1);
	return group_decode_election(&head, &e, bytes, size + 8) && e.voters.n == n + 1;
}

static void at_most_so_many_members(void **state)
{
	(void)state;
	assert_true(takes_one_more(1));
	assert_true(takes_one_more(MEMBERS_MAX - 1));
	assert_false(takes_one_more(MEMBERS_MAX));
}

static bool takes_told(const void *octets, size_t n, struct group_election *e)
{
	struct message m = { .len = 0 };

	put_election(&m, ELECTION_HEARTBEAT, 0);
	message_u32(&m, 0);
	message_opaque(&m, octets, n);
	return takes_election(&m, e);
}

static void where_members_are(void **state)
{
	uint8_t octets[(GROUP_TOLD + 1) * MEMBER_OCTETS_V6];
	struct group_election e;
	struct address second;
	char text[ADDRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++) {
		octets[i] = (uint8_t)(i % MEMBER_OCTETS_V6 + 1);
	}
	for (size_t n = 0; n <= sizeof(octets); n++) {
		const bool ok = n % MEMBER_OCTETS_V6 == 0 && n / MEMBER_OCTETS_V6 <= GROUP_TOLD;

		assert_int_equal(takes_told(octets, n, &e), ok);
		assert_true(!ok || e.told.n == n / MEMBER_OCTETS_V6);
	}
	assert_true(takes_told(octets, 2 * MEMBER_OCTETS_V6, &e));
	second = group_socket_address(&e.told.at[1]);
	assert_string_equal(address_text(&second, text), "[102:304:506:708:90a:b0c:d0e:f10]:4370");
	memset(octets + MEMBER_OCTETS_V6 - 2, 0, 2); /* port 0 */
	assert_false(takes_told(octets, 2 * MEMBER_OCTETS_V6, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vote),
		cmocka_unit_test(the_rest_of_a_message),
		cmocka_unit_test(kinds_and_verdicts_that_there_are_not),
		cmocka_unit_test(an_voters),
		cmocka_unit_test(voters_that_are_none),
		cmocka_unit_test(the_longest_message),
		cmocka_unit_test(at_most_so_many_members),
		cmocka_unit_test(where_members_are),
	};

	return cmocka_run_group_tests_name("group wire: elections", tests, NULL, NULL);
}
