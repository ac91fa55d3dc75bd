/* Exchanges whose replies come late, twice or not at all, and the streams that they may go over. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/exchange.h"
#include "tests/support/fake_timesync.h"

#define TIMEOUT NS_PER_SEC
#define NOW     (INT64_C(1700000000) * NS_PER_SEC) /* by the client */
#define THERE   FAKE_TIMESYNC_NOW

static struct fixture {
	struct fake_timesync server;
	struct fake_clock clock;
	struct exchange *x;
} f;

static int setup_over(int socktype)
{
	memset(&f, 0, sizeof(f));
	fake_timesync_open(&f.server);
	fake_clock_init(&f.clock, NOW);
	f.clock.serve = fake_server_serve;
	f.clock.arg = &f.server.server;
	return exchange_open(&f.x,
			     socktype == SOCK_DGRAM ? &f.server.server.dgram_at
						    : &f.server.server.stream_at,
			     socktype, &f.clock.clock, TIMEOUT);
}

static int setup(void **state)
{
	(void)state;
	return setup_over(SOCK_DGRAM);
}

static int setup_stream(void **state)
{
	(void)state;
	return setup_over(SOCK_STREAM);
}

static int teardown(void **state)
{
	(void)state;
	exchange_close(f.x);
	fake_timesync_close(&f.server);
	return 0;
}

static void check_why(const char *text)
{
	char why[EXCHANGE_WHY_MAX];

	assert_ptr_equal(exchange_why(f.x, why), why);
	assert_string_equal(why, text);
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
	check_why("timed out");
	assert_int_equal(f.server.server.calls, 1);
	assert_int_equal(f.clock.mono.ns, TIMEOUT);
	exchange_set_timeout(f.x, 5);
	assert_int_equal(exchange_timestamps(f.x, &s), -ETIMEDOUT);
	assert_int_equal(f.clock.mono.ns, TIMEOUT + 5);
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
	check_why("Connection refused");
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
	check_why("Connection reset by peer");
}

static void nobody_listens(void **state)
{
	struct address at = address_loopback(AF_INET, 0);
	const int fd = sockets_bind(&at, SOCK_DGRAM); /* which keeps the port from others */
	struct exchange *x;

	(void)state;
	assert_int_equal(exchange_open(&x, &at, SOCK_STREAM, &f.clock.clock, TIMEOUT),
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
