/*
 * One connection of the stream server whose client does not read its replies. How much of them the
 * socket takes is decided here, in the kernel's place.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/conversation.h"
#include "tests/support/random.h"
#include "tests/support/served.h"

#define REPLY_SIZE (RECORD_MARK_SIZE + 48)

static struct {
	size_t room; /* octets that the socket still takes */
	int error;   /* what it says then */
} kernel;

ssize_t send(int fd, const void *octets, size_t n, int flags)
{
	const size_t some = n < kernel.room ? n : kernel.room;

	if (some == 0) {
		errno = kernel.error;
		return -1;
	}
	kernel.room -= some;
	return syscall(SYS_sendto, fd, octets, some, flags, NULL, 0);
}

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
	kernel.room = 0;
	kernel.error = EAGAIN;
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

/* Send a call of GET_TIMESTAMPS whose t1 is its xid. */
static void send_call(const struct fixture *f, uint32_t xid)
{
	struct message call = message_call(xid, TIMESYNC_PROG, TIMESYNC_V1, GET_TIMESTAMPS);
	uint8_t mark[RECORD_MARK_SIZE] = { 0x80, 0, 0, 48 };

	message_u64(&call, xid);
	assert_int_equal(write(f->client, mark, sizeof(mark)), sizeof(mark));
	assert_int_equal(write(f->client, call.bytes, call.len), call.len);
}

static size_t read_on(const struct fixture *f, uint8_t *bytes, size_t size)
{
	const ssize_t n = read(f->client, bytes, size);

	return n > 0 ? (size_t)n : 0;
}

static bool is_reply(const uint8_t bytes[REPLY_SIZE], uint32_t xid)
{
	return message_get_u32(bytes, 0) == (RECORD_LAST_FRAGMENT | 48) &&
	       message_get_u32(bytes, RECORD_MARK_SIZE + REPLY_XID_AT) == xid &&
	       message_get_u64(bytes, RECORD_MARK_SIZE + REPLY_HEADER_SIZE) == xid;
}

static void check_reply(const struct fixture *f, uint32_t xid)
{
	uint8_t bytes[REPLY_SIZE];

	assert_int_equal(read_on(f, bytes, sizeof(bytes)), REPLY_SIZE);
	assert_true(is_reply(bytes, xid));
}

/* Wherever the socket stops taking it, the reply comes out whole in the end. */
static void a_reply_in_two_pieces(void **state)
{
	struct fixture *f = *state;

	for (uint32_t taken = 0; taken < REPLY_SIZE; taken++) {
		kernel.room = taken;
		send_call(f, taken);
		assert_int_equal(serve(f), CONVERSATION_UNREAD);
		assert_int_equal(f->talk.unsent_len, REPLY_SIZE - taken);
		assert_int_equal(serve(f), CONVERSATION_UNREAD); /* still */
		kernel.room = REPLY_SIZE;
		assert_int_equal(serve(f), CONVERSATION_IDLE);
		assert_null(f->talk.unsent);
		check_reply(f, taken);
	}
}

static void a_reply_octet_by_octet(void **state)
{
	struct fixture *f = *state;

	send_call(f, 9);
	for (int i = 0; i < REPLY_SIZE; i++) {
		assert_int_equal(serve(f), CONVERSATION_UNREAD);
		kernel.room = 1;
	}
	assert_int_equal(serve(f), CONVERSATION_IDLE);
	check_reply(f, 9);
}

/* An interruption is no error. */
static void sending_is_interrupted(void **state)
{
	struct fixture *f = *state;

	kernel.error = EINTR;
	send_call(f, 1);
	assert_int_equal(serve(f), CONVERSATION_UNREAD);
	assert_int_equal(serve(f), CONVERSATION_UNREAD);
	kernel.room = REPLY_SIZE;
	assert_int_equal(serve(f), CONVERSATION_IDLE);
	check_reply(f, 1);
}

/* While a reply is unread no call is read: it waits where it costs us nothing. */
static void a_call_behind_an_unread_reply_waits(void **state)
{
	struct fixture *f = *state;

	send_call(f, 1);
	assert_int_equal(serve(f), CONVERSATION_UNREAD);
	send_call(f, 2);
	assert_int_equal(serve(f), CONVERSATION_UNREAD);
	assert_int_equal(f->talk.answered, 1);
	kernel.room = 2 * REPLY_SIZE;
	assert_int_equal(serve(f), CONVERSATION_IDLE);
	assert_int_equal(serve(f), CONVERSATION_IDLE);
	check_reply(f, 1);
	check_reply(f, 2);
}

/* But those that came together with the call are not kept in our memory. */
static void calls_that_came_with_it_end_it(void **state)
{
	struct fixture *f = *state;

	send_call(f, 1);
	send_call(f, 2);
	assert_int_equal(serve(f), CONVERSATION_OVER);
	assert_int_equal(f->talk.answered, 1);
}

static void a_broken_connection(void **state)
{
	static const int errors[] = { EPIPE, ECONNRESET, ENOBUFS };

	for (size_t i = 0; i < 2 * sizeof(errors) / sizeof(errors[0]); i++) {
		struct fixture *f;

		assert_int_equal(setup(state), 0);
		f = *state;
		kernel.error = errors[i / 2];
		kernel.room = i % 2 ? 10 : 0; /* at once, or behind a piece that was taken */
		send_call(f, 1);
		if (i % 2) {
			assert_int_equal(serve(f), CONVERSATION_UNREAD);
		}
		assert_int_equal(serve(f), CONVERSATION_OVER);
		teardown(state);
	}
}

/* Any number of calls, read and taken in any pieces: all replies come out, whole and in order. */
static bool replies_come_out_whole(struct random *r)
{
	struct fixture *f;
	uint8_t bytes[20 * REPLY_SIZE];
	const uint32_t calls = (uint32_t)random_between(r, 1, 20);
	uint32_t sent = 0;
	size_t got = 0;
	bool whole = true;

	if (setup((void **)&f) != 0) {
		return false;
	}
	while (whole && got < calls * REPLY_SIZE) {
		kernel.room += (size_t)random_between(r, 0, REPLY_SIZE + 10);
		if (sent < calls && conversation_state(&f->talk) == CONVERSATION_IDLE) {
			send_call(f, sent++);
		}
		whole = serve(f) != CONVERSATION_OVER;
		got += read_on(f, bytes + got, sizeof(bytes) - got);
	}
	for (uint32_t i = 0; i < calls; i++) {
		whole = whole && is_reply(bytes + i * REPLY_SIZE, i);
	}
	teardown((void **)&f);
	return whole;
}

static void any_pieces(void **state)
{
	(void)state;
	assert_true(random_holds("replies_come_out_whole", replies_come_out_whole, 500));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reply_in_two_pieces),          TEST(a_reply_octet_by_octet),
		TEST(sending_is_interrupted),         TEST(a_call_behind_an_unread_reply_waits),
		TEST(calls_that_came_with_it_end_it), cmocka_unit_test(a_broken_connection),
		cmocka_unit_test(any_pieces),
	};

	return cmocka_run_group_tests_name("conversation_unread", tests, NULL, NULL);
}
