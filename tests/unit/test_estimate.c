/* SPDX-License-Identifier: BSD-3-Clause */
/* Estimators: examples worked out by hand, rounding, refusals and growth. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/estimate.h"

#define LAST  (TS_LIMIT - 1)
#define MS(x) ((x)*NS_PER_MS)

#define STAMPS(a, b, c, d)                                                            \
	{                                                                             \
		.kind = SAMPLE_TIMESTAMPS, .t1 = (a), .t2 = (b), .t3 = (c), .t4 = (d) \
	}
#define TIME(a, server, d)                                                                \
	{                                                                                 \
		.kind = SAMPLE_TIME, .t1 = (a), .t2 = (server), .t3 = (server), .t4 = (d) \
	}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct estimate_options plain = { .min_one_way = 0, .max_drift_ppb = 0 };

static void assert_estimate(const struct estimate *e, dur_ns offset, dur_ns delay, dur_ns max_error,
			    ts_ns at, size_t used)
{
	assert_int_equal(e->offset, offset);
	assert_int_equal(e->delay, delay);
	assert_int_equal(e->max_error, max_error);
	assert_int_equal(e->at, at);
	assert_int_equal(e->used, used);
}

/*
 * Five rounds and GET_TIME, the server 2 s ahead, in ms:
 *
 *     t1   t2    t3    t4     t4-t1  t3-t2  delay   half    t2-t1   t4-t3
 *     100  2104  2105  111      11     1      10      5     2004   -1994
 *     200  2206  2208  216      16     2      14      7     2006   -1992
 *     300  2303  2304  308       8     1       7      3.5   2003   -1996
 *     400  2409  2411  420      20     2      18      9     2009   -1991
 *     500  2502  2504  513      13     2      11      5.5   2002   -1991
 *                                          mean 12    6
 *     600  2604        610      rtt 10
 *
 * mean: 2604 + 6 - 610 = 2000; the way back took between 0 and 10, so max(6, 10 - 6) = 6.
 * ntp: the third round, ((2303-300) + (2304-308))/2 = 1999.5, to within 7/2 = 3.5.
 * cristian: 2604 + 10/2 - 610 = 1999, to within 10/2 = 5.
 * minimum: (2002 - -1996)/2 = 1999, to within (2002 + -1996)/2 = 3.
 */
static void five_rounds_and_get_time(void **state)
{
	static const struct sample rounds[] = {
		STAMPS(MS(100), MS(2104), MS(2105), MS(111)),
		STAMPS(MS(200), MS(2206), MS(2208), MS(216)),
		STAMPS(MS(300), MS(2303), MS(2304), MS(308)),
		STAMPS(MS(400), MS(2409), MS(2411), MS(420)),
		STAMPS(MS(500), MS(2502), MS(2504), MS(513)),
		TIME(MS(600), MS(2604), MS(610)),
	};
	const size_t n = COUNT(rounds);
	const ts_ns at = MS(610);
	struct estimate e;

	(void)state;
	assert_int_equal(estimate_make(&e, ESTIMATE_MEAN, rounds, n, &plain), 0);
	assert_estimate(&e, MS(2000), MS(12), MS(6), at, 6);
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, rounds, n, &plain), 0);
	assert_estimate(&e, MS(1999) + 500000, MS(7), MS(3) + 500000, at, 5);
	assert_int_equal(estimate_make(&e, ESTIMATE_CRISTIAN, rounds, n, &plain), 0);
	assert_estimate(&e, MS(1999), MS(10), MS(5), at, 1);
	assert_int_equal(estimate_make(&e, ESTIMATE_MINIMUM, rounds, n, &plain), 0);
	assert_estimate(&e, MS(1999), MS(6), MS(3), at, 5);
}

/*
 * Coulouris, Dollimore, Kindberg & Blair, Distributed Systems, the exercise on Cristian's method:
 * round trips of 22, 25 and 20 ms give 10:54:23.674, 10:54:25.450 and 10:54:28.342. The third is
 * the one to use: the time is 10:54:28.352 to within 10 ms, and to within 2 ms when a message is
 * known to take at least 8 ms. The local clock here is at 0 when the first request leaves.
 */
static void textbook_cristian(void **state)
{
	const ts_ns hour_and_minute = (INT64_C(10) * 3600 + 54 * 60) * NS_PER_SEC;
	const struct sample times[] = {
		TIME(0, hour_and_minute + MS(23674), MS(22)),
		TIME(MS(1785), hour_and_minute + MS(25450), MS(1810)),
		TIME(MS(4680), hour_and_minute + MS(28342), MS(4700)),
	};
	const dur_ns offset = hour_and_minute + MS(28352) - MS(4700);
	struct estimate_options options = plain;
	struct estimate e;

	(void)state;
	assert_int_equal(estimate_make(&e, ESTIMATE_CRISTIAN, times, 3, &options), 0);
	assert_estimate(&e, offset, MS(20), MS(10), MS(4700), 3);
	options.min_one_way = MS(8);
	assert_int_equal(estimate_make(&e, ESTIMATE_CRISTIAN, times, 3, &options), 0);
	assert_estimate(&e, offset, MS(20), MS(2), MS(4700), 3);

	/* At the limit, and a claim that the samples disprove, or that makes no sense. */
	options.min_one_way = MS(10);
	assert_int_equal(estimate_make(&e, ESTIMATE_CRISTIAN, times, 3, &options), 0);
	assert_int_equal(e.max_error, 0);
	options.min_one_way = MS(10) + 1;
	assert_int_equal(estimate_make(&e, ESTIMATE_CRISTIAN, times, 3, &options), 0);
	assert_int_equal(e.max_error, MS(10));
	options.min_one_way = -1;
	assert_int_equal(estimate_make(&e, ESTIMATE_CRISTIAN, times, 3, &options), 0);
	assert_int_equal(e.max_error, MS(10));

	/* The least that can be known is something as well. */
	options.min_one_way = 1;
	assert_int_equal(estimate_make(&e, ESTIMATE_CRISTIAN, times, 3, &options), 0);
	assert_int_equal(e.max_error, MS(10) - 1);
}

/*
 * RFC 5905 takes of eight exchanges the one of least delay. The server is 40 ms behind; queues make
 * one way or the other longer, and the third exchange, 20 ms there and 22 back, met the least.
 */
static void clock_filter_of_eight(void **state)
{
	static const dur_ns there[] = { 90, 20, 20, 35, 20, 400, 21, 60 };
	static const dur_ns back[] = { 22, 80, 22, 35, 300, 22, 23, 24 };
	struct sample s[8];
	struct estimate e;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		ts_ns t1 = (ts_ns)(i + 1) * NS_PER_SEC;
		s[i] = (struct sample)STAMPS(t1, t1 + MS(there[i] - 40), t1 + MS(there[i] - 39),
					     t1 + MS(there[i] + 1 + back[i]));
	}
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, s, 8, &plain), 0);
	assert_estimate(&e, -MS(41), MS(42), MS(21), 8 * NS_PER_SEC + MS(85), 8);
}

/* Gusella & Zatti: the two least ways may come from different exchanges. 7 s ahead, in ns. */
static void least_ways_of_two_exchanges(void **state)
{
	const ts_ns ahead = 7 * NS_PER_SEC;
	const struct sample s[] = {
		STAMPS(1000, ahead + 1003, ahead + 1010, 1100),
		STAMPS(2000, ahead + 2100, ahead + 2110, 2114),
	};
	struct estimate e;

	(void)state;
	/* There 3, back 4: 0.5 less than the truth, and rounded towards zero. */
	assert_int_equal(estimate_make(&e, ESTIMATE_MINIMUM, s, 2, &plain), 0);
	assert_estimate(&e, ahead - 1, 7, 4, 2114, 2);
	/* ntp can only have one of them, of delay 93 or 104. */
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, s, 2, &plain), 0);
	assert_estimate(&e, ahead - 44, 93, 47, 2114, 2);
}

/* The shortest way that is one: there 0, back 1. */
static void a_delay_of_one_nanosecond(void **state)
{
	const struct sample s[] = { STAMPS(1000, 1000, 1010, 1011) };
	struct estimate e;

	(void)state;
	assert_int_equal(estimate_make(&e, ESTIMATE_MINIMUM, s, 1, &plain), 0);
	assert_estimate(&e, 0, 1, 1, 1011, 1);
}

/*
 * The server's clock was put back 6 ms between the two. The offset was 1999 at least, and later
 * 1995 at most: a drift of 4 ms in 12 ms explains that, and nothing less. No method has a result.
 */
static void contradiction_is_refused(void **state)
{
	const struct sample s[] = {
		STAMPS(0, MS(2001), MS(2001), MS(2)),
		STAMPS(MS(10), MS(2005), MS(2005), MS(12)),
		TIME(MS(10), MS(2005), MS(12)),
	};
	struct estimate_options options = plain;
	struct estimate e = { .used = 99 };

	(void)state;
	for (int i = 0; i < ESTIMATE_METHODS; i++) {
		const enum estimate_method method = (enum estimate_method)i;

		options.max_drift_ppb = 0;
		assert_int_equal(estimate_make(&e, method, s, 3, &options), -EDOM);
		options.max_drift_ppb = NS_PER_SEC / 3 - 1000;
		assert_int_equal(estimate_make(&e, method, s, 3, &options), -EDOM);
		assert_int_equal(e.used, 99);
	}
	options.max_drift_ppb = NS_PER_SEC / 3 + 1;
	assert_int_equal(estimate_make(&e, ESTIMATE_MINIMUM, s, 3, &options), 0);
	assert_estimate(&e, MS(1997), 0, MS(2) + 1, MS(12), 2);
}

/* GET_TIME takes no part in ntp and minimum, and yet may not contradict the rounds. */
static void get_time_must_agree_with_the_rounds(void **state)
{
	const struct sample s[] = {
		STAMPS(0, MS(2001), MS(2001), MS(2)), STAMPS(MS(10), MS(2011), MS(2011), MS(12)),
		TIME(MS(20), MS(2000), MS(22)), /* cut to whole seconds */
	};
	struct estimate e;

	(void)state;
	for (int i = 0; i < ESTIMATE_METHODS; i++) {
		assert_int_equal(estimate_make(&e, (enum estimate_method)i, s, 3, &plain), -EDOM);
	}
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, s, 2, &plain), 0);
}

static void age_widens_the_bound(void **state)
{
	static const struct sample s[] = { STAMPS(0, 50, 50, 100) };
	const struct estimate_options drift = { .max_drift_ppb = 1000000 };
	struct estimate e;

	(void)state;
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, s, 1, &drift), 0);
	assert_estimate(&e, 0, 100, 51, 100, 1);
	estimate_age(&e, 100 + NS_PER_SEC);
	assert_estimate(&e, 0, 100, 51 + NS_PER_MS, 100 + NS_PER_SEC, 1);
}

/* Unusable samples, and those of the wrong kind, are not used. */
static void only_usable_samples_count(void **state)
{
	static const struct sample good[] = {
		STAMPS(100, 150, 150, 140),
		TIME(200, 245, 230),
	};
	static const struct sample mixed[] = {
		STAMPS(100, 50, 50, 99),  /* t4 < t1, and it seems the best */
		TIME(LAST, 10, TS_LIMIT), /* out of range, and it seems the last */
		STAMPS(100, 150, 150, 140), STAMPS(300, 250, 350, 310), /* delay < 0 */
		TIME(200, 245, 230),        TIME(200, -1, 200),
	};
	static const enum estimate_method all[] = { ESTIMATE_MEAN, ESTIMATE_CRISTIAN, ESTIMATE_NTP,
						    ESTIMATE_MINIMUM };
	struct estimate a, b;

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		assert_int_equal(estimate_make(&a, all[i], good, COUNT(good), &plain), 0);
		assert_int_equal(estimate_make(&b, all[i], mixed, COUNT(mixed), &plain), 0);
		assert_int_equal(a.at, 230);
		assert_estimate(&b, a.offset, a.delay, a.max_error, a.at, a.used);
	}
}

static void too_little_is_no_data(void **state)
{
	static const struct sample stamps[] = { STAMPS(0, 5, 5, 10) };
	static const struct sample times[] = { TIME(0, 5, 10) };
	static const struct sample bad[] = { STAMPS(10, 5, 5, 0), TIME(10, 5, 0) };
	struct estimate e = { .used = 99 };

	(void)state;
	assert_int_equal(estimate_make(&e, ESTIMATE_MEAN, stamps, 1, &plain), -ENODATA);
	assert_int_equal(estimate_make(&e, ESTIMATE_MEAN, times, 1, &plain), -ENODATA);
	assert_int_equal(estimate_make(&e, ESTIMATE_CRISTIAN, stamps, 1, &plain), -ENODATA);
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, times, 1, &plain), -ENODATA);
	assert_int_equal(estimate_make(&e, ESTIMATE_MINIMUM, times, 1, &plain), -ENODATA);
	for (int m = 0; m < ESTIMATE_METHODS; m++) {
		enum estimate_method method = (enum estimate_method)m;
		assert_int_equal(estimate_make(&e, method, NULL, 0, &plain), -ENODATA);
		assert_int_equal(estimate_make(&e, method, bad, 2, &plain), -ENODATA);
	}
	assert_int_equal(
		estimate_make(&e, (enum estimate_method)ESTIMATE_METHODS, stamps, 1, &plain),
		-EINVAL);
	assert_int_equal(e.used, 99);
}

/* Of equal delays the later is taken, whose bound has grown less; the mean's bound both ways. */
static void ties_and_mean_bound(void **state)
{
	static const struct sample ties[] = {
		STAMPS(0, 1000, 1000, 10),
		STAMPS(NS_PER_SEC, NS_PER_SEC + 2000, NS_PER_SEC + 2000, NS_PER_SEC + 10),
		STAMPS(1, 1005, 1005, 11),
	};
	static const struct sample slow_rounds[] = { STAMPS(0, 50, 50, 100), TIME(100, 110, 120) };
	static const struct sample fast_rounds[] = { STAMPS(0, 5, 5, 10), TIME(100, 110, 120) };
	const struct estimate_options drift = { .max_drift_ppb = 1000000 };
	struct estimate e;

	(void)state;
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, ties, 3, &drift), 0);
	assert_estimate(&e, 1995, 10, 6, NS_PER_SEC + 10, 3);
	assert_int_equal(estimate_make(&e, ESTIMATE_MEAN, slow_rounds, 2, &plain), 0);
	assert_estimate(&e, 110 + 50 - 120, 100, 50, 120, 2);
	assert_int_equal(estimate_make(&e, ESTIMATE_MEAN, fast_rounds, 2, &plain), 0);
	assert_estimate(&e, 110 + 5 - 120, 10, 15, 120, 2);
}

/* Of several SAMPLE_TIMEs the mean is added to the first, in any order, and not to the quickest. */
static void the_mean_takes_the_first_time(void **state)
{
	static const struct sample s[] = {
		STAMPS(0, 50, 50, 100),
		TIME(300, 310, 310),
		TIME(200, 260, 300),
		STAMPS(100, 150, 150, 200),
	};
	struct sample reversed[4];
	struct estimate e;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		reversed[i] = s[3 - i];
	}
	assert_int_equal(estimate_make(&e, ESTIMATE_MEAN, s, 4, &plain), 0);
	assert_estimate(&e, 260 + 50 - 300, 100, 50, 310, 4);
	assert_int_equal(estimate_make(&e, ESTIMATE_MEAN, reversed, 4, &plain), 0);
	assert_estimate(&e, 260 + 50 - 300, 100, 50, 310, 4);
}

/* Of two of equal delay at one instant that of the least t2 is taken, in any order. */
static void ties_of_one_instant(void **state)
{
	static const struct sample ties[] = {
		STAMPS(100, 205, 215, 130),
		STAMPS(100, 200, 210, 130),
		STAMPS(100, 205, 215, 130),
	};
	struct estimate e;

	(void)state;
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, ties, 2, &plain), 0);
	assert_estimate(&e, 90, 20, 10, 130, 2);
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, ties + 1, 2, &plain), 0);
	assert_estimate(&e, 90, 20, 10, 130, 2);
}

/* Each method counts the age from the sample that it says it counts from. */
static void bound_grows_from_the_right_sample(void **state)
{
	/* Another kind of sample, much later, sets the instant: 100 s. */
	static const struct sample s[] = {
		STAMPS(10 * NS_PER_SEC, 10 * NS_PER_SEC + 20, 10 * NS_PER_SEC + 20,
		       10 * NS_PER_SEC + 40),
		STAMPS(20 * NS_PER_SEC, 20 * NS_PER_SEC + 5, 20 * NS_PER_SEC + 5,
		       20 * NS_PER_SEC + 10),
		TIME(40 * NS_PER_SEC, 40 * NS_PER_SEC + 4, 40 * NS_PER_SEC + 8),
		TIME(100 * NS_PER_SEC - 1000, 100 * NS_PER_SEC, 100 * NS_PER_SEC),
	};
	/* 500 ppm: 500000 ns a second. */
	const struct estimate_options drift = { .max_drift_ppb = 500000 };
	struct estimate e;

	(void)state;
	assert_int_equal(estimate_make(&e, ESTIMATE_NTP, s, 4, &drift), 0);
	assert_int_equal(e.max_error, 5 + 80 * 500000);
	assert_int_equal(estimate_make(&e, ESTIMATE_MINIMUM, s, 4, &drift), 0);
	assert_int_equal(e.max_error, 5 + 90 * 500000);
	assert_int_equal(estimate_make(&e, ESTIMATE_CRISTIAN, s, 4, &drift), 0);
	assert_int_equal(e.max_error, 4 + 60 * 500000);
	/* The mean one-way is (40 + 10)/2/2 = 12 of a round trip of 8. */
	assert_int_equal(estimate_make(&e, ESTIMATE_MEAN, s, 4, &drift), 0);
	assert_int_equal(e.max_error, 12 + 60 * 500000);
}

static void growth_is_rounded_up_and_saturates(void **state)
{
	static const struct {
		dur_ns age;
		int64_t ppb;
		dur_ns max_error;
	} cases[] = {
		{ 1, 1, 1 },
		{ NS_PER_SEC, 1, 1 },
		{ NS_PER_SEC + 1, 1, 2 },
		{ 2 * NS_PER_SEC - 1, 3, 6 },
		{ NS_PER_SEC, 0, 0 },
		{ NS_PER_SEC, -1, 0 },
		{ LAST, NS_PER_SEC, LAST },
		/* 2^62 - 1 = 4611686018.427387903 s, at 10^9 + 1 ppb: 4611686019 ns more */
		{ LAST, NS_PER_SEC + 1, LAST + INT64_C(4611686019) },
		{ LAST, 2 * NS_PER_SEC, 2 * LAST },
		{ LAST, 2 * NS_PER_SEC + 1, INT64_MAX },
		{ LAST, INT64_MAX, INT64_MAX },
		{ NS_PER_SEC - 1, INT64_MAX, INT64_C(9223372027631403771) },
		{ NS_PER_SEC, INT64_MAX, INT64_MAX },
		{ NS_PER_SEC + 1, INT64_MAX, INT64_MAX },
		{ 1, INT64_MAX, INT64_C(9223372037) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct sample s[] = {
			STAMPS(0, 0, 0, 0),
			TIME(cases[i].age, cases[i].age, cases[i].age),
		};
		const struct estimate_options options = { .max_drift_ppb = cases[i].ppb };
		struct estimate e;
		assert_int_equal(estimate_make(&e, ESTIMATE_NTP, s, 2, &options), 0);
		if (e.max_error != cases[i].max_error) {
			fail_msg("case %zu: %lld", i, (long long)e.max_error);
		}
	}
}

/* The longest delays, many of them: their sum would not fit. */
static void mean_of_extremes(void **state)
{
	struct sample s[101];
	struct estimate e;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		s[i] = (struct sample)STAMPS(0, 0, i % 2, LAST);
	}
	s[100] = (struct sample)TIME(0, LAST, LAST);
	/* 50 of 2^62-1 and 50 of 2^62-2: the mean is 2^62-1.5, rounded down. */
	assert_int_equal(estimate_make(&e, ESTIMATE_MEAN, s, 101, &plain), 0);
	assert_estimate(&e, LAST / 2, LAST - 1, LAST - LAST / 2, LAST, 101);
	/* A bound that is nearly the whole range, and yet no growth can make it overflow. */
	const struct estimate_options drift = { .max_drift_ppb = INT64_MAX };
	for (int m = 0; m < ESTIMATE_METHODS; m++) {
		assert_int_equal(estimate_make(&e, (enum estimate_method)m, s, 101, &drift), 0);
		assert_int_equal(e.max_error, INT64_MAX);
	}
}

static void names(void **state)
{
	static const char *const expected[] = { "mean", "cristian", "ntp", "minimum" };

	(void)state;
	assert_int_equal(COUNT(expected), ESTIMATE_METHODS);
	for (int m = 0; m < ESTIMATE_METHODS; m++) {
		assert_string_equal(estimate_method_name((enum estimate_method)m), expected[m]);
	}
	assert_string_equal(estimate_method_name((enum estimate_method)ESTIMATE_METHODS),
			    "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_rounds_and_get_time),
		cmocka_unit_test(textbook_cristian),
		cmocka_unit_test(clock_filter_of_eight),
		cmocka_unit_test(least_ways_of_two_exchanges),
		cmocka_unit_test(a_delay_of_one_nanosecond),
		cmocka_unit_test(contradiction_is_refused),
		cmocka_unit_test(get_time_must_agree_with_the_rounds),
		cmocka_unit_test(age_widens_the_bound),
		cmocka_unit_test(only_usable_samples_count),
		cmocka_unit_test(too_little_is_no_data),
		cmocka_unit_test(ties_and_mean_bound),
		cmocka_unit_test(the_mean_takes_the_first_time),
		cmocka_unit_test(ties_of_one_instant),
		cmocka_unit_test(bound_grows_from_the_right_sample),
		cmocka_unit_test(growth_is_rounded_up_and_saturates),
		cmocka_unit_test(mean_of_extremes),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
