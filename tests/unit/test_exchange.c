/* SPDX-License-Identifier: BSD-3-Clause */
/* Exchanges with a server: what its answers are taken for, the right and the wrong ones. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/asker.h"
#include "tests/support/between.h"
#include "timesync.h"

#define NOW   ASKER_NOW
#define THERE FAKE_TIMESYNC_NOW

static struct asker f;

static int setup(void **state)
{
	(void)state;
	return asker_open(&f, SOCK_DGRAM);
}

static int teardown(void **state)
{
	(void)state;
	asker_close(&f);
	return 0;
}

/* --- right answers ---------------------------------------------------------------------------- */

static void timestamps(void **state)
{
	struct timespec t;
	struct sample s;
	ts_ns earliest;

	(void)state;
	f.server.ts3 = THERE + 5;
	f.clock.ahead = 7777 * NS_PER_SEC;
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
	earliest = t.tv_sec * NS_PER_SEC + t.tv_nsec + f.clock.ahead;
	assert_int_equal(exchange_timestamps(f.x, &s), 0);
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
	assert_int_equal(s.kind, SAMPLE_TIMESTAMPS);
	assert_int_equal(s.t1, NOW);
	assert_int_equal(s.t2, THERE);
	assert_int_equal(s.t3, THERE + 5);
	assert_between(earliest, s.t4, t.tv_sec * NS_PER_SEC + t.tv_nsec + f.clock.ahead);
}

static void time_and_quality(void **state)
{
	struct clock_quality q;
	struct sample s;

	(void)state;
	f.server.max_error = 12345;
	f.server.sync = TIMESYNC_SYNCHRONISED;
	f.server.leap = TIMESYNC_LEAP_INSERT;
	assert_int_equal(exchange_time(f.x, &s, &q), 0);
	assert_int_equal(s.kind, SAMPLE_TIME);
	assert_int_equal(s.t1, NOW);
	assert_int_equal(s.t2, THERE);
	assert_int_equal(s.t3, THERE);
	assert_true(q.synchronised);
	assert_int_equal(q.max_error, 12345);
	assert_int_equal(q.leap, CLOCK_LEAP_INSERT);
}

/* Numbers that the protocol does not have yet say nothing, but do no harm either. */
static void every_leap(void **state)
{
	static const enum clock_leap leaps[] = {
		CLOCK_LEAP_NONE,        CLOCK_LEAP_INSERT,  CLOCK_LEAP_DELETE,
		CLOCK_LEAP_IN_PROGRESS, CLOCK_LEAP_UNKNOWN, CLOCK_LEAP_UNKNOWN,
	};
	struct clock_quality q;
	struct sample s;

	(void)state;
	for (f.server.leap = 0; f.server.leap < sizeof(leaps) / sizeof(leaps[0]); f.server.leap++) {
		assert_int_equal(exchange_time(f.x, &s, &q), 0);
		assert_int_equal(q.leap, leaps[f.server.leap]);
	}
	f.server.sync = 2;
	f.server.leap = UINT32_MAX;
	assert_int_equal(exchange_time(f.x, &s, &q), 0);
	assert_false(q.synchronised);
	assert_int_equal(q.leap, CLOCK_LEAP_UNKNOWN);
}

/* --- wrong answers ---------------------------------------------------------------------------- */

/* A forger who does not see the calls cannot know it. */
static void an_echo_of_another_time(void **state)
{
	struct sample s;

	(void)state;
	f.server.echo_error = 1;
	assert_int_equal(exchange_timestamps(f.x, &s), -EBADMSG);
	asker_check_why(&f, "repeated a ts1 that was not sent");
	f.server.echo_error = -NS_PER_SEC;
	assert_int_equal(exchange_timestamps(f.x, &s), -EBADMSG);
	f.server.echo_error = 0;
	assert_int_equal(exchange_timestamps(f.x, &s), 0);
}

static void times_out_of_range(void **state)
{
	static const ts_ns wrong[] = { -1, INT64_MIN, TS_LIMIT, INT64_MAX };
	ts_ns *const fields[] = { &f.server.ts2, &f.server.ts3, &f.server.time,
				  &f.server.max_error };
	static const char *const names[] = { "ts2", "ts3", "time", "maximum error" };
	char why[EXCHANGE_WHY_MAX];
	struct clock_quality q;
	struct sample s;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const ts_ns right = *fields[i];

		for (size_t j = 0; j < 4; j++) {
			*fields[i] = wrong[j];
			assert_int_equal(i < 2 ? exchange_timestamps(f.x, &s)
					       : exchange_time(f.x, &s, &q),
					 -EBADMSG);
			snprintf(why, sizeof(why),
				 "gave a %s that is out of range (%" PRId64 " ns)", names[i],
				 wrong[j]);
			asker_check_why(&f, why);
		}
		*fields[i] = TS_LIMIT - 1;
		assert_int_equal(i < 2 ? exchange_timestamps(f.x, &s) : exchange_time(f.x, &s, &q),
				 0);
		*fields[i] = right;
	}
}

static void errors(void **state)
{
	static const struct {
		uint32_t accept_stat;
		int rc;
		const char *why;
	} cases[] = {
		{ PROG_UNAVAIL, -EBADMSG,
		  "answered, but not as a timesync server (PROG_UNAVAIL: it has no program "
		  "542397273)" },
		{ PROG_MISMATCH, -EPROTONOSUPPORT,
		  "serves versions 2 to 5 of the protocol, not 1" },
		{ PROC_UNAVAIL, -EOPNOTSUPP,
		  "refused the call: PROC_UNAVAIL (it has no such procedure)" },
		{ GARBAGE_ARGS, -EBADMSG,
		  "refused the call: GARBAGE_ARGS (it could not decode the arguments)" },
		{ SYSTEM_ERR, -EBADMSG, "refused the call: SYSTEM_ERR (an internal error)" },
		{ 77, -EBADMSG, "answered with a status that RPC does not define (77)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.server.accept_stat = cases[i].accept_stat;
		assert_int_equal(exchange_null(f.x), cases[i].rc);
		asker_check_why(&f, cases[i].why);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timestamps),         TEST(time_and_quality),
		TEST(every_leap),         TEST(an_echo_of_another_time),
		TEST(times_out_of_range), TEST(errors),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
