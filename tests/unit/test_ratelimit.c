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

/* Half as many callers as there are sets are all remembered, wherever the clock began to count. */
static void who_has_a_place_keeps_it(void **state)
{
	static const dur_ns instants[] = { -1000 * NS_PER_SEC, 0, 1000 * NS_PER_SEC };

	(void)state;
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		ratelimit_init(&limit, 10, 3, 4);
		for (uint64_t caller = 0; caller < RATELIMIT_SETS / 2; caller++) {
			assert_int_equal(take_many(caller, 10, instants[i]), 3);
		}
		for (uint64_t caller = 0; caller < RATELIMIT_SETS / 2; caller++) {
			assert_int_equal(take_many(caller, 10, instants[i]), 0);
		}
	}
}

/* Which of 10,000 callers are forgotten by the time the last has come, as a bit each. */
static void forgotten(uint8_t *pattern, uint64_t seed)
{
	ratelimit_init(&limit, 1, 1, seed);
	for (uint64_t caller = 0; caller < 10000; caller++) {
		assert_true(take(caller, 0));
	}
	for (uint64_t caller = 0; caller < 10000; caller++) {
		pattern[caller] = take(caller, 0);
	}
}

static void the_seed_chooses_who_shares_a_place(void **state)
{
	static uint8_t one[10000], same[10000], other[10000];

	(void)state;
	forgotten(one, 1);
	forgotten(same, 1);
	forgotten(other, 2);
	assert_memory_equal(one, same, sizeof(one));
	assert_true(memcmp(one, other, sizeof(one)) != 0);
}

/* However many strangers there are, one that was silent is let through. */
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

/* What lies behind the table looks like a place that is free, and is not taken. */
static void no_place_is_behind_the_last(void **state)
{
	static struct {
		struct ratelimit limit;
		struct ratelimit_entry behind;
	} table;
	static const struct ratelimit_entry free_place = { .full_at = { INT64_MIN } };
	struct random r = random_from(6);

	(void)state;
	ratelimit_init(&table.limit, 10, 3, 6);
	table.behind = free_place;
	for (int i = 0; i < 20 * CASES; i++) {
		uint8_t key[RATELIMIT_KEY_SIZE] = { 1 };
		const uint64_t caller = random_next(&r);

		memcpy(key + 1, &caller, sizeof(caller));
		assert_true(ratelimit_take(&table.limit, key, at(i)));
	}
	assert_memory_equal(&table.behind, &free_place, sizeof(free_place));
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

/* SplitMix64 decides; its first numbers are known. */
static void leaks_are_as_good_as_random(void **state)
{
	struct random r = { .state = 0 };

	(void)state;
	assert_true(random_next(&r) == UINT64_C(0xe220a8397b1dcdaf));
	assert_true(random_next(&r) == UINT64_C(0x6e789e6aa1b965f4));
	assert_true(random_next(&r) == UINT64_C(0x06c45d188009454f));
	ratelimit_init(&limit, 1, 1, ~UINT64_C(0));
	r.state = limit.random;
	for (int i = 0; i < 4096; i++) {
		assert_int_equal(ratelimit_leak(&limit), random_next(&r) % RATELIMIT_LEAK == 0);
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
		cmocka_unit_test(who_has_a_place_keeps_it),
		cmocka_unit_test(the_seed_chooses_who_shares_a_place),
		cmocka_unit_test(a_flood_of_addresses_shuts_nobody_out),
		cmocka_unit_test(no_place_is_behind_the_last),
		cmocka_unit_test(a_flooder_is_not_forgotten),
		cmocka_unit_test(a_share_leaks),
		cmocka_unit_test(leaks_are_as_good_as_random),
		cmocka_unit_test(a_leak_takes_no_token),
	};

	return cmocka_run_group_tests_name("ratelimit", tests, NULL, NULL);
}
