/* SPDX-License-Identifier: BSD-3-Clause */
/* Agreement: which exchanges exclude each other, and where that shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/agree.h"
#include "tests/support/random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CASES        20000
#define SAMPLES      8

/* An exchange of 2 ms that begins at `at` ms, with a server that is `ahead` ms ahead. */
static struct sample round_at(int64_t at, int64_t ahead)
{
	return (struct sample){
		.kind = SAMPLE_TIMESTAMPS,
		.t1 = (1000 + at) * NS_PER_MS,
		.t2 = (1001 + at + ahead) * NS_PER_MS,
		.t3 = (1001 + at + ahead) * NS_PER_MS,
		.t4 = (1002 + at) * NS_PER_MS,
	};
}

static struct sample time_at(int64_t at, int64_t ahead)
{
	struct sample s = round_at(at, ahead);

	s.kind = SAMPLE_TIME;
	return s;
}

static void assert_conflict(const struct sample *samples, size_t n, size_t first, size_t second,
			    dur_ns apart)
{
	struct agree_conflict c;

	assert_false(agree(samples, n, 0, &c));
	assert_false(agree(samples, n, 0, NULL));
	assert_int_equal(c.first, first);
	assert_int_equal(c.second, second);
	assert_int_equal(c.apart, apart);
}

static void what_overlaps_agrees(void **state)
{
	/* 1 ms to either side: the first and the last touch. */
	const struct sample s[] = { round_at(0, 0), round_at(10, 1), time_at(20, 2) };

	(void)state;
	assert_true(agree(s, 0, 0, NULL));
	assert_true(agree(s, 1, 0, NULL));
	assert_true(agree(s, 3, 0, NULL));
}

/* By how little they miss each other does not matter when the clocks do not drift. */
static void a_nanosecond_apart_is_a_conflict(void **state)
{
	struct sample s[] = { round_at(0, 0), round_at(10, 2) };

	(void)state;
	assert_true(agree(s, 2, 0, NULL));
	s[1].t2++;
	s[1].t3++;
	assert_conflict(s, 2, 0, 1, 2 * NS_PER_MS + 1);
	assert_true(agree(s, 2, 1, NULL));
}

static void a_step_shows_between_two_rounds(void **state)
{
	const struct sample s[] = {
		round_at(0, 0),    round_at(10, 0),  round_at(20, 500),
		round_at(30, 500), time_at(40, 500),
	};

	(void)state;
	assert_conflict(s, COUNT(s), 1, 2, 500 * NS_PER_MS);
}

static void a_step_back_shows_as_well(void **state)
{
	const struct sample s[] = { round_at(0, 0), round_at(10, -3), round_at(20, -3) };

	(void)state;
	assert_conflict(s, COUNT(s), 0, 1, -3 * NS_PER_MS);
}

/* Although GET_TIME comes first, rounds that exclude each other tell more. */
static void rounds_go_before_times(void **state)
{
	const struct sample s[] = { time_at(0, 900), round_at(10, 0), round_at(20, 0),
				    round_at(30, 50) };
	const struct sample only_time[] = { time_at(0, 900), round_at(10, 0), round_at(20, 0) };

	(void)state;
	assert_conflict(s, COUNT(s), 2, 3, 50 * NS_PER_MS);
	assert_conflict(only_time, COUNT(only_time), 0, 1, -900 * NS_PER_MS);
}

static void what_cannot_be_used_is_left_out(void **state)
{
	struct sample s[] = { round_at(0, 0), round_at(10, 700), round_at(20, 0) };

	(void)state;
	s[1].t4 = s[1].t1 - 1;
	assert_true(agree(s, COUNT(s), 0, NULL));
}

/* 3 ms apart but for 2: 1 ms of drift in the 12 ms from t1 of the one to t4 of the other. */
static void drift_explains_as_much_as_it_can(void **state)
{
	const struct sample s[] = { round_at(0, 0), round_at(10, 3) };
	const struct sample down[] = { round_at(0, 3), round_at(10, 0) };
	const int64_t enough = NS_PER_SEC / 12 + 1;

	(void)state;
	assert_false(agree(s, 2, enough - 1000, NULL));
	assert_true(agree(s, 2, enough, NULL));
	assert_false(agree(down, 2, enough - 1000, NULL));
	assert_true(agree(down, 2, enough, NULL));
	assert_false(agree(s, 2, -1, NULL));
}

static void extremes_do_not_overflow(void **state)
{
	const ts_ns last = TS_LIMIT - 1;
	const struct sample s[] = {
		{ SAMPLE_TIMESTAMPS, 0, last, last, 0 },
		{ SAMPLE_TIMESTAMPS, last, 0, 0, last },
	};

	(void)state;
	assert_conflict(s, 2, 0, 1, -2 * last);
	assert_false(agree(s, 2, NS_PER_SEC, NULL));
	assert_true(agree(s, 2, 2 * NS_PER_SEC, NULL));
	assert_true(agree(s, 2, INT64_MAX, NULL));
}

/* A step of the server's clock by more than the two bounds together never goes unseen. */
static bool a_step_is_seen(struct random *r)
{
	struct sample s[SAMPLES];
	const size_t at = (size_t)random_between(r, 1, SAMPLES - 1);
	const dur_ns step = random_between(r, 2 * NS_PER_MS + 1, 3600 * NS_PER_SEC);
	const bool back = random_between(r, 0, 1);
	struct agree_conflict c;

	for (size_t i = 0; i < SAMPLES; i++) {
		s[i] = round_at((int64_t)i * 10 + 4000000, 0);
		if (i >= at) {
			s[i].t2 += back ? -step : step;
			s[i].t3 = s[i].t2;
		}
	}
	return agree(s, at, 0, NULL) && agree(s + at, SAMPLES - at, 0, NULL) &&
	       !agree(s, SAMPLES, 0, &c) && c.first == at - 1 && c.second == at &&
	       c.apart == (back ? -step : step);
}

static void every_step_is_seen(void **state)
{
	(void)state;
	assert_true(random_holds("step", a_step_is_seen, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_overlaps_agrees),
		cmocka_unit_test(a_nanosecond_apart_is_a_conflict),
		cmocka_unit_test(a_step_shows_between_two_rounds),
		cmocka_unit_test(a_step_back_shows_as_well),
		cmocka_unit_test(rounds_go_before_times),
		cmocka_unit_test(what_cannot_be_used_is_left_out),
		cmocka_unit_test(drift_explains_as_much_as_it_can),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(every_step_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
