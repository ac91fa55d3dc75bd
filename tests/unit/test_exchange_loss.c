/* SPDX-License-Identifier: BSD-3-Clause */
/* Exchanges whose replies come late, twice or not at all, and the streams that they may go over. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/asker.h"

#define NOW   ASKER_NOW
#define THERE FAKE_TIMESYNC_NOW

static struct asker f;

static int setup(void **state)
{
	(void)state;
	return asker_open(&f, SOCK_DGRAM);
}

static int setup_stream(void **state)
{
	(void)state;
	return asker_open(&f, SOCK_STREAM);
}

static int teardown(void **state)
{
	(void)state;
	asker_close(&f);
	return 0;
}

static void check_counts(struct call_counts expected)
{
	const struct call_counts counts = exchange_counts(f.x);

	assert_memory_equal(&counts, &expected, sizeof(expected));
}

/* A call is sent once: another one would be measured as delay. */
static void silence(void **state)
{
	struct sample s;

	(void)state;
	f.server.silent = true;
	assert_int_equal(exchange_timestamps(f.x, &s), -ETIMEDOUT);
	asker_check_why(&f, "timed out");
	assert_int_equal(f.server.server.calls, 1);
	assert_int_equal(f.clock.mono.ns, ASKER_TIMEOUT);
	exchange_set_timeout(f.x, 5);
	assert_int_equal(exchange_timestamps(f.x, &s), -ETIMEDOUT);
	assert_int_equal(f.clock.mono.ns, ASKER_TIMEOUT + 5);
	check_counts((struct call_counts){ .sent = 2, .lost = 2 });
}

static void a_late_reply(void **state)
{
	struct sample s;

	(void)state;
	f.server.holds = true;
	f.server.ts2 = THERE - 1;
	assert_int_equal(exchange_timestamps(f.x, &s), -ETIMEDOUT);
	f.server.holds = false;
	f.server.ts2 = THERE;
	assert_int_equal(exchange_timestamps(f.x, &s), 0);
	assert_int_equal(s.t2, THERE);
	check_counts((struct call_counts){ .sent = 2, .received = 1, .lost = 1, .late = 1 });
}

/* The second copy arrives when the reply has been taken, and is still counted. */
static void duplicates(void **state)
{
	struct sample s;

	(void)state;
	f.server.copies = 3;
	assert_int_equal(exchange_timestamps(f.x, &s), 0);
	check_counts((struct call_counts){ .sent = 1, .received = 1, .duplicate = 2 });
	assert_int_equal(exchange_timestamps(f.x, &s), 0);
	check_counts((struct call_counts){ .sent = 2, .received = 2, .duplicate = 4 });
	exchange_forget_counts(f.x);
	check_counts((struct call_counts){ 0 });
	f.server.copies = 1;
	assert_int_equal(exchange_timestamps(f.x, &s), 0);
	check_counts((struct call_counts){ .sent = 1, .received = 1 });
}

static void a_stray(void **state)
{
	struct sample s;

	(void)state;
	f.server.held = message_reply(12345, SUCCESS);
	assert_int_equal(exchange_timestamps(f.x, &s), 0);
	check_counts((struct call_counts){ .sent = 1, .received = 1, .stray = 1 });
}

static void a_closed_port(void **state)
{
	(void)state;
	close(f.server.server.dgram);
	f.server.server.dgram = -1;
	assert_int_equal(exchange_null(f.x), -ECONNREFUSED);
	asker_check_why(&f, "Connection refused");
	check_counts((struct call_counts){ .sent = 1, .lost = 1 });
}

/* --- over a stream ---------------------------------------------------------------------------- */

static void exchanges_over_a_stream(void **state)
{
	struct clock_quality q;
	struct sample s;

	(void)state;
	assert_int_equal(exchange_null(f.x), 0);
	assert_int_equal(exchange_timestamps(f.x, &s), 0);
	assert_int_equal(s.t1, NOW);
	assert_int_equal(exchange_time(f.x, &s, &q), 0);
	check_counts((struct call_counts){ .sent = 3, .received = 3 });
}

static void a_late_reply_over_a_stream(void **state)
{
	struct sample s;

	(void)state;
	f.server.holds = true;
	assert_int_equal(exchange_null(f.x), -ETIMEDOUT);
	f.server.holds = false;
	assert_int_equal(exchange_timestamps(f.x, &s), 0);
	check_counts((struct call_counts){ .sent = 2, .received = 1, .lost = 1, .late = 1 });
}

static void the_server_hangs_up(void **state)
{
	(void)state;
	f.server.hangs_up = true;
	assert_int_equal(exchange_null(f.x), -ECONNRESET);
	asker_check_why(&f, "Connection reset by peer");
}

static void nobody_listens(void **state)
{
	struct address at = address_loopback(AF_INET, 0);
	const int fd = sockets_bind(&at, SOCK_DGRAM); /* which keeps the port from others */
	struct exchange *x;

	(void)state;
	assert_int_equal(exchange_open(&x, &at, SOCK_STREAM, &f.clock.clock, ASKER_TIMEOUT, NULL),
			 -ECONNREFUSED);
	close(fd);
	exchange_close(NULL);
}

#define TEST(name)        cmocka_unit_test_setup_teardown(name, setup, teardown)
#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, setup_stream, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(silence),
		TEST(a_late_reply),
		TEST(duplicates),
		TEST(a_stray),
		TEST(a_closed_port),
		STREAM_TEST(exchanges_over_a_stream),
		STREAM_TEST(a_late_reply_over_a_stream),
		STREAM_TEST(the_server_hangs_up),
		STREAM_TEST(nobody_listens),
	};

	return cmocka_run_group_tests_name("exchange_loss", tests, NULL, NULL);
}
