/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection of the stream server whose client does not read its replies. How much of them the
 * socket takes is decided here, in the kernel's place.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/random.h"
#include "tests/support/talk.h"

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

static int setup(void **state)
{
	kernel.room = 0;
	kernel.error = EAGAIN;
	return talk_setup(state);
}

/* Wherever the socket stops taking it, the reply comes out whole in the end. */
static void a_reply_in_two_pieces(void **state)
{
	struct talk *t = *state;

	for (uint32_t taken = 0; taken < TALK_REPLY_SIZE; taken++) {
		kernel.room = taken;
		talk_call(t, taken);
		assert_int_equal(talk_serve(t), SESSION_UNREAD);
		assert_int_equal(t->session.unsent_len, TALK_REPLY_SIZE - taken);
		assert_int_equal(talk_serve(t), SESSION_UNREAD); /* still */
		kernel.room = TALK_REPLY_SIZE;
		assert_int_equal(talk_serve(t), SESSION_IDLE);
		assert_null(t->session.unsent);
		talk_check_reply(t, taken);
	}
}

static void a_reply_octet_by_octet(void **state)
{
	struct talk *t = *state;

	talk_call(t, 9);
	for (int i = 0; i < TALK_REPLY_SIZE; i++) {
		assert_int_equal(talk_serve(t), SESSION_UNREAD);
		kernel.room = 1;
	}
	assert_int_equal(talk_serve(t), SESSION_IDLE);
	talk_check_reply(t, 9);
}

/* An interruption is no error. */
static void sending_is_interrupted(void **state)
{
	struct talk *t = *state;

	kernel.error = EINTR;
	talk_call(t, 1);
	assert_int_equal(talk_serve(t), SESSION_UNREAD);
	assert_int_equal(talk_serve(t), SESSION_UNREAD);
	kernel.room = TALK_REPLY_SIZE;
	assert_int_equal(talk_serve(t), SESSION_IDLE);
	talk_check_reply(t, 1);
}

/* While a reply is unread no call is read: it waits where it costs us nothing. */
static void a_call_behind_an_unread_reply_waits(void **state)
{
	struct talk *t = *state;

	talk_call(t, 1);
	assert_int_equal(talk_serve(t), SESSION_UNREAD);
	talk_call(t, 2);
	assert_int_equal(talk_serve(t), SESSION_UNREAD);
	assert_int_equal(t->session.answered, 1);
	kernel.room = 2 * TALK_REPLY_SIZE;
	assert_int_equal(talk_serve(t), SESSION_IDLE);
	assert_int_equal(talk_serve(t), SESSION_IDLE);
	talk_check_reply(t, 1);
	talk_check_reply(t, 2);
}

/* But those that came together with the call are not kept in our memory. */
static void calls_that_came_with_it_end_it(void **state)
{
	struct talk *t = *state;

	talk_call(t, 1);
	talk_call(t, 2);
	assert_int_equal(talk_serve(t), SESSION_OVER);
	assert_int_equal(t->session.answered, 1);
}

static void a_broken_connection(void **state)
{
	static const int errors[] = { EPIPE, ECONNRESET, ENOBUFS };

	for (size_t i = 0; i < 2 * sizeof(errors) / sizeof(errors[0]); i++) {
		struct talk *t;

		assert_int_equal(setup(state), 0);
		t = *state;
		kernel.error = errors[i / 2];
		kernel.room = i % 2 ? 10 : 0; /* at once, or behind a piece that was taken */
		talk_call(t, 1);
		if (i % 2) {
			assert_int_equal(talk_serve(t), SESSION_UNREAD);
		}
		assert_int_equal(talk_serve(t), SESSION_OVER);
		talk_teardown(state);
	}
}

/* Any number of calls, read and taken in any pieces: all replies come out, whole and in order. */
static bool replies_come_out_whole(struct random *r)
{
	struct talk *t;
	uint8_t bytes[20 * TALK_REPLY_SIZE];
	const uint32_t calls = (uint32_t)random_between(r, 1, 20);
	uint32_t sent = 0;
	size_t got = 0;
	bool whole = true;

	if (setup((void **)&t) != 0) {
		return false;
	}
	while (whole && got < calls * TALK_REPLY_SIZE) {
		ssize_t n;

		kernel.room += (size_t)random_between(r, 0, TALK_REPLY_SIZE + 10);
		if (sent < calls && session_state(&t->session) == SESSION_IDLE) {
			talk_call(t, sent++);
		}
		whole = talk_serve(t) != SESSION_OVER;
		n = read(t->client, bytes + got, sizeof(bytes) - got);
		got += n > 0 ? (size_t)n : 0;
	}
	for (uint32_t i = 0; i < calls; i++) {
		whole = whole && talk_is_reply(t, bytes + i * TALK_REPLY_SIZE, i);
	}
	talk_teardown((void **)&t);
	return whole;
}

static void any_pieces(void **state)
{
	(void)state;
	assert_true(random_holds("replies_come_out_whole", replies_come_out_whole, 500));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reply_in_two_pieces),          TEST(a_reply_octet_by_octet),
		TEST(sending_is_interrupted),         TEST(a_call_behind_an_unread_reply_waits),
		TEST(calls_that_came_with_it_end_it), cmocka_unit_test(a_broken_connection),
		cmocka_unit_test(any_pieces),
	};

	return cmocka_run_group_tests_name("session_unread", tests, NULL, NULL);
}
