/* One connection of the stream server: calls in pieces, and what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/conversation.h"
#include "rpc/wire.h"
#include "tests/support/served.h"

#define LAST RECORD_LAST_FRAGMENT

struct fixture {
	struct served served;
	struct conversation talk;
	int client;
};

static int setup(void **state)
{
	static struct fixture f;
	const struct host host = { .octets = { 1 } };
	int ends[2];

	*state = &f;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) {
		return -1;
	}
	f.client = ends[0];
	conversation_start(&f.talk, ends[1], &host);
	return served_open(&f.served);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	conversation_end(&f->talk);
	close(f->client);
	served_close(&f->served);
	return 0;
}

static enum conversation_state serve(struct fixture *f)
{
	const enum conversation_state s = conversation_serve(&f->talk, &f->served.env);

	if (s != CONVERSATION_OVER) {
		assert_int_equal(conversation_state(&f->talk), s);
	}
	return s;
}

/* A call of GET_TIMESTAMPS whose t1 is its xid, as one record. */
static struct message record_of(uint32_t xid)
{
	const struct message call = message_call(xid, TIMESYNC_PROG, TIMESYNC_V1, GET_TIMESTAMPS);
	struct message record = { .len = RECORD_MARK_SIZE };

	message_set_u32(&record, 0, LAST | (uint32_t)(call.len + 8));
	memcpy(record.bytes + record.len, call.bytes, call.len);
	record.len += call.len;
	message_u64(&record, xid);
	return record;
}

static void send_octets(const struct fixture *f, const void *octets, size_t n)
{
	assert_int_equal(send(f->client, octets, n, MSG_NOSIGNAL), n);
}

static void send_call(const struct fixture *f, uint32_t xid)
{
	const struct message record = record_of(xid);

	send_octets(f, record.bytes, record.len);
}

/* Read a reply with a result for that xid. */
static void check_reply(const struct fixture *f, uint32_t xid)
{
	uint8_t bytes[RECORD_MARK_SIZE + 48];

	assert_int_equal(recv(f->client, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_int_equal(message_get_u32(bytes, 0), LAST | 48);
	assert_int_equal(message_get_u32(bytes, RECORD_MARK_SIZE + REPLY_XID_AT), xid);
	assert_int_equal(message_get_u32(bytes, RECORD_MARK_SIZE + REPLY_ACCEPT_STAT_AT), SUCCESS);
	assert_int_equal(message_get_u64(bytes, RECORD_MARK_SIZE + REPLY_HEADER_SIZE), xid);
	assert_int_equal(message_get_u64(bytes, RECORD_MARK_SIZE + REPLY_HEADER_SIZE + 16),
			 f->served.clock.now); /* the departure */
}

static void check_no_reply(const struct fixture *f)
{
	uint8_t byte;

	assert_int_equal(recv(f->client, &byte, 1, 0), -1);
}

static void one_call(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(conversation_state(&f->talk), CONVERSATION_IDLE);
	assert_int_equal(serve(f), CONVERSATION_IDLE); /* nothing has come */
	send_call(f, 1);
	assert_int_equal(serve(f), CONVERSATION_IDLE);
	check_reply(f, 1);
	assert_int_equal(f->talk.answered, 1);
	assert_null(f->talk.record.bytes); /* between calls it costs no buffer */
}

static void several_calls_at_once(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 8; i++) {
		send_call(f, i);
	}
	assert_int_equal(serve(f), CONVERSATION_IDLE);
	for (uint32_t i = 0; i < 8; i++) {
		check_reply(f, i);
	}
	assert_int_equal(f->talk.answered, 8);
}

static void a_call_octet_by_octet(void **state)
{
	struct fixture *f = *state;
	const struct message record = record_of(3);

	for (size_t i = 0; i < record.len; i++) {
		check_no_reply(f);
		send_octets(f, record.bytes + i, 1);
		assert_int_equal(serve(f),
				 i + 1 < record.len ? CONVERSATION_HALF : CONVERSATION_IDLE);
	}
	check_reply(f, 3);
}

static void a_call_in_fragments(void **state)
{
	struct fixture *f = *state;
	const struct message record = record_of(4);
	const uint8_t *body = record.bytes + RECORD_MARK_SIZE;
	uint8_t mark[RECORD_MARK_SIZE];

	for (size_t at = 0; at < 48; at += 16) {
		wire_put_u32(mark, at == 32 ? LAST | 16 : 16);
		send_octets(f, mark, sizeof(mark));
		send_octets(f, body + at, 16);
	}
	assert_int_equal(serve(f), CONVERSATION_IDLE);
	check_reply(f, 4);
}

/* One call and the beginning of the next. */
static void a_call_and_a_half(void **state)
{
	struct fixture *f = *state;
	const struct message record = record_of(6);

	send_call(f, 5);
	send_octets(f, record.bytes, 7);
	assert_int_equal(serve(f), CONVERSATION_HALF);
	check_reply(f, 5);
	check_no_reply(f);
	send_octets(f, record.bytes + 7, record.len - 7);
	assert_int_equal(serve(f), CONVERSATION_IDLE);
	check_reply(f, 6);
}

/* --- its end ---------------------------------------------------------------------------------- */

static void the_client_closes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(shutdown(f->client, SHUT_WR), 0);
	assert_int_equal(serve(f), CONVERSATION_OVER);
}

/* A client may say that it has no more calls and still wait for the reply to the last. */
static void the_client_closes_behind_a_call(void **state)
{
	struct fixture *f = *state;

	send_call(f, 1);
	assert_int_equal(shutdown(f->client, SHUT_WR), 0);
	assert_int_equal(serve(f), CONVERSATION_IDLE);
	check_reply(f, 1);
	assert_int_equal(serve(f), CONVERSATION_OVER);
}

static void the_client_is_gone_before_its_reply(void **state)
{
	struct fixture *f = *state;

	send_call(f, 1);
	close(f->client);
	f->client = -1;
	assert_int_equal(serve(f), CONVERSATION_OVER);
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
		struct fixture *f;

		assert_int_equal(setup(state), 0);
		f = *state;
		send_octets(f, cases[i].octets, cases[i].n);
		send_call(f, 1);
		assert_int_equal(serve(f), CONVERSATION_OVER);
		check_no_reply(f);
		teardown(state);
	}
}

static void one_call_too_many(void **state)
{
	struct fixture *f = *state;
	struct ratelimit *limiter = malloc(sizeof(*limiter));

	assert_non_null(limiter);
	ratelimit_init(limiter, 1, 2, 1);
	f->served.env.limiter = limiter;
	for (uint32_t i = 0; i < 3; i++) {
		send_call(f, i);
	}
	assert_int_equal(serve(f), CONVERSATION_OVER);
	check_reply(f, 0);
	check_reply(f, 1);
	check_no_reply(f);
	free(limiter);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
	};

	return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}
