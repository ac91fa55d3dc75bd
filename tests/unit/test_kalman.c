/* SPDX-License-Identifier: BSD-3-Clause */
/* Kalman filters: exact lines, worked examples, wandering rates, and how honest their errors are.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/kalman.h"
#include "tests/support/between.h"
#include "tests/support/random.h"

#define CASES 500

static const struct kalman_estimate unknown = {
	.value_error = NS_PER_SEC,
	.rate_error_ppb = 100000,
};

static struct mono at_s(double seconds)
{
	return (struct mono){ .ns = 7000 * NS_PER_SEC + (int64_t)(seconds * 1e9) };
}

/* Normally distributed around 0 (Box & Muller 1958). */
static double normal(struct random *r, double deviation)
{
	const double u = (double)random_between(r, 1, 1000000) / 1e6;
	const double v = (double)random_between(r, 0, 999999) / 1e6;

	return deviation * sqrt(-2 * log(u)) * cos(2 * acos(-1) * v);
}

/* --- worked examples -------------------------------------------------------------------------- */

static void begins_with_what_is_known(void **state)
{
	const struct kalman_estimate known = { 1234, 50, 77.5, 3.25 };
	struct kalman k;
	struct kalman_estimate e;

	(void)state;
	kalman_begin(&k, at_s(0), &known);
	e = kalman_at(&k, at_s(0));
	assert_int_equal(e.value, 1234);
	assert_int_equal(e.value_error, 50);
	assert_true(fabs(e.rate_ppb - 77.5) < 1e-9 && fabs(e.rate_error_ppb - 3.25) < 1e-9);
	e = kalman_at(&k, at_s(100));
	assert_int_equal(e.value, 1234 + 7750);
	/* 50 ns; 325 ns by the rate; and the mean of 1, 10 and 100 ppb/sqrt(s), integrated. */
	assert_between(33000, e.value_error, 34000);
}

/* At the same instant, of 10 and 20 ns: the first counts four times as much. */
static void measurements_count_by_their_errors(void **state)
{
	struct kalman k;
	struct kalman_estimate e;

	(void)state;
	kalman_begin(&k, at_s(0), &(struct kalman_estimate){ .value = 0, .value_error = 10 });
	assert_int_equal(kalman_add(&k, at_s(0), 50, 20), 0);
	e = kalman_at(&k, at_s(0));
	assert_int_equal(e.value, 10);
	assert_int_equal(e.value_error, 9); /* 1/sqrt(1/100 + 1/400) = 8.94 */
}

/* 1 ms off counts as 4 * sqrt(100 + 400) ns do: a fifth of 89 ns. Its error is believed. */
static void one_cannot_move_it_far(void **state)
{
	static const dur_ns off[] = { NS_PER_MS, -NS_PER_MS };
	struct kalman k;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		kalman_begin(&k, at_s(0), &(struct kalman_estimate){ .value_error = 10 });
		assert_int_equal(kalman_add(&k, at_s(0), off[i], 20), 0);
		assert_int_equal(kalman_at(&k, at_s(0)).value, i == 0 ? 18 : -18);
		assert_int_equal(kalman_at(&k, at_s(0)).value_error, 9);
	}
}

/* Two points of 1 us of error, 1000 s apart: a rate, to within sqrt(2) ppb and what wanders. */
static void two_points_make_a_rate(void **state)
{
	struct kalman k;
	struct kalman_estimate e;

	(void)state;
	kalman_begin(&k, at_s(0), &(struct kalman_estimate){ 0, 1000, 0, 100000 });
	assert_int_equal(kalman_add(&k, at_s(1000), 20000000, 1000), 0);
	e = kalman_at(&k, at_s(1000));
	assert_between(19999000, e.value, 20001000);
	assert_true(fabs(e.rate_ppb - 20000) < 20);
	assert_true(e.rate_error_ppb > 10);
}

static void the_past_is_refused(void **state)
{
	struct kalman k, before;

	(void)state;
	kalman_begin(&k, at_s(5), &unknown);
	before = k;
	assert_int_equal(kalman_add(&k, at_s(4.999), 17, 1), -EINVAL);
	assert_memory_equal(&k, &before, sizeof(k));
}

/* No nanosecond is lost, wherever the values are. */
static void large_values_are_exact(void **state)
{
	const dur_ns far = (INT64_C(1) << 61) + 1;
	struct kalman k;

	(void)state;
	kalman_begin(&k, at_s(0), &(struct kalman_estimate){ .value = -far, .value_error = 1 });
	assert_int_equal(kalman_at(&k, at_s(0)).value, -far);
	kalman_begin(&k, at_s(0), &(struct kalman_estimate){ .value = far, .value_error = 1000 });
	assert_int_equal(kalman_add(&k, at_s(0), far + 7, 0), 0);
	assert_int_equal(kalman_at(&k, at_s(0)).value, far + 7);
}

/* From that instant on, and not before. */
static void a_bend_is_followed_at_once(void **state)
{
	struct kalman k;
	struct kalman_estimate e;

	(void)state;
	kalman_begin(&k, at_s(0), &(struct kalman_estimate){ 100, 1, 10, 1 });
	kalman_bend(&k, at_s(20), 5.5);
	e = kalman_at(&k, at_s(20));
	assert_int_equal(e.value, 100 + 200);
	assert_true(fabs(e.rate_ppb - 15.5) < 1e-9);
	assert_int_equal(kalman_at(&k, at_s(30)).value, 100 + 200 + 155);
}

/* --- what must hold for any ------------------------------------------------------------------- */

/* A line is found exactly, in whatever intervals it is measured. */
static bool a_line_is_found(struct random *r)
{
	const int64_t rate = random_between(r, -100000, 100000);
	const dur_ns start = random_between(r, -NS_PER_SEC, NS_PER_SEC);
	struct kalman_estimate known = unknown, e;
	struct kalman k;
	double t = 0;

	known.value = start;
	known.value_error = 1;
	kalman_begin(&k, at_s(0), &known);
	for (int i = 0; i < 40; i++) {
		t += (double)random_between(r, 1, 100) + (double)random_of_any_size(r, 3000);
		(void)kalman_add(&k, at_s(t), start + (dur_ns)(t * (double)rate), 1);
	}
	e = kalman_at(&k, at_s(t + 10));
	return fabs((double)(e.value - start) - (t + 10) * (double)rate) < 10 &&
	       fabs(e.rate_ppb - (double)rate) < 1;
}

static void lines_are_found(void **state)
{
	(void)state;
	assert_true(random_holds("a_line_is_found", a_line_is_found, CASES));
}

/* One that tells nothing changes nothing, so it is as good as none. */
static bool a_worthless_one_is_none(struct random *r)
{
	const double middle = (double)random_between(r, 1, 99);
	struct kalman k, other;
	struct kalman_estimate a, b;

	kalman_begin(&k, at_s(0), &unknown);
	(void)kalman_add(&k, at_s(0), random_between(r, -1000000, 1000000), 1000);
	(void)kalman_add(&k, at_s(50), random_between(r, -1000000, 1000000), 1000);
	other = k;
	(void)kalman_add(&k, at_s(50 + middle), random_between(r, -1000000, 1000000), TS_LIMIT);
	a = kalman_at(&k, at_s(150));
	b = kalman_at(&other, at_s(150));
	return llabs(a.value - b.value) <= 1 + llabs(b.value) / 1000000 &&
	       llabs(a.value_error - b.value_error) <= 1 + b.value_error / 1000000;
}

static void worthless_ones_are_none(void **state)
{
	(void)state;
	assert_true(random_holds("a_worthless_one_is_none", a_worthless_one_is_none, CASES));
}

/* Errors stay numbers, and positive, after intervals from nothing to days. */
static bool errors_stay_sane(struct random *r)
{
	struct kalman k;
	struct mono t = at_s(0);

	kalman_begin(&k, t, &unknown);
	for (int i = 0; i < 1000; i++) {
		struct kalman_estimate e;

		t = mono_add(t, random_of_any_size(r, 200000 * NS_PER_SEC));
		(void)kalman_add(&k, t, random_between(r, -NS_PER_SEC, NS_PER_SEC),
				 random_of_any_size(r, NS_PER_SEC));
		e = kalman_at(&k, mono_add(t, random_of_any_size(r, NS_PER_SEC)));
		for (size_t j = 0; j < KALMAN_FILTERS; j++) {
			if (!(k.filters[j].value_variance >= 0 &&
			      k.filters[j].rate_variance >= 0)) {
				return false;
			}
		}
		if (!(e.value_error >= 0 && e.rate_error_ppb >= 0)) {
			return false;
		}
	}
	return true;
}

static void errors_are_sane(void **state)
{
	(void)state;
	assert_true(random_holds("errors_stay_sane", errors_stay_sane, CASES));
}

/* --- wandering rates -------------------------------------------------------------------------- */

struct course {
	double value, rate, t;
};

static void go_on(struct course *c, struct random *r, double dt, double wander)
{
	/* In small steps; each turns the rate a little. */
	for (int i = 0; i < 20; i++) {
		c->rate += normal(r, wander * sqrt(dt / 20));
		c->value += c->rate * dt / 20;
	}
	c->t += dt;
}

/* After n measurements of that error: the sums of (estimate - truth)^2 and of the claimed ones. */
static void follow(struct kalman *k, struct random *r, double wander, double error, double sums[2])
{
	struct course c = { .rate = normal(r, 30000) };

	sums[0] = sums[1] = 0;
	kalman_begin(k, at_s(0), &unknown);
	for (int i = 0; i < 3000; i++) {
		struct kalman_estimate e;

		go_on(&c, r, (double)random_between(r, 5, 20) / 10, wander);
		(void)kalman_add(k, at_s(c.t), (dur_ns)(c.value + normal(r, error)), (dur_ns)error);
		if (i >= 1000) {
			e = kalman_at(k, at_s(c.t));
			sums[0] += ((double)e.value - c.value) * ((double)e.value - c.value);
			sums[1] += (double)e.value_error * (double)e.value_error;
		}
	}
}

static size_t best_of(const struct kalman *k)
{
	size_t best = 0;

	for (size_t i = 1; i < KALMAN_FILTERS; i++) {
		best = k->filters[i].misfit < k->filters[best].misfit ? i : best;
	}
	return best;
}

/* Whatever the rate does: far better than a single measurement, and as good as claimed. */
static void each_wander_is_recognised(void **state)
{
	static const double wanders[] = { 1, 10, 100 };
	/* Of the variance of one measurement: what the best filter comes to, and some more. */
	static const double most[] = { 0.14, 0.35, 0.80 };
	struct random r = random_from(1);
	struct kalman k;
	double sums[2];

	(void)state;
	for (size_t i = 0; i < sizeof(wanders) / sizeof(wanders[0]); i++) {
		follow(&k, &r, wanders[i], 200, sums);
		print_message("wander %3.0f: %.3f of the variance of one, claimed %.3f\n",
			      wanders[i], sums[0] / 2000 / 40000, sums[1] / 2000 / 40000);
		assert_true(sums[0] / 2000 < most[i] * 40000);
		assert_true(sums[1] > sums[0] * 0.5 && sums[1] < sums[0] * 2);
		assert_int_equal(best_of(&k), i);
	}
}

/* A rate that was quiet begins to wander: another filter takes over. */
static void a_change_of_weather_is_noticed(void **state)
{
	struct random r = random_from(2);
	struct course c = { .rate = 1000 };
	struct kalman k;

	(void)state;
	kalman_begin(&k, at_s(0), &unknown);
	for (int i = 0; i < 1500; i++) {
		go_on(&c, &r, 1, i < 1000 ? 1 : 100);
		(void)kalman_add(&k, at_s(c.t), (dur_ns)(c.value + normal(&r, 100)), 100);
		if (i == 999) {
			assert_int_equal(best_of(&k), 0);
		}
	}
	assert_int_equal(best_of(&k), 2);
	assert_true(fabs((double)kalman_at(&k, at_s(c.t)).value - c.value) < 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_with_what_is_known),
		cmocka_unit_test(measurements_count_by_their_errors),
		cmocka_unit_test(one_cannot_move_it_far),
		cmocka_unit_test(two_points_make_a_rate),
		cmocka_unit_test(the_past_is_refused),
		cmocka_unit_test(large_values_are_exact),
		cmocka_unit_test(a_bend_is_followed_at_once),
		cmocka_unit_test(lines_are_found),
		cmocka_unit_test(worthless_ones_are_none),
		cmocka_unit_test(errors_are_sane),
		cmocka_unit_test(each_wander_is_recognised),
		cmocka_unit_test(a_change_of_weather_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
