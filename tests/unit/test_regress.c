/* SPDX-License-Identifier: BSD-3-Clause */
/* Regression: exact lines, worked examples, what must not change it, and how often bounds hold. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/regress.h"
#include "tests/support/between.h"
#include "tests/support/random.h"

#define CASES 20000

static struct mono at_s(int64_t seconds)
{
	return (struct mono){ .ns = seconds * NS_PER_SEC };
}

static void add(struct regress *r, struct mono at, dur_ns offset, dur_ns delay)
{
	const struct regress_sample s = { .at = at, .offset = offset, .delay = delay };

	assert_int_equal(regress_add(r, &s), 0);
}

static struct regress_line fit_at(struct regress *r, struct mono now)
{
	struct regress_line line = { 0 };

	assert_int_equal(regress_fit(r, now, &line), 0);
	return line;
}

/* --- worked examples -------------------------------------------------------------------------- */

static void too_few_are_refused(void **state)
{
	struct regress r = { .count = 0 };
	struct regress_line line = { .offset = 1, .used = 17 };

	(void)state;
	for (int i = 0; i < REGRESS_LEAST; i++) {
		assert_int_equal(regress_fit(&r, at_s(1), &line), -ENODATA);
		assert_int_equal(line.offset, 1);
		assert_int_equal(line.used, 17);
		add(&r, at_s(i), 0, 0);
	}
	assert_int_equal(regress_fit(&r, at_s(1), &line), 0);
}

static void time_only_goes_on(void **state)
{
	struct regress r = { .count = 0 };
	const struct regress_sample same = { .at = at_s(5), .offset = 1 };
	const struct regress_sample earlier = { .at = { 5 * NS_PER_SEC - 1 }, .offset = 1 };

	(void)state;
	add(&r, at_s(5), 0, 0);
	assert_int_equal(regress_add(&r, &same), -EINVAL);
	assert_int_equal(regress_add(&r, &earlier), -EINVAL);
	assert_int_equal(r.count, 1);
	add(&r, (struct mono){ 5 * NS_PER_SEC + 1 }, 0, 0);
}

/* 80 ppm, in the middle of the century, with offsets of years. */
static void an_exact_line_is_found_exactly(void **state)
{
	const dur_ns years = INT64_C(123456789) * NS_PER_SEC;
	struct regress r = { .count = 0 };

	(void)state;
	for (int i = 0; i < REGRESS_SAMPLES; i++) {
		add(&r, at_s(1000000000 + 16 * i), years + 16 * i * 80 * NS_PER_US, 1000);
		if (r.count >= REGRESS_LEAST) {
			struct mono now = at_s(1000000000 + 16 * i + 5);
			struct regress_line line = fit_at(&r, now);

			assert_int_equal(line.offset, years + (16 * i + 5) * 80 * NS_PER_US);
			assert_int_equal(line.rate_ppb, 80000);
			assert_int_equal(line.offset_error, 1);
			assert_int_equal(line.rate_error_ppb, 1);
			assert_int_equal(line.used, i + 1);
		}
	}
}

/* Residuals of a line in whole nanoseconds may lie in long runs, and that says nothing. */
static void rounding_is_no_curve(void **state)
{
	struct regress r = { .count = 0 };

	(void)state;
	for (int i = 0; i < REGRESS_SAMPLES; i++) {
		add(&r, at_s(i), i / 20, 0);
		if (r.count >= REGRESS_LEAST) {
			assert_int_equal(fit_at(&r, at_s(i)).used, i + 1);
		}
	}
}

/*
 * Samples 0, 2, 1, 3 at 0, 1, 2, 3 s: slope Sxy/Sxx = 4/5 ppb, at the mean 3/2, at 4 s 3.5;
 * residuals -.3, .9, -.9, .3, so the variance is 1.8/2; t(2) = 31.599.
 */
static void worked_example(void **state)
{
	static const dur_ns offsets[] = { 0, 2, 1, 3 };
	const dur_ns unit = 1000000;
	struct regress r = { .count = 0 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		add(&r, at_s(i), offsets[i] * unit, 5);
	}
	struct regress_line line = fit_at(&r, at_s(4));
	assert_int_equal(line.offset, 3500000);
	assert_int_equal(line.rate_ppb, 800000);
	/* sqrt(.9 / 5) and sqrt(.9 * (1/4 + 2.5^2/5)), times t */
	assert_between(13406000, line.rate_error_ppb, 13407000);
	assert_between(36712000, line.offset_error, 36715000);
}

/*
 * Offsets that go up and down by 1 ms, every second: what the confidence limit of the rate is,
 * divided by the standard error of the slope, is Student's t.
 */
static double t_of(int degrees)
{
	const int n = degrees + 2;
	const double mean_x = (n - 1) / 2.0;
	double mean_y = 0, spread_x = 0, spread_xy = 0, squares = 0;
	struct regress r = { .count = 0 };

	for (int i = 0; i < n; i++) {
		double y = i % 2 ? -1e6 : 1e6;

		add(&r, at_s(i), (dur_ns)y, 7);
		mean_y += y / n;
		spread_x += (i - mean_x) * (i - mean_x);
		spread_xy += (i - mean_x) * y;
	}
	double slope = spread_xy / spread_x;
	for (int i = 0; i < n; i++) {
		double e = (i % 2 ? -1e6 : 1e6) - mean_y - slope * (i - mean_x);

		squares += e * e;
	}
	struct regress_line line = fit_at(&r, at_s(n));
	assert_int_equal(line.used, n);
	return (double)line.rate_error_ppb / sqrt(squares / degrees / spread_x);
}

/*
 * By the tables of two-sided quantiles of Student's t: three decimals, then to 0.3 %, and closer
 * where it comes near the normal distribution.
 */
static void confidence_is_99_9_percent(void **state)
{
	static const struct {
		int degrees;
		double t;
	} cases[] = {
		{ 1, 636.619 }, { 2, 31.599 }, { 3, 12.924 }, { 4, 8.610 },  { 5, 6.869 },
		{ 6, 5.959 },   { 7, 5.408 },  { 8, 5.041 },  { 9, 4.781 },  { 10, 4.587 },
		{ 11, 4.437 },  { 12, 4.318 }, { 15, 4.073 }, { 20, 3.850 }, { 30, 3.646 },
		{ 40, 3.551 },  { 60, 3.460 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double t = t_of(cases[i].degrees);
		double allowed = cases[i].degrees < 10   ? 0.0006
				 : cases[i].degrees < 15 ? 0.003 * cases[i].t
							 : 0.0006 * cases[i].t;

		if (fabs(t - cases[i].t) > allowed) {
			fail_msg("%d degrees: %f, not %f", cases[i].degrees, t, cases[i].t);
		}
	}
}

/* Excesses of delay 0, 0, 0 and 4, their mean 1: the weight of the last is 1/25. */
static void delay_takes_weight(void **state)
{
	struct regress r = { .count = 0 };
	const dur_ns outlier = 26000;

	(void)state;
	add(&r, at_s(0), 0, 100);
	add(&r, at_s(2), 0, 100);
	add(&r, at_s(4), 0, 100);
	add(&r, at_s(6), outlier, 104);
	/*
	 * mean of x (0+2+4+6/25)/(3+1/25) = 6.24/3.04, of y 1040/3.04;
	 * Sxx = 20 + 36/25 - 6.24^2/3.04, Sxy = 6 * 1040 - 6.24 * 1040/3.04
	 */
	double slope = (6240 - 6.24 * 1040 / 3.04) / (21.44 - 6.24 * 6.24 / 3.04);
	assert_int_equal(fit_at(&r, at_s(6)).rate_ppb, lround(slope));

	/* The same backwards. */
	r.count = 0;
	add(&r, at_s(0), outlier, 104);
	add(&r, at_s(2), 0, 100);
	add(&r, at_s(4), 0, 100);
	add(&r, at_s(6), 0, 100);
	assert_int_equal(fit_at(&r, at_s(6)).rate_ppb, -lround(slope));
}

/* The first has the least delay: excesses 0, 4, 4, 4, their mean 3, so the others weigh 9/49. */
static void delay_takes_weight_of_later_ones(void **state)
{
	struct regress r = { .count = 0 };
	const double w = 9.0 / 49;

	(void)state;
	add(&r, at_s(0), 26000, 100);
	add(&r, at_s(2), 0, 104);
	add(&r, at_s(4), 0, 104);
	add(&r, at_s(6), 0, 104);
	double mean_x = w * 12 / (1 + 3 * w), mean_y = 26000 / (1 + 3 * w);
	double slope = -mean_x * (26000 - mean_y);

	for (int x = 2; x <= 6; x += 2) {
		slope -= w * (x - mean_x) * mean_y;
	}
	slope /= w * (4 + 16 + 36) - (1 + 3 * w) * mean_x * mean_x;
	assert_int_equal(fit_at(&r, at_s(6)).rate_ppb, lround(slope));
}

static void the_oldest_is_replaced(void **state)
{
	struct regress r = { .count = 0 };

	(void)state;
	add(&r, at_s(0), NS_PER_SEC, 0); /* not on the line of all others */
	for (int i = 1; i <= REGRESS_SAMPLES; i++) {
		add(&r, at_s(i), i, 0);
	}
	struct regress_line line = fit_at(&r, at_s(REGRESS_SAMPLES));
	assert_int_equal(line.used, REGRESS_SAMPLES);
	assert_int_equal(line.offset, REGRESS_SAMPLES);
	assert_int_equal(line.rate_ppb, 1);
}

/* The rate changes half-way, from 0 to 1 ns in 4 s: that is a curve, if by 1.6 ns only. */
static void a_bend_of_nanoseconds_is_seen(void **state)
{
	struct regress r = { .count = 0 };

	(void)state;
	for (int i = 0; i < 40; i++) {
		add(&r, at_s(i), i < 20 ? 0 : (i - 19) / 4, 0);
	}
	assert_between(REGRESS_LEAST, (int64_t)fit_at(&r, at_s(40)).used, 39);
}

/* The rate changes by 10 ppm half-way, under noise of some us: the older half is forgotten. */
static void a_bend_ends_the_past(void **state)
{
	struct random random = random_from(1);
	struct regress r = { .count = 0 };
	struct regress_line line = { 0 };

	(void)state;
	for (int i = 0; i < 60; i++) {
		dur_ns noise = random_between(&random, -5000, 5000);
		dur_ns bent = i > 30 ? (i - 30) * 16 * 10 * NS_PER_US : 0;

		add(&r, at_s(16 * i), bent + noise, 0);
		if (r.count >= REGRESS_LEAST) {
			line = fit_at(&r, at_s(16 * i));
		}
	}
	assert_between(20, (int64_t)line.used, 32);
	assert_between(9900, line.rate_ppb, 10100);
	assert_between(29 * 160 * NS_PER_US - 5000, line.offset, 29 * 160 * NS_PER_US + 5000);
}

static void extremes_do_not_overflow(void **state)
{
	const dur_ns most = TS_LIMIT - 1;
	struct regress r = { .count = 0 };
	int64_t low, high;

	(void)state;
	for (int i = 0; i < REGRESS_SAMPLES; i++) {
		add(&r, (struct mono){ i + (i == REGRESS_SAMPLES - 1 ? INT64_MAX / 2 : 0) },
		    i % 2 ? most : -most, i % 3 ? most : 0);
		if (r.count >= REGRESS_LEAST) {
			struct regress_line line = fit_at(&r, (struct mono){ INT64_MAX });

			assert_true(line.offset_error > 0 && line.rate_error_ppb > 0);
			assert_true(line.offset > INT64_MIN && line.rate_ppb > INT64_MIN);
			assert_int_equal(regress_limits(&r, &low, &high), 0);
			assert_true(low > INT64_MIN && high > INT64_MIN);
		}
	}
}

/* --- limits of the rate ----------------------------------------------------------------------- */

static void add_within(struct regress *r, int64_t seconds, dur_ns offset, dur_ns max_error)
{
	const struct regress_sample s = { at_s(seconds), offset, max_error, 0 };

	assert_int_equal(regress_add(r, &s), 0);
}

static void assert_limits(const struct regress *r, int64_t low, int64_t high)
{
	int64_t found_low = 0;
	int64_t found_high = 0;

	assert_int_equal(regress_limits(r, &found_low, &found_high), 0);
	/* rounded outwards, and up to 1 ppb more */
	assert_between(low - 1, found_low, low);
	assert_between(high, found_high, high + 1);
}

static void the_rate_has_limits(void **state)
{
	struct regress r = { .count = 0 };
	int64_t low = 1;
	int64_t high = 2;

	(void)state;
	add_within(&r, 0, 0, 500);
	assert_int_equal(regress_limits(&r, &low, &high), -ENODATA);
	assert_int_equal(low, 1);
	assert_int_equal(high, 2);
	add_within(&r, 10, 1000, 500); /* from 500 to 500, or from -500 to 1500 */
	assert_limits(&r, 0, 200);
	/* 140 to 260 from the second, 120 to 180 from the first */
	add_within(&r, 20, 3000, 100);
	assert_limits(&r, 140, 180);
	add_within(&r, 30, 30, INT64_MAX); /* says nothing */
	assert_limits(&r, 140, 180);
}

/* A rate that changed: on average it has been at least 100 and at most -100. */
static void limits_that_cross_are_told(void **state)
{
	struct regress r = { .count = 0 };

	(void)state;
	add_within(&r, 0, 0, 0);
	add_within(&r, 10, 1000, 0);
	add_within(&r, 20, 0, 0);
	assert_limits(&r, 100, -100);
}

/* --- properties ------------------------------------------------------------------------------- */

/* A history around a line, with noise of any size. */
static size_t any_history(struct random *r, struct regress_sample *samples)
{
	size_t n = (size_t)random_between(r, REGRESS_LEAST, REGRESS_SAMPLES);
	dur_ns noise = 100 + random_of_any_size(r, 10 * NS_PER_MS);
	int64_t rate_ppb = random_between(r, -100000, 100000);
	int64_t second = 0;

	for (size_t i = 0; i < n; i++) {
		second += random_between(r, 1, 64);
		samples[i] = (struct regress_sample){
			.at = at_s(second),
			.offset = second * rate_ppb + random_between(r, -noise, noise),
			.delay = random_of_any_size(r, noise),
		};
	}
	return n;
}

static struct regress_line fit_all(const struct regress_sample *samples, size_t n, struct mono now)
{
	struct regress r = { .count = 0 };

	for (size_t i = 0; i < n; i++) {
		add(&r, samples[i].at, samples[i].offset, samples[i].delay);
	}
	return fit_at(&r, now);
}

static bool same_but_for_offset(const struct regress_line *a, const struct regress_line *b)
{
	return a->offset_error == b->offset_error && a->rate_ppb == b->rate_ppb &&
	       a->rate_error_ppb == b->rate_error_ppb && a->used == b->used;
}

/* The same a century later, between clocks that are years apart, or over a longer way. */
static bool shifts_change_nothing(struct random *r)
{
	struct regress_sample samples[REGRESS_SAMPLES] = { { .delay = 0 } };
	size_t n = any_history(r, samples);
	struct mono now = mono_add(samples[n - 1].at, random_of_any_size(r, 1000 * NS_PER_SEC));
	dur_ns later = random_of_any_size(r, TS_LIMIT);
	dur_ns ahead = random_between(r, -TS_LIMIT / 2, TS_LIMIT / 2);
	dur_ns longer = random_of_any_size(r, NS_PER_SEC);
	struct regress_line before = fit_all(samples, n, now);

	for (size_t i = 0; i < n; i++) {
		samples[i].at.ns += later;
		samples[i].offset += ahead;
		samples[i].delay += longer;
	}
	struct regress_line after = fit_all(samples, n, mono_add(now, later));
	return same_but_for_offset(&before, &after) && after.offset == before.offset + ahead;
}

static bool about(int64_t a, int64_t b)
{
	return a - b <= 16 && b - a <= 16;
}

/* All offsets times 8: so is the result, but for the rounding. */
static bool scale_is_kept(struct random *r)
{
	struct regress_sample samples[REGRESS_SAMPLES] = { { .delay = 0 } };
	size_t n = any_history(r, samples);
	struct regress_line before = fit_all(samples, n, samples[n - 1].at);

	for (size_t i = 0; i < n; i++) {
		samples[i].offset *= 8;
	}
	struct regress_line after = fit_all(samples, n, samples[n - 1].at);
	return after.used == before.used && about(8 * before.offset, after.offset) &&
	       about(8 * before.offset_error, after.offset_error) &&
	       about(8 * before.rate_ppb, after.rate_ppb) &&
	       about(8 * before.rate_error_ppb, after.rate_error_ppb);
}

/* A steady rate, added or taken away, changes the rate and nothing else. */
static bool slope_is_kept(struct random *r)
{
	struct regress_sample samples[REGRESS_SAMPLES] = { { .delay = 0 } };
	size_t n = any_history(r, samples);
	int64_t ppb = random_between(r, -1000000, 1000000);
	int64_t last = samples[n - 1].at.ns / NS_PER_SEC;
	struct regress_line before = fit_all(samples, n, samples[n - 1].at);

	for (size_t i = 0; i < n; i++) {
		samples[i].offset += samples[i].at.ns / NS_PER_SEC * ppb;
	}
	struct regress_line after = fit_all(samples, n, samples[n - 1].at);
	return after.used == before.used && about(before.offset_error, after.offset_error) &&
	       about(before.rate_error_ppb, after.rate_error_ppb) &&
	       about(before.rate_ppb + ppb, after.rate_ppb) &&
	       about(before.offset + last * ppb, after.offset);
}

static void the_line_moves_with_its_points(void **state)
{
	(void)state;
	assert_true(random_holds("shifts_change_nothing", shifts_change_nothing, CASES));
	assert_true(random_holds("scale_is_kept", scale_is_kept, CASES));
	assert_true(random_holds("slope_is_kept", slope_is_kept, CASES));
}

/* Any constant rate, with measurements within their errors, is within the limits. */
static bool rate_is_within_limits(struct random *r)
{
	struct regress history = { .count = 0 };
	int64_t rate_ppb = random_between(r, -1000000, 1000000);
	int64_t n = random_between(r, 2, REGRESS_SAMPLES + 10);
	int64_t second = random_of_any_size(r, 1000000);
	int64_t low, high;

	for (int64_t i = 0; i < n; i++) {
		dur_ns e = random_of_any_size(r, NS_PER_SEC);
		dur_ns error = random_between(r, 0, 1) ? random_between(r, -e, e) : e;

		second += random_between(r, 1, 1000);
		add_within(&history, second, second * rate_ppb + error, e);
	}
	return regress_limits(&history, &low, &high) == 0 && low <= rate_ppb && rate_ppb <= high;
}

static void limits_are_sound(void **state)
{
	(void)state;
	assert_true(random_holds("rate_is_within_limits", rate_is_within_limits, CASES / 2));
}

/* --- how often the bounds hold ---------------------------------------------------------------- */

/* Normally distributed, by the polar method of Marsaglia (1964). */
static double normal(struct random *r)
{
	for (;;) {
		double u = (double)random_between(r, -1000000, 1000000) / 1e6;
		double v = (double)random_between(r, -1000000, 1000000) / 1e6;
		double s = u * u + v * v;

		if (s > 0 && s < 1) {
			return u * sqrt(-2 * log(s) / s);
		}
	}
}

struct misses {
	int offset, rate, bent;
};

/* Fit `trials` lines through n points with normal noise, and count what lies beyond the bounds. */
static struct misses count_misses(size_t n, int trials)
{
	struct random random = random_from(n);
	struct misses m = { 0 };

	for (int i = 0; i < trials; i++) {
		struct regress r = { .count = 0 };
		int64_t last = 16 * (int64_t)n;

		for (int64_t t = 16; t <= last; t += 16) {
			add(&r, at_s(t), t * 80000 + lround(1e5 * normal(&random)), 1);
		}
		struct regress_line line = fit_at(&r, at_s(last + 16));
		m.bent += line.used != n;
		m.offset += llabs(line.offset - (last + 16) * 80000) > line.offset_error;
		m.rate += llabs(line.rate_ppb - 80000) > line.rate_error_ppb;
	}
	return m;
}

/*
 * 1 in 1000, whatever the number of points: of 100,000 fits 100, give or take 4 standard deviations
 * of 10. Histories cut short by chance, rarely, make the bounds miss a little more often.
 */
static void bounds_fail_once_in_1000(void **state)
{
	static const size_t sizes[] = { 3, 4, 5, 7, 11, 12, 16, 30, 64 };
	const int trials = 100000;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct misses m = count_misses(sizes[i], trials);

		print_message("%zu points: %d offsets and %d rates of %d missed, %d cut short\n",
			      sizes[i], m.offset, m.rate, trials, m.bent);
		assert_between(60, m.offset, 160);
		assert_between(60, m.rate, 160);
		/* 1 in 100 by chance; few points make too few runs more rarely, or never */
		assert_between(sizes[i] < 12 ? 0 : trials / 500, m.bent, trials / 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_few_are_refused),
		cmocka_unit_test(time_only_goes_on),
		cmocka_unit_test(an_exact_line_is_found_exactly),
		cmocka_unit_test(rounding_is_no_curve),
		cmocka_unit_test(worked_example),
		cmocka_unit_test(confidence_is_99_9_percent),
		cmocka_unit_test(delay_takes_weight),
		cmocka_unit_test(delay_takes_weight_of_later_ones),
		cmocka_unit_test(the_oldest_is_replaced),
		cmocka_unit_test(a_bend_of_nanoseconds_is_seen),
		cmocka_unit_test(a_bend_ends_the_past),
		cmocka_unit_test(the_rate_has_limits),
		cmocka_unit_test(limits_that_cross_are_told),
		cmocka_unit_test(limits_are_sound),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(the_line_moves_with_its_points),
		cmocka_unit_test(bounds_fail_once_in_1000),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
