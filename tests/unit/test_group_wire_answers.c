/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers in elections, polls and corrections, octet by octet, and values out of range. */
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

/* That of group_body_nonce: octets that are counted up. */
static void put_nonce(struct message *m)
{
	message_u64(m, 0xf0f1f2f3f4f5f6f7);
	message_u64(m, 0xf8f9fafbfcfdfeff);
}

/* --- answers in elections --- */

/* That of a member to a question to member 7. */
static bool takes_answer(enum election_kind kind, member_id from)
{
	const struct group_head mine = group_body_head();
	struct election_message m = group_body_vote();
	uint8_t bytes[GROUP_BODY_MAX];
	struct group_election e;
	struct group_head head;
	bool has_answer;
	size_t n;

	m.kind = kind;
	m.from = from;
	m.verdict = ELECTION_VOTED;
	n = group_encode_election_result(bytes, sizeof(bytes), &mine, &m);
	assert_true(n > 0);
	return group_decode_election_result(&head, &has_answer, &e, bytes, n) && has_answer &&
	       e.message.kind == kind && e.message.verdict == ELECTION_VOTED;
}

static void answers_in_elections(void **state)
{
	struct message m = { .len = 0 };
	struct group_election e;
	struct group_head head;
	bool has_answer = true;

	(void)state;
	put_head(&m);
	message_u32(&m, 0);
	assert_true(group_decode_election_result(&head, &has_answer, &e, m.bytes, m.len));
	assert_false(has_answer);
	assert_int_equal(head.from, 7);
	assert_true(takes_answer(ELECTION_VOTE_ANSWER, 7));
	assert_false(takes_answer(ELECTION_KINDS, 7));
	assert_false(takes_answer(ELECTION_VOTE_ANSWER, 6)); /* of another than the reply */
}

/* --- polls --- */

static void put_report(struct message *m, uint32_t flags, int64_t max_error, int64_t drift,
		       int64_t ppb, int64_t learned)
{
	message_u32(m, flags);
	message_u64(m, (uint64_t)max_error);
	message_u64(m, (uint64_t)drift);
	message_u64(m, (uint64_t)ppb);
	message_u64(m, (uint64_t)learned);
}

static void put_stamps(struct message *m, uint64_t ts2, uint64_t ts3)
{
	put_head(m);
	message_u32(m, 0);
	put_nonce(m);
	message_u64(m, ts2);
	message_u64(m, ts3);
}

static void put_poll_result(struct message *m, uint64_t ts2, uint64_t ts3, int64_t ppb)
{
	put_stamps(m, ts2, ts3);
	put_report(m, 0, -1, 0, ppb, 0);
}

static bool takes_times(uint64_t ts2, uint64_t ts3)
{
	struct message m = { .len = 0 };
	struct group_poll_result r;

	put_poll_result(&m, ts2, ts3, 0);
	return group_decode_poll_result(&r, m.bytes, m.len);
}

static void answers_to_polls(void **state)
{
	const struct ticket_nonce nonce = group_body_nonce();
	struct message m = { .len = 0 };
	struct group_poll_result r;

	(void)state;
	put_poll_result(&m, 5, TS_LIMIT - 1, -77);
	assert_true(group_decode_poll_result(&r, m.bytes, m.len));
	assert_false(r.refused);
	assert_int_equal(r.ts2, 5);
	assert_int_equal(r.ts3, TS_LIMIT - 1);
	assert_int_equal(r.report.frequency_ppb, -77);
	assert_memory_equal(&r.nonce, &nonce, sizeof(nonce));
	assert_false(takes_times((uint64_t)TS_LIMIT, 5));
	assert_false(takes_times(5, (uint64_t)TS_LIMIT));
	assert_false(takes_times(UINT64_MAX, 5));
	assert_false(takes_times(5, (uint64_t)INT64_MIN));
}

/* No clock can be corrected by more than 10 %. */
static void frequencies(void **state)
{
	static const struct {
		int64_t ppb;
		bool taken;
	} cases[] = {
		{ 0, true },          { 100000000, true },   { -100000000, true },
		{ 100000001, false }, { -100000001, false }, { INT64_MIN, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message m = { .len = 0 };
		struct group_poll_result r;

		put_poll_result(&m, 5, 6, cases[i].ppb);
		assert_int_equal(group_decode_poll_result(&r, m.bytes, m.len), cases[i].taken);
	}
}

static bool takes_report(uint32_t flags, int64_t max_error, int64_t drift, int64_t learned,
			 struct group_report *report)
{
	struct message m = { .len = 0 };
	struct group_poll_result r;
	bool taken;

	put_stamps(&m, 5, 6);
	put_report(&m, flags, max_error, drift, 1, learned);
	taken = group_decode_poll_result(&r, m.bytes, m.len);
	*report = r.report;
	return taken;
}

static void reports_of_clocks(void **state)
{
	struct group_report r;

	(void)state;
	assert_true(takes_report(1 + 4, 7, 8, -9, &r));
	assert_true(r.reference && !r.unsettled && r.follows && !r.learned);
	assert_true(r.max_error == 7 && r.drift_ppb == 8 && r.learned_ppb == -9);
	assert_true(takes_report(2 + 8, -1, NS_PER_SEC, 100000000, &r));
	assert_true(!r.reference && r.unsettled && !r.follows && r.learned);
	assert_true(r.max_error == GROUP_UNKNOWN_ERROR);
	assert_true(takes_report(UINT32_MAX, TS_LIMIT - 1, 0, 0, &r)); /* of a later version */
	assert_false(takes_report(0, -2, 0, 0, &r));
	assert_false(takes_report(0, TS_LIMIT, 0, 0, &r));
	assert_false(takes_report(0, 0, -1, 0, &r));
	assert_false(takes_report(0, 0, NS_PER_SEC + 1, 0, &r));
	assert_false(takes_report(0, 0, 0, 100000001, &r));
	assert_false(takes_report(0, 0, 0, -100000001, &r));
}

/* A refusal with that verdict, in a reply of member 7 to member 9. */
static bool takes_refusal(enum election_verdict verdict)
{
	struct group_poll_result sent = { .head = group_body_head(), .refused = true }, r;
	const struct election_message vote = group_body_vote();
	uint8_t bytes[GROUP_BODY_MAX];
	size_t n;

	sent.refusal = vote;
	sent.refusal.verdict = verdict;
	n = group_encode_poll_result(bytes, sizeof(bytes), &sent);
	assert_true(n > 0);
	return group_decode_poll_result(&r, bytes, n) && r.refused &&
	       r.refusal.kind == ELECTION_HEARTBEAT_ANSWER && r.refusal.verdict == verdict &&
	       r.refusal.from == 7 && r.refusal.to == 9 && r.refusal.term == 3 &&
	       r.refusal.serial == 0 && r.refusal.released == vote.released &&
	       r.refusal.lease == vote.lease &&
	       memcmp(&r.refusal.stamp, &vote.stamp, sizeof(vote.stamp)) == 0;
}

static void refusals_of_polls(void **state)
{
	(void)state;
	assert_true(takes_refusal(ELECTION_OLD_TERM));
	assert_false(takes_refusal(ELECTION_YES));
	assert_false(takes_refusal(ELECTION_VERDICTS));
}

/* --- corrections --- */

static void put_time(struct message *m, int64_t turn, uint32_t source, int64_t max_error,
		     int64_t drift)
{
	message_u64(m, (uint64_t)turn);
	message_u32(m, source);
	message_u64(m, (uint64_t)max_error);
	message_u64(m, (uint64_t)drift);
	message_u32(m, 1);
}

static bool takes_adjust(int64_t correction, int64_t delay, int64_t rate, struct group_adjust *a)
{
	struct message m = { .len = 0 };

	put_head(&m);
	put_nonce(&m);
	message_u64(&m, (uint64_t)correction);
	message_u64(&m, (uint64_t)delay);
	message_u64(&m, (uint64_t)rate);
	put_time(&m, 0, 0, -1, 0);
	return group_decode_adjust(a, m.bytes, m.len);
}

static bool takes_time(int64_t turn, uint32_t source, int64_t max_error, int64_t drift,
		       struct group_adjust *a)
{
	struct message m = { .len = 0 };

	put_head(&m);
	put_nonce(&m);
	message_u64(&m, 1);
	message_u64(&m, 2);
	message_u64(&m, 3);
	put_time(&m, turn, source, max_error, drift);
	return group_decode_adjust(a, m.bytes, m.len);
}

static bool takes_correction(int64_t correction, struct group_adjust *a)
{
	return takes_adjust(correction, 5, -6, a);
}

static void corrections(void **state)
{
	static const int64_t good[] = { 0, -1, 1, -(TS_LIMIT - 1), TS_LIMIT - 1 };
	const struct ticket_nonce nonce = group_body_nonce();
	struct group_adjust a;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(takes_correction(good[i], &a));
		assert_int_equal(a.correction, good[i]);
		assert_true(a.delay == 5 && a.rate == -6);
		assert_memory_equal(&a.nonce, &nonce, sizeof(nonce));
		assert_int_equal(a.head.to, 9);
	}
	assert_false(takes_correction(TS_LIMIT, &a));
	assert_false(takes_correction(-TS_LIMIT, &a));
	assert_false(takes_correction(INT64_MAX, &a));
	assert_false(takes_correction(INT64_MIN, &a));
	assert_true(takes_adjust(0, 0, 500000000, &a));
	assert_true(takes_adjust(0, TS_LIMIT - 1, -500000000, &a));
	assert_false(takes_adjust(0, -1, 0, &a));
	assert_false(takes_adjust(0, TS_LIMIT, 0, &a));
	assert_false(takes_adjust(0, 0, 500000001, &a));
	assert_false(takes_adjust(0, 0, -500000001, &a));
	assert_false(takes_adjust(0, 0, INT64_MIN, &a));
}

static void times_of_corrections(void **state)
{
	struct group_adjust a;

	(void)state;
	assert_true(takes_time(-200000000, 1, 4, 5, &a));
	assert_true(a.turn == -200000000 && a.time.by_reference && a.time.afresh);
	assert_true(a.time.max_error == 4 && a.time.drift_ppb == 5);
	assert_true(takes_time(200000000, 0, -1, NS_PER_SEC, &a));
	assert_true(!a.time.by_reference && a.time.max_error == GROUP_UNKNOWN_ERROR);
	assert_false(takes_time(200000001, 0, 0, 0, &a));
	assert_false(takes_time(-200000001, 0, 0, 0, &a));
	assert_false(takes_time(0, 2, 0, 0, &a));
	assert_false(takes_time(0, 0, -2, 0, &a));
	assert_false(takes_time(0, 0, TS_LIMIT, 0, &a));
	assert_false(takes_time(0, 0, 0, -1, &a));
	assert_false(takes_time(0, 0, 0, NS_PER_SEC + 1, &a));
}

/* Not those that stand for a correction without an answer. */
static void outcomes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		const bool is_one = i >= GROUP_UNANSWERED && i <= GROUP_KEPT;
		struct message m = { .len = 0 };
		enum group_outcome outcome;
		struct group_head head;

		put_head(&m);
		message_u32(&m, i < 9 ? i : UINT32_MAX);
		assert_int_equal(group_decode_adjust_result(&head, &outcome, m.bytes, m.len),
				 is_one);
		assert_true(!is_one || (uint32_t)outcome == i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_in_elections), cmocka_unit_test(answers_to_polls),
		cmocka_unit_test(frequencies),          cmocka_unit_test(refusals_of_polls),
		cmocka_unit_test(corrections),          cmocka_unit_test(outcomes),
		cmocka_unit_test(reports_of_clocks),    cmocka_unit_test(times_of_corrections),
	};

	return cmocka_run_group_tests_name("group wire: answers", tests, NULL, NULL);
}
