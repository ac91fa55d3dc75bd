/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system clock. Most tests put a kernel of their own in the place of clock_adjtime, to see
 * what it is asked; the others ask the real one, without the privilege to change anything.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "os/clock_mark.h"
#include "os/clock_system.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"

/* The answers of the test's kernel, and its requests. */
static struct {
	bool real; /* ask the real kernel instead */
	int result;
	int error;
	struct timex answer;
	struct timex asked;
	clockid_t asked_of;
	int calls;
	dur_ns stepped; /* CLOCK_REALTIME is so far ahead of what it really is */
	int changes;    /* requests that were no questions */
} kernel;

int clock_gettime(clockid_t id, struct timespec *out)
{
	const int rc = (int)syscall(SYS_clock_gettime, id, out);
	int64_t shown = out->tv_sec * NS_PER_SEC + out->tv_nsec;

	if (id == CLOCK_REALTIME) {
		shown += kernel.stepped;
		*out = (struct timespec){ .tv_sec = shown / NS_PER_SEC,
					  .tv_nsec = shown % NS_PER_SEC };
	}
	return rc;
}

int clock_adjtime(clockid_t id, struct timex *request)
{
	if (kernel.real) {
		return (int)syscall(SYS_clock_adjtime, id, request);
	}
	kernel.calls++;
	kernel.changes += request->modes != 0 && request->modes != ADJ_OFFSET_SS_READ;
	kernel.asked_of = id;
	kernel.asked = *request;
	*request = kernel.answer;
	errno = kernel.error;
	return kernel.result;
}

static int new_kernel(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	return 0;
}

static int real_kernel(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.real = true;
	return 0;
}

static ts_ns real_now(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static int64_t monotonic_now(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &t), 0);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static void shows_realtime_and_boottime(void **state)
{
	struct clock *c = clock_system();
	int64_t before;
	int64_t shown;

	(void)state;
	before = real_now();
	shown = clock_now(c);
	assert_between(before, shown, real_now());
	before = monotonic_now();
	shown = clock_mono(c).ns;
	assert_between(before, shown, monotonic_now());
}

static void kernel_stamps_are_its_own_time(void **state)
{
	(void)state;
	assert_int_equal(clock_from_kernel(clock_system(), 0), 0);
	assert_int_equal(clock_from_kernel(clock_system(), TS_LIMIT - 1), TS_LIMIT - 1);
}

static void step_is_split_with_positive_nanoseconds(void **state)
{
	static const struct {
		dur_ns add;
		int64_t seconds, nanoseconds;
	} cases[] = {
		{ 0, 0, 0 },
		{ 1, 0, 1 },
		{ -1, -1, 999999999 },
		{ NS_PER_SEC, 1, 0 },
		{ -NS_PER_SEC, -1, 0 },
		{ 2 * NS_PER_SEC + 500000000, 2, 500000000 },
		{ -2 * NS_PER_SEC - 500000000, -3, 500000000 },
		{ -999999999, -1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(clock_step(clock_system(), cases[i].add), 0);
		assert_int_equal(kernel.asked_of, CLOCK_REALTIME);
		assert_int_equal(kernel.asked.modes, ADJ_SETOFFSET | ADJ_NANO);
		assert_int_equal(kernel.asked.time.tv_sec, cases[i].seconds);
		assert_int_equal(kernel.asked.time.tv_usec, cases[i].nanoseconds);
	}
}

static void step_out_of_range_does_not_reach_the_kernel(void **state)
{
	struct clock *c = clock_system();

	(void)state;
	assert_int_equal(clock_step(c, INT64_MAX), -ERANGE);
	assert_int_equal(clock_step(c, INT64_MIN), -ERANGE);
	assert_int_equal(clock_step(c, -real_now() - NS_PER_SEC), -ERANGE);
	assert_int_equal(clock_step(c, TS_LIMIT - real_now()), -ERANGE);
	assert_int_equal(kernel.calls, 0);
}

static void slew_is_rounded_to_microseconds(void **state)
{
	static const struct {
		dur_ns add;
		long microseconds;
	} cases[] = {
		{ 0, 0 },
		{ 499, 0 },
		{ 500, 1 },
		{ 1499, 1 },
		{ 1500, 2 },
		{ -499, 0 },
		{ -500, -1 },
		{ -1499, -1 },
		{ -1500, -2 },
		{ 128000000, 128000 },
		{ -128000000, -128000 },
		{ 2145 * NS_PER_SEC, 2145000000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(clock_slew(clock_system(), cases[i].add), 0);
		assert_int_equal(kernel.asked_of, CLOCK_REALTIME);
		assert_int_equal(kernel.asked.modes, ADJ_OFFSET_SINGLESHOT);
		assert_int_equal(kernel.asked.offset, cases[i].microseconds);
	}
}

static void slew_out_of_range_does_not_reach_the_kernel(void **state)
{
	struct clock *c = clock_system();

	(void)state;
	assert_int_equal(clock_slew(c, 2145 * NS_PER_SEC + 1), -ERANGE);
	assert_int_equal(clock_slew(c, -2145 * NS_PER_SEC - 1), -ERANGE);
	assert_int_equal(clock_slew(c, INT64_MIN), -ERANGE);
	assert_int_equal(clock_slew(c, INT64_MAX), -ERANGE);
	assert_int_equal(kernel.calls, 0);
}

static void slew_left_is_read_only(void **state)
{
	dur_ns left = 0;

	(void)state;
	kernel.answer.offset = -128000;
	assert_int_equal(clock_slew_left(clock_system(), &left), 0);
	assert_int_equal(left, -128 * NS_PER_MS);
	assert_int_equal(kernel.asked.modes, ADJ_OFFSET_SS_READ);
}

static void frequency_is_in_2_to_the_minus_16_ppm(void **state)
{
	static const struct {
		int64_t ppb;
		long scaled;
	} cases[] = {
		{ 0, 0 },        { 1, 66 },  /* 65.536 */
		{ -1, -66 },     { 2, 131 }, /* 131.072 */
		{ 1000, 65536 }, { -1000, -65536 }, { 500000, 32768000 }, { -500000, -32768000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(clock_set_frequency(clock_system(), cases[i].ppb), 0);
		assert_int_equal(kernel.asked_of, CLOCK_REALTIME);
		assert_int_equal(kernel.asked.modes, ADJ_FREQUENCY | ADJ_TICK);
		assert_int_equal(kernel.asked.tick, 10000);
		assert_int_equal(kernel.asked.freq, cases[i].scaled);
	}
}

/* Beyond what the frequency reaches, ticks of 100 ppm, and the rest in it. */
static void a_great_frequency_is_made_of_ticks(void **state)
{
	static const struct {
		int64_t ppb;
		long tick, scaled;
	} cases[] = {
		{ 500001, 10005, 66 },
		{ -500001, 9995, -66 },
		{ 2000000, 10020, 0 },
		{ -99990000, 9000, 10 * 65536 },
		{ 100000000, 11000, 0 },
		{ -100000000, 9000, 0 },
		{ 12345678, 10123, 45 * 65536 + 44433 },
	};

	(void)state;
	assert_int_equal(clock_max_frequency(clock_system()), 100000000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t found = INT64_MAX;

		assert_int_equal(clock_set_frequency(clock_system(), cases[i].ppb), 0);
		assert_int_equal(kernel.asked.tick, cases[i].tick);
		assert_int_equal(kernel.asked.freq, cases[i].scaled);
		kernel.answer = kernel.asked;
		assert_int_equal(clock_frequency(clock_system(), &found), 0);
		assert_int_equal(found, cases[i].ppb);
	}
}

static void frequency_comes_back_as_it_was_set(void **state)
{
	(void)state;
	for (int64_t ppb = -600000; ppb <= 600000; ppb += 37) {
		int64_t found = INT64_MAX;

		assert_int_equal(clock_set_frequency(clock_system(), ppb), 0);
		kernel.answer = kernel.asked;
		assert_int_equal(clock_frequency(clock_system(), &found), 0);
		assert_int_equal(kernel.asked.modes, 0);
		assert_int_equal(found, ppb);
	}
}

static void frequency_out_of_range_does_not_reach_the_kernel(void **state)
{
	struct clock *c = clock_system();

	(void)state;
	assert_int_equal(clock_set_frequency(c, DRIFT_CORRECTABLE_PPB + 1), -ERANGE);
	assert_int_equal(clock_set_frequency(c, -DRIFT_CORRECTABLE_PPB - 1), -ERANGE);
	assert_int_equal(clock_set_frequency(c, INT64_MAX), -ERANGE);
	assert_int_equal(clock_set_frequency(c, INT64_MIN), -ERANGE);
	assert_int_equal(kernel.calls, 0);
}

static void quality_is_what_the_kernel_says(void **state)
{
	static const struct {
		int result;
		enum clock_leap leap;
	} cases[] = {
		{ TIME_OK, CLOCK_LEAP_NONE },    { TIME_INS, CLOCK_LEAP_INSERT },
		{ TIME_DEL, CLOCK_LEAP_DELETE }, { TIME_OOP, CLOCK_LEAP_IN_PROGRESS },
		{ TIME_WAIT, CLOCK_LEAP_NONE },  { TIME_ERROR, CLOCK_LEAP_UNKNOWN },
	};
	struct clock_quality quality;

	(void)state;
	kernel.answer.maxerror = 16000000;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kernel.result = cases[i].result;
		kernel.answer.status = STA_NANO;
		assert_int_equal(clock_quality(clock_system(), &quality), 0);
		assert_int_equal(kernel.asked.modes, 0);
		assert_true(quality.synchronised);
		assert_int_equal(quality.max_error, 16 * NS_PER_SEC);
		assert_int_equal(quality.leap, cases[i].leap);

		kernel.answer.status = STA_NANO | STA_UNSYNC;
		assert_int_equal(clock_quality(clock_system(), &quality), 0);
		assert_false(quality.synchronised);
	}
}

static void a_claim_is_for_the_kernel_to_say(void **state)
{
	static const struct {
		dur_ns max_error;
		long microseconds;
	} cases[] = {
		{ 0, 0 },
		{ 1, 1 },
		{ NS_PER_US, 1 },
		{ NS_PER_US + 1, 2 },
		{ CLOCK_SYSTEM_MAX_CLAIM - 1, 16000000 },
	};

	(void)state;
	kernel.answer.status = STA_NANO | STA_UNSYNC | STA_INS;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(clock_claim(clock_system(), cases[i].max_error), 0);
		assert_int_equal(kernel.asked_of, CLOCK_REALTIME);
		assert_int_equal(kernel.asked.modes, ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR);
		assert_int_equal(kernel.asked.status, STA_NANO | STA_INS);
		assert_int_equal(kernel.asked.maxerror, cases[i].microseconds);
		assert_int_equal(kernel.asked.esterror, cases[i].microseconds);
	}
}

static void what_is_no_better_than_that_takes_it_back(void **state)
{
	(void)state;
	kernel.answer.status = STA_NANO | STA_DEL;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			clock_claim(clock_system(), i ? INT64_MAX : CLOCK_SYSTEM_MAX_CLAIM), 0);
		assert_int_equal(kernel.asked.modes, ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR);
		assert_int_equal(kernel.asked.status, STA_NANO | STA_DEL | STA_UNSYNC);
		assert_int_equal(kernel.asked.maxerror, 16000000);
		assert_int_equal(kernel.asked.esterror, 16000000);
	}
}

static void the_kernels_error_is_returned(void **state)
{
	struct clock *c = clock_system();
	struct clock_quality quality;
	dur_ns left;
	int64_t ppb;

	(void)state;
	kernel.result = -1;
	kernel.error = EINVAL;
	assert_int_equal(clock_step(c, 1), -EINVAL);
	assert_int_equal(clock_slew(c, 1), -EINVAL);
	assert_int_equal(clock_slew_left(c, &left), -EINVAL);
	assert_int_equal(clock_set_frequency(c, 1), -EINVAL);
	assert_int_equal(clock_frequency(c, &ppb), -EINVAL);
	assert_int_equal(clock_quality(c, &quality), -EINVAL);
	assert_int_equal(clock_claim(c, 1), -EINVAL);
	assert_int_equal(clock_claim(c, INT64_MAX), -EINVAL);
}

static void the_right_to_adjust_is_asked_for_and_not_used(void **state)
{
	static const struct {
		int error, answer;
	} cases[] = { { EINVAL, 0 }, { EPERM, -EPERM }, { ENOSYS, -ENOSYS } };

	(void)state;
	kernel.result = -1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kernel.error = cases[i].error;
		assert_int_equal(clock_may_adjust(clock_system()), cases[i].answer);
		assert_int_equal(kernel.asked.modes, ADJ_TICK);
		assert_int_equal(kernel.asked.tick, 0); /* which no kernel takes */
	}
}

/* A clock that is left alone between a mark and the correction that refers to it. */
static void what_was_measured_is_done_to_the_same_clock(void **state)
{
	struct clock *c = clock_system();
	struct clock_mark mark;

	(void)state;
	kernel.answer.freq = 65536;
	kernel.answer.tick = 10000;
	assert_int_equal(clock_mark(c, &mark), 0);
	assert_int_equal(kernel.changes, 0);
	assert_int_equal(clock_step_since(c, &mark, NS_PER_SEC), 0);
	assert_int_equal(kernel.changes, 1);

	/* Our own changes do not count as another program's. */
	assert_int_equal(clock_mark(c, &mark), 0);
	kernel.stepped += 3 * NS_PER_SEC;
	assert_int_equal(clock_mark(c, &mark), 0);
	assert_int_equal(clock_set_frequency_since(c, &mark, 5), 0);
	assert_int_equal(kernel.changes, 2);
}

static void what_somebody_else_does_makes_a_measurement_stale(void **state)
{
	static const struct {
		dur_ns step;
		long frequency, tick, slew;
	} cases[] = {
		{ 300 * NS_PER_MS, 0, 0, 0 },
		{ -300 * NS_PER_MS, 0, 0, 0 },
		{ NS_PER_MS, 0, 0, 0 },
		{ 0, 1, 0, 0 },
		{ 0, 0, -1, 0 },
		{ 0, 0, 0, 5000 },
		{ 0, 0, 0, -5000 },
	};
	struct clock *c = clock_system();
	struct clock_mark mark;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(clock_mark(c, &mark), 0);
		kernel.stepped += cases[i].step;
		kernel.answer.freq += cases[i].frequency;
		kernel.answer.tick += cases[i].tick;
		kernel.answer.offset = cases[i].slew;
		assert_int_equal(clock_step_since(c, &mark, NS_PER_SEC), -ESTALE);
		assert_int_equal(clock_slew_since(c, &mark, NS_PER_MS), -ESTALE);
		assert_int_equal(clock_set_frequency_since(c, &mark, 5), -ESTALE);
		assert_int_equal(kernel.changes, 0);
		kernel.answer.offset = 0;
	}
	assert_int_equal(clock_step(c, NS_PER_SEC), 0); /* by hand it is done all the same */
	assert_int_equal(kernel.changes, 1);
}

/* Of two processes that measured the same error one corrects it, and the other is told. */
static void of_two_corrections_one_is_made(void **state)
{
	struct clock *c = clock_system();
	struct clock_mark one, other;

	(void)state;
	assert_int_equal(clock_mark(c, &one), 0);
	assert_int_equal(clock_mark(c, &other), 0);
	assert_int_equal(clock_step_since(c, &one, 2 * NS_PER_SEC), 0);
	kernel.stepped += 2 * NS_PER_SEC;
	assert_int_equal(clock_step_since(c, &other, 2 * NS_PER_SEC), -ESTALE);
	assert_int_equal(kernel.changes, 1);
}

static void a_slew_that_goes_on_is_no_surprise(void **state)
{
	struct clock_mark before = { .slew_left = 100 * NS_PER_MS, .at = { .ns = NS_PER_SEC } };
	struct clock_mark now = before;

	(void)state;
	now.at.ns += 4 * NS_PER_SEC;
	now.slew_left -= 2 * NS_PER_MS; /* 500 us a second */
	assert_true(clock_mark_left_alone(&before, &now));
	now.slew_left = before.slew_left + NS_PER_US;
	assert_false(clock_mark_left_alone(&before, &now));
	now.slew_left = 0; /* far too early */
	assert_false(clock_mark_left_alone(&before, &now));
	before.slew_left = -NS_PER_MS;
	assert_true(clock_mark_left_alone(&before, &now));
	now.slew_left = NS_PER_MS;
	assert_false(clock_mark_left_alone(&before, &now));
}

/* How far CLOCK_REALTIME is ahead of CLOCK_BOOTTIME. */
static dur_ns realtime_ahead(void)
{
	int64_t monotonic = monotonic_now();

	return real_now() - monotonic;
}

static void without_privilege_nothing_moves(void **state)
{
	struct clock *c = clock_system();
	dur_ns ahead = realtime_ahead();
	dur_ns left_before = 0;
	dur_ns left_after = 0;
	int64_t frequency = INT64_MAX;

	(void)state;
	assert_int_equal(clock_slew_left(c, &left_before), 0);
	assert_int_equal(clock_frequency(c, &frequency), 0);
	assert_between(-DRIFT_CORRECTABLE_PPB, frequency, DRIFT_CORRECTABLE_PPB);
	assert_int_equal(clock_step(c, 3600 * NS_PER_SEC), -EPERM);
	assert_int_equal(clock_step(c, -3600 * NS_PER_SEC), -EPERM);
	assert_int_equal(clock_step(c, 0), -EPERM);
	assert_int_equal(clock_slew(c, 100 * NS_PER_MS), -EPERM);
	assert_int_equal(clock_slew(c, -100 * NS_PER_MS), -EPERM);
	assert_int_equal(clock_set_frequency(c, frequency), -EPERM);
	assert_int_equal(clock_may_adjust(c), -EPERM);
	assert_int_equal(clock_claim(c, NS_PER_SEC), -EPERM);
	assert_int_equal(clock_claim(c, INT64_MAX), -EPERM);
	assert_int_equal(clock_slew_left(c, &left_after), 0);

	/* Somebody else may discipline this clock meanwhile, but not by a minute. */
	assert_between(-60 * NS_PER_SEC, realtime_ahead() - ahead, 60 * NS_PER_SEC);
	assert_between(-50 * NS_PER_MS, left_after - left_before, 50 * NS_PER_MS);
}

static void quality_of_the_real_clock_needs_no_privilege(void **state)
{
	struct clock_quality quality = { .max_error = -1 };
	struct timex direct = { .modes = 0 };

	(void)state;
	assert_int_equal(clock_quality(clock_system(), &quality), 0);
	assert_true(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &direct) >= 0);
	assert_int_equal(quality.synchronised, !(direct.status & STA_UNSYNC));
	assert_between(0, quality.max_error, 16 * NS_PER_SEC); /* NTP_PHASE_LIMIT of the kernel */
}

static void closing_does_nothing(void **state)
{
	struct clock *c = clock_system();

	(void)state;
	clock_close(c);
	clock_close(NULL);
	assert_true(ts_valid(clock_now(c)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(shows_realtime_and_boottime, new_kernel),
		cmocka_unit_test_setup(kernel_stamps_are_its_own_time, new_kernel),
		cmocka_unit_test_setup(step_is_split_with_positive_nanoseconds, new_kernel),
		cmocka_unit_test_setup(step_out_of_range_does_not_reach_the_kernel, new_kernel),
		cmocka_unit_test_setup(slew_is_rounded_to_microseconds, new_kernel),
		cmocka_unit_test_setup(slew_out_of_range_does_not_reach_the_kernel, new_kernel),
		cmocka_unit_test_setup(slew_left_is_read_only, new_kernel),
		cmocka_unit_test_setup(frequency_is_in_2_to_the_minus_16_ppm, new_kernel),
		cmocka_unit_test_setup(a_great_frequency_is_made_of_ticks, new_kernel),
		cmocka_unit_test_setup(frequency_comes_back_as_it_was_set, new_kernel),
		cmocka_unit_test_setup(frequency_out_of_range_does_not_reach_the_kernel,
				       new_kernel),
		cmocka_unit_test_setup(quality_is_what_the_kernel_says, new_kernel),
		cmocka_unit_test_setup(a_claim_is_for_the_kernel_to_say, new_kernel),
		cmocka_unit_test_setup(what_is_no_better_than_that_takes_it_back, new_kernel),
		cmocka_unit_test_setup(the_kernels_error_is_returned, new_kernel),
		cmocka_unit_test_setup(the_right_to_adjust_is_asked_for_and_not_used, new_kernel),
		cmocka_unit_test_setup(what_was_measured_is_done_to_the_same_clock, new_kernel),
		cmocka_unit_test_setup(what_somebody_else_does_makes_a_measurement_stale,
				       new_kernel),
		cmocka_unit_test_setup(of_two_corrections_one_is_made, new_kernel),
		cmocka_unit_test_setup(a_slew_that_goes_on_is_no_surprise, new_kernel),
		cmocka_unit_test_setup(without_privilege_nothing_moves, real_kernel),
		cmocka_unit_test_setup(quality_of_the_real_clock_needs_no_privilege, real_kernel),
		cmocka_unit_test_setup(closing_does_nothing, real_kernel),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
