/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection of the stream server: calls in pieces, and what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/wire.h"
#include "tests/support/talk.h"

#define LAST RECORD_LAST_FRAGMENT

static void check_no_reply(const struct talk *t)
{
	uint8_t byte;

	assert_int_equal(recv(t->client, &byte, 1, 0), -1);
}

static void one_call(void **state)
{
	struct talk *t = *state;

	assert_int_equal(session_state(&t->session), SESSION_IDLE);
	assert_int_equal(talk_serve(t), SESSION_IDLE); /* nothing has come */
	talk_call(t, 1);
	assert_int_equal(talk_serve(t), SESSION_IDLE);
	talk_check_reply(t, 1);
	assert_int_equal(t->session.answered, 1);
	assert_null(t->session.record.bytes); /* between calls it costs no buffer */
}

static void several_calls_at_once(void **state)
{
	struct talk *t = *state;

	for (uint32_t i = 0; i < 8; i++) {
		talk_call(t, i);
	}
	assert_int_equal(talk_serve(t), SESSION_IDLE);
	for (uint32_t i = 0; i < 8; i++) {
		talk_check_reply(t, i);
	}
	assert_int_equal(t->session.answered, 8);
}

static void a_call_octet_by_octet(void **state)
{
	struct talk *t = *state;
	const struct message record = served_record(3);

	for (size_t i = 0; i < record.len; i++) {
		check_no_reply(t);
		talk_send(t, record.bytes + i, 1);
		assert_int_equal(talk_serve(t), i + 1 < record.len ? SESSION_HALF : SESSION_IDLE);
	}
	talk_check_reply(t, 3);
}

static void a_call_in_fragments(void **state)
{
	struct talk *t = *state;
	const struct message record = served_record(4);
	const uint8_t *body = record.bytes + RECORD_MARK_SIZE;
	uint8_t mark[RECORD_MARK_SIZE];

	for (size_t at = 0; at < 48; at += 16) {
		wire_put_u32(mark, at == 32 ? LAST | 16 : 16);
		talk_send(t, mark, sizeof(mark));
		talk_send(t, body + at, 16);
	}
	assert_int_equal(talk_serve(t), SESSION_IDLE);
	talk_check_reply(t, 4);
}

/* One call and the beginning of the next. */
static void a_call_and_a_half(void **state)
{
	struct talk *t = *state;
	const struct message record = served_record(6);

	talk_call(t, 5);
	talk_send(t, record.bytes, 7);
	assert_int_equal(talk_serve(t), SESSION_HALF);
	talk_check_reply(t, 5);
	check_no_reply(t);
	talk_send(t, record.bytes + 7, record.len - 7);
	assert_int_equal(talk_serve(t), SESSION_IDLE);
	talk_check_reply(t, 6);
}

/* --- its end ---------------------------------------------------------------------------------- */

static void the_client_closes(void **state)
{
	struct talk *t = *state;

	assert_int_equal(shutdown(t->client, SHUT_WR), 0);
	assert_int_equal(talk_serve(t), SESSION_OVER);
}

/* A client may say that it has no more calls and still wait for the reply to the last. */
static void the_client_closes_behind_a_call(void **state)
{
	struct talk *t = *state;

	talk_call(t, 1);
	assert_int_equal(shutdown(t->client, SHUT_WR), 0);
	assert_int_equal(talk_serve(t), SESSION_IDLE);
	talk_check_reply(t, 1);
	assert_int_equal(talk_serve(t), SESSION_OVER);
}

static void the_client_is_gone_before_its_reply(void **state)
{
	struct talk *t = *state;

	talk_call(t, 1);
	close(t->client);
	t->client = -1;
	assert_int_equal(talk_serve(t), SESSION_OVER);
}

/* Nothing that is no call is answered, and nothing behind it either. */
static void what_is_no_call_ends_it(void **state)
{
	static const uint8_t empty[] = { 0x80, 0, 0, 0 };
	static const uint8_t http[] = "GET / HTTP/1.1\r\n\r\n";
	static const uint8_t too_long[] = { 0x80, 0, SVC_CALL_MAX >> 8, 1 };
	static const uint8_t nonsense[] = { 0x80, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const struct {
		const uint8_t *octets;
		size_t n;
	} cases[] = {
		{ empty, sizeof(empty) },
		{ http, sizeof(http) - 1 },
		{ too_long, sizeof(too_long) },
		{ nonsense, sizeof(nonsense) },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk *t;

		assert_int_equal(talk_setup(state), 0);
		t = *state;
		talk_send(t, cases[i].octets, cases[i].n);
		talk_call(t, 1);
		assert_int_equal(talk_serve(t), SESSION_OVER);
		check_no_reply(t);
		talk_teardown(state);
	}
}

static void one_call_too_many(void **state)
{
	struct talk *t = *state;
	struct ratelimit *limiter = malloc(sizeof(*limiter));

	assert_non_null(limiter);
	ratelimit_init(limiter, 1, 2, 1);
	t->served.admission.limiter = limiter;
	for (uint32_t i = 0; i < 3; i++) {
		talk_call(t, i);
	}
	assert_int_equal(talk_serve(t), SESSION_OVER);
	talk_check_reply(t, 0);
	talk_check_reply(t, 1);
	check_no_reply(t);
	free(limiter);
}

/* Nothing that comes behind a mark that was refused is read, or answered. */
static void what_is_over_stays_over(void **state)
{
	struct talk *t = *state;
	uint8_t mark[RECORD_MARK_SIZE];

	wire_put_u32(mark, LAST | 0x1000000);
	talk_send(t, mark, sizeof(mark));
	assert_int_equal(talk_serve(t), SESSION_OVER);
	for (uint32_t i = 0; i < 3; i++) {
		talk_call(t, i);
		assert_int_equal(talk_serve(t), SESSION_OVER);
		check_no_reply(t);
	}
	assert_int_equal(t->session.answered, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, talk_setup, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_call),
		TEST(several_calls_at_once),
		TEST(a_call_octet_by_octet),
		TEST(a_call_in_fragments),
		TEST(a_call_and_a_half),
		TEST(the_client_closes),
		TEST(the_client_closes_behind_a_call),
		TEST(the_client_is_gone_before_its_reply),
		cmocka_unit_test(what_is_no_call_ends_it),
		TEST(one_call_too_many),
		TEST(what_is_over_stays_over),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
