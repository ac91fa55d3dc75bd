/* SPDX-License-Identifier: BSD-3-Clause */
/* The rate limiter: what callers may do at once, in the long run, and at each other's cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/ratelimit.h"
#include "tests/support/random.h"

#define CASES 1000

static struct ratelimit limit; /* large */

static struct mono at(dur_ns ns)
{
	return (struct mono){ .ns = ns };
}

static bool take(uint64_t caller, dur_ns now)
{
	uint8_t key[RATELIMIT_KEY_SIZE] = { 0 };

	memcpy(key, &caller, sizeof(caller));
	return ratelimit_take(&limit, key, at(now));
}

/* How many of `n` calls at one instant are let through. */
static int take_many(uint64_t caller, int n, dur_ns now)
{
	int taken = 0;

	for (int i = 0; i < n; i++) {
		taken += take(caller, now);
	}
	return taken;
}

static void a_burst_is_allowed_and_no_more(void **state)
{
	(void)state;
	ratelimit_init(&limit, 10, 5, 1);
	assert_int_equal(take_many(7, 20, 0), 5);
	assert_int_equal(take_many(7, 20, NS_PER_SEC / 10 - 1), 0);
	assert_int_equal(take_many(7, 20, NS_PER_SEC / 10), 1);
	assert_int_equal(take_many(7, 20, NS_PER_SEC), 5);
}

static void the_first_call_is_allowed_at_any_time(void **state)
{
	(void)state;
	for (int64_t now = 0; now < INT64_MAX / 4; now = now * 3 + 1) {
		ratelimit_init(&limit, 1, 1, (uint64_t)now);
		assert_true(take(1, now));
		assert_false(take(1, now));
	}
}

/* Over any time, no more than burst + rate * time; and a caller who keeps to the rate gets all. */
static void the_rate_holds_in_the_long_run(void **state)
{
	struct random r = random_from(1);

	(void)state;
	for (int i = 0; i < CASES / 10; i++) {
		const int64_t rate = random_between(&r, 1, 1000);
		const int64_t burst = random_between(&r, 1, 100);
		const dur_ns interval = NS_PER_SEC / rate;
		dur_ns now = 0;
		int64_t taken = 0;

		ratelimit_init(&limit, rate, burst, random_next(&r));
		for (int call = 0; call < CASES; call++) {
			now += random_between(&r, 0, interval);
			taken += take(1, now);
			assert_true(taken <= burst + now / interval);
		}
		for (int call = 0; call < 100; call++) {
			now += interval;
			assert_true(take(2, now));
		}
	}
}

static void callers_do_not_use_up_each_others_tokens(void **state)
{
	(void)state;
	ratelimit_init(&limit, 10, 3, 2);
	for (uint64_t caller = 1; caller <= 500; caller++) {
		assert_int_equal(take_many(caller, 10, 0), 3);
	}
}

/* However many strangers there are, one who was silent is let through. */
static void a_flood_of_addresses_shuts_nobody_out(void **state)
{
	struct random r = random_from(3);

	(void)state;
	ratelimit_init(&limit, 10, 3, 3);
	for (int i = 0; i < 200 * CASES; i++) {
		(void)take(random_next(&r), i);
	}
	for (uint64_t caller = 1; caller <= CASES; caller++) {
		assert_true(take(caller, 200 * CASES));
	}
}

/* A flood from one address stays limited while others come and go. */
static void a_flooder_is_not_forgotten(void **state)
{
	struct random r = random_from(4);
	int taken = 0;

	(void)state;
	ratelimit_init(&limit, 10, 3, 4);
	for (int i = 0; i < 10 * CASES; i++) {
		taken += take_many(99, 3, i * NS_PER_US);
		(void)take(random_next(&r), i * NS_PER_US);
	}
	assert_true(taken <= 4);
}

/* About the share that is told, from any seed, and another one from each. */
static void a_share_leaks(void **state)
{
	const int n = 4096;
	uint64_t patterns[16] = { 0 };

	(void)state;
	for (uint64_t seed = 0; seed < 16; seed++) {
		int leaked = 0;

		ratelimit_init(&limit, 1, 1, seed);
		for (int i = 0; i < n; i++) {
			const bool leaks = ratelimit_leak(&limit);

			leaked += leaks;
			patterns[seed] = i < 64 ? patterns[seed] << 1 | leaks : patterns[seed];
		}
		assert_in_range(leaked, n / RATELIMIT_LEAK * 7 / 8, n / RATELIMIT_LEAK * 9 / 8);
		assert_true(seed == 0 || patterns[seed] != patterns[seed - 1]);
	}
}

/* Leaked calls take no token: a flood of them does not empty the bucket further. */
static void a_leak_takes_no_token(void **state)
{
	(void)state;
	ratelimit_init(&limit, 10, 3, 5);
	assert_int_equal(take_many(7, 3, 0), 3);
	for (int i = 0; i < CASES; i++) {
		(void)ratelimit_leak(&limit);
	}
	assert_int_equal(take_many(7, 3, NS_PER_SEC / 10), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_allowed_and_no_more),
		cmocka_unit_test(the_first_call_is_allowed_at_any_time),
		cmocka_unit_test(the_rate_holds_in_the_long_run),
		cmocka_unit_test(callers_do_not_use_up_each_others_tokens),
		cmocka_unit_test(a_flood_of_addresses_shuts_nobody_out),
		cmocka_unit_test(a_flooder_is_not_forgotten),
		cmocka_unit_test(a_share_leaks),
		cmocka_unit_test(a_leak_takes_no_token),
	};

	return cmocka_run_group_tests_name("ratelimit", tests, NULL, NULL);
}
