/* SPDX-License-Identifier: BSD-3-Clause */
/* A clock file: what it shows, and that each way of adjusting it does exactly what it says. */
#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "os/clock_file.h"
#include "os/clock_system.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"
#include "tests/support/scratch.h"

#define OFFSET (2500 * NS_PER_MS)

struct fixture {
	struct scratch scratch;
	struct clock *c; /* a clock file at scratch.path, OFFSET ahead, without drift */
};

static struct clock *open_clock(const char *path, bool writable)
{
	struct clock *c = NULL;
	const char *why = "not set";

	assert_int_equal(clock_file_open(&c, path, writable, &why), 0);
	assert_null(why);
	return c;
}

static int setup(void **state)
{
	static struct fixture f;

	if (scratch_make(&f.scratch) || clock_file_create(f.scratch.path, OFFSET, 0)) {
		return -1;
	}
	f.c = open_clock(f.scratch.path, true);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	clock_close(f->c);
	scratch_remove(&f->scratch);
	return 0;
}

static struct clock_file_state state_of(struct clock *c)
{
	struct clock_file_state s;

	clock_file_state(c, &s);
	return s;
}

static void sleep_ms(int ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * NS_PER_MS }, NULL);
}

/* --- what it shows ---------------------------------------------------------------------------- */

static void shows_the_system_time_plus_offset(void **state)
{
	struct fixture *f = *state;
	ts_ns before = clock_now(clock_system());
	ts_ns shown = clock_now(f->c);
	struct clock_file_state s = state_of(f->c);
	ts_ns after = clock_now(clock_system());

	assert_between(before, shown - OFFSET, after);
	assert_between(before, s.at, after);
	assert_int_equal(s.offset, OFFSET);
	assert_int_equal(s.drift_ppb, 0);
	assert_int_equal(s.frequency_ppb, 0);
	assert_int_equal(s.slew_left, 0);
}

static void its_monotonic_clock_is_the_systems(void **state)
{
	struct fixture *f = *state;
	int64_t before = clock_mono(clock_system()).ns;
	int64_t shown = clock_mono(f->c).ns;
	int64_t after = clock_mono(clock_system()).ns;

	assert_between(before, shown, after);
}

static void kernel_stamps_convert_exactly(void **state)
{
	struct fixture *f = *state;
	ts_ns now = clock_now(clock_system());

	assert_int_equal(clock_from_kernel(f->c, now), now + OFFSET);
	assert_int_equal(clock_from_kernel(f->c, now - NS_PER_SEC), now - NS_PER_SEC + OFFSET);
}

static void nobody_disciplines_it(void **state)
{
	struct fixture *f = *state;
	struct clock_quality quality = { true, -1, CLOCK_LEAP_UNKNOWN };

	assert_int_equal(clock_quality(f->c, &quality), 0);
	assert_false(quality.synchronised);
	assert_int_equal(quality.max_error, 0);
	assert_int_equal(quality.leap, CLOCK_LEAP_NONE);
}

static void drift_adds_up(void **state)
{
	const int64_t drift_ppb = -50000000; /* -5 % */
	struct fixture *f = *state;
	ts_ns before = clock_now(clock_system());
	ts_ns after;
	struct clock_file_state s;

	assert_int_equal(clock_file_set_drift(f->c, drift_ppb), 0);
	after = clock_now(clock_system());
	sleep_ms(20);
	s = state_of(f->c);
	assert_int_equal(s.drift_ppb, drift_ppb);
	/* It has drifted since some instant from `before` to `after`; 2 ns for rounding. */
	assert_between((s.at - after) / 20 - 2, OFFSET - s.offset, (s.at - before) / 20 + 2);
	assert_true(OFFSET - s.offset >= NS_PER_MS - 2);
}

static void changing_the_drift_does_not_jump(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 1000; i++) {
		int64_t drift_ppb = i % 2 ? 1000000 : -1000000; /* 0.1 % */
		struct clock_file_state before = state_of(f->c);
		struct clock_file_state after;
		dur_ns at_most;

		assert_int_equal(clock_file_set_drift(f->c, drift_ppb), 0);
		after = state_of(f->c);
		at_most = (after.at - before.at) / 1000 + 3;
		assert_between(-at_most, after.offset - before.offset, at_most);
	}
}

/* A frequency is a correction: the drift stays the same, and the rate is their sum. */
static void a_frequency_makes_up_for_the_drift(void **state)
{
	const int64_t drift_ppb = 50000000; /* 5 % */
	struct fixture *f = *state;
	struct clock *reader = open_clock(f->scratch.path, false);
	struct clock_file_state before;
	struct clock_file_state after;
	int64_t ppb = -1;

	assert_int_equal(clock_frequency(f->c, &ppb), 0);
	assert_int_equal(ppb, 0);
	assert_int_equal(clock_file_set_drift(f->c, drift_ppb), 0);
	assert_int_equal(clock_set_frequency(f->c, -DRIFT_CORRECTABLE_PPB), 0);
	before = state_of(reader);
	sleep_ms(20);
	after = state_of(reader);
	assert_int_equal(before.drift_ppb, drift_ppb);
	assert_int_equal(before.frequency_ppb, -DRIFT_CORRECTABLE_PPB);
	assert_int_equal(clock_frequency(reader, &ppb), 0);
	assert_int_equal(ppb, -DRIFT_CORRECTABLE_PPB);
	/* -50000 ppm of the time between; 2 ns for rounding */
	assert_between(-2, after.offset - before.offset + (after.at - before.at) / 20, 2);
	clock_close(reader);
}

static void frequency_and_drift_are_set_apart(void **state)
{
	struct fixture *f = *state;
	struct clock_file_state s;

	assert_int_equal(clock_set_frequency(f->c, 80), 0);
	assert_int_equal(clock_file_set_drift(f->c, -80), 0);
	assert_int_equal(clock_set_frequency(f->c, 79), 0);
	assert_int_equal(clock_step(f->c, 1), 0);
	assert_int_equal(clock_file_set_offset(f->c, OFFSET), 0);
	s = state_of(f->c);
	assert_int_equal(s.drift_ppb, -80);
	assert_int_equal(s.frequency_ppb, 79);
}

/* Nor does it end a slew, which goes on from where it is. */
static void changing_the_frequency_does_not_jump(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(clock_slew(f->c, NS_PER_SEC), 0);
	for (int i = 0; i < 1000; i++) {
		struct clock_file_state before = state_of(f->c);
		struct clock_file_state after;
		dur_ns at_most;

		assert_int_equal(clock_set_frequency(f->c, i % 2 ? 500000 : -500000), 0);
		after = state_of(f->c);
		at_most = (after.at - before.at) / 1000 + 3; /* 500 ppm of frequency, 500 of slew */
		assert_between(-at_most, after.offset - before.offset, at_most);
		assert_between(before.slew_left - at_most, after.slew_left, before.slew_left);
	}
	assert_true(state_of(f->c).slew_left > NS_PER_SEC / 2);
}

/* --- adjusting it ----------------------------------------------------------------------------- */

static void a_step_is_exact(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(clock_step(f->c, 12345), 0);
	assert_int_equal(state_of(f->c).offset, OFFSET + 12345);
	assert_int_equal(clock_step(f->c, -3600 * NS_PER_SEC), 0);
	assert_int_equal(state_of(f->c).offset, OFFSET + 12345 - 3600 * NS_PER_SEC);
}

static void all_who_opened_it_see_a_step(void **state)
{
	struct fixture *f = *state;
	struct clock *other = open_clock(f->scratch.path, true);
	struct clock *reader = open_clock(f->scratch.path, false);

	assert_int_equal(clock_step(other, NS_PER_SEC), 0);
	assert_int_equal(state_of(f->c).offset, OFFSET + NS_PER_SEC);
	assert_int_equal(state_of(reader).offset, OFFSET + NS_PER_SEC);
	clock_close(other);
	clock_close(reader);
	assert_int_equal(clock_step(f->c, NS_PER_SEC), 0);
	assert_int_equal(state_of(f->c).offset, OFFSET + 2 * NS_PER_SEC);
}

static void a_slew_moves_the_clock_by_what_is_done_of_it(void **state)
{
	const dur_ns add = -NS_PER_SEC;
	struct fixture *f = *state;
	struct clock_file_state s;
	dur_ns left = 0;

	assert_int_equal(clock_slew(f->c, add), 0);
	sleep_ms(20);
	s = state_of(f->c);
	assert_int_equal(s.offset + s.slew_left, OFFSET + add);
	assert_between(add + 10 * NS_PER_US, s.slew_left, 0); /* 500 ppm of 20 ms or more */
	assert_int_equal(clock_slew_left(f->c, &left), 0);
	assert_between(s.slew_left, left, 0);
	/* and its finished part stays when its base is moved */
	assert_int_equal(clock_file_set_drift(f->c, 0), 0);
	s = state_of(f->c);
	assert_int_equal(s.offset + s.slew_left, OFFSET + add);
}

static void a_slew_ends(void **state)
{
	struct fixture *f = *state;
	dur_ns left = -1;

	assert_int_equal(clock_slew(f->c, 1000), 0); /* takes 2 ms */
	sleep_ms(3);
	assert_int_equal(clock_slew_left(f->c, &left), 0);
	assert_int_equal(left, 0);
	assert_int_equal(state_of(f->c).offset, OFFSET + 1000);
}

/* Also if the process that has begun it does nothing more. */
static void a_slew_by_frequency_ends(void **state)
{
	const struct clock_slew slew = { .ppb = 50000000, .lasts = 20 * NS_PER_MS }; /* 1 ms */
	struct fixture *f = *state;
	struct clock *reader = open_clock(f->scratch.path, false);
	struct clock_mark mark;
	int64_t ppb;

	assert_true(clock_ends_slews(f->c));
	assert_int_equal(clock_mark(f->c, &mark), 0);
	assert_int_equal(clock_slew_by_frequency_since(f->c, &mark, 1000, &slew), 0);
	if (clock_frequency_slew(reader) != 0) { /* this test was fast enough to see it */
		assert_int_equal(clock_frequency_slew(reader), slew.ppb);
	}
	sleep_ms(25);
	assert_int_equal(clock_frequency_slew(reader), 0);
	assert_int_equal(clock_frequency(reader, &ppb), 0);
	assert_int_equal(ppb, 1000);
	assert_int_equal(clock_unchanged(f->c, &mark), 0); /* nobody has changed it */
	assert_between(OFFSET + NS_PER_MS, state_of(reader).offset,
		       OFFSET + NS_PER_MS + 100 * NS_PER_US);
	sleep_ms(20);
	assert_between(OFFSET + NS_PER_MS, state_of(reader).offset,
		       OFFSET + NS_PER_MS + 100 * NS_PER_US);
	clock_close(reader);
}

static void a_slew_takes_the_place_of_another(void **state)
{
	struct fixture *f = *state;
	struct clock_file_state s;

	assert_int_equal(clock_slew(f->c, NS_PER_SEC), 0);
	assert_int_equal(clock_slew(f->c, -NS_PER_SEC), 0);
	s = state_of(f->c);
	assert_between(-NS_PER_SEC, s.slew_left, -NS_PER_SEC / 2);
	assert_int_equal(clock_slew(f->c, 0), 0);
	assert_int_equal(state_of(f->c).slew_left, 0);
}

static void a_step_ends_a_slew(void **state)
{
	struct fixture *f = *state;
	dur_ns offset;

	assert_int_equal(clock_slew(f->c, NS_PER_SEC), 0);
	assert_int_equal(clock_step(f->c, NS_PER_SEC), 0);
	offset = state_of(f->c).offset;
	sleep_ms(3);
	assert_int_equal(state_of(f->c).slew_left, 0);
	assert_int_equal(state_of(f->c).offset, offset);
}

static void setting_the_offset_ends_a_slew(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(clock_slew(f->c, NS_PER_SEC), 0);
	assert_int_equal(clock_file_set_offset(f->c, -17), 0);
	assert_int_equal(state_of(f->c).slew_left, 0);
	assert_int_equal(state_of(f->c).offset, -17);
}

static void limits_are_refused_and_change_nothing(void **state)
{
	static const dur_ns out_of_range[] = { INT64_MIN, INT64_MIN + 1, -TS_LIMIT,
					       TS_LIMIT,  INT64_MAX - 1, INT64_MAX };
	struct fixture *f = *state;
	struct clock_file_state s;

	for (size_t i = 0; i < sizeof(out_of_range) / sizeof(out_of_range[0]); i++) {
		assert_int_equal(clock_step(f->c, out_of_range[i]), -ERANGE);
		assert_int_equal(clock_slew(f->c, out_of_range[i]), -ERANGE);
		assert_int_equal(clock_file_set_offset(f->c, out_of_range[i]), -ERANGE);
		assert_int_equal(clock_file_set_drift(f->c, out_of_range[i]), -ERANGE);
		assert_int_equal(clock_set_frequency(f->c, out_of_range[i]), -ERANGE);
	}
	assert_int_equal(clock_set_frequency(f->c, DRIFT_CORRECTABLE_PPB + 1), -ERANGE);
	assert_int_equal(clock_set_frequency(f->c, -DRIFT_CORRECTABLE_PPB - 1), -ERANGE);
	assert_int_equal(clock_file_set_drift(f->c, DRIFT_NAMED_PPB + 1), -ERANGE);
	assert_int_equal(clock_file_set_drift(f->c, -DRIFT_NAMED_PPB - 1), -ERANGE);
	assert_int_equal(clock_step(f->c, -clock_now(f->c) - NS_PER_SEC), -ERANGE);
	assert_int_equal(clock_step(f->c, TS_LIMIT - clock_now(f->c)), -ERANGE);
	s = state_of(f->c);
	assert_int_equal(s.offset, OFFSET);
	assert_int_equal(s.drift_ppb, 0);
	assert_int_equal(s.frequency_ppb, 0);
	assert_int_equal(s.slew_left, 0);
}

static void up_to_the_limits_is_fine(void **state)
{
	struct fixture *f = *state;
	dur_ns to_1970 = -clock_now(clock_system());
	dur_ns to_limit = TS_LIMIT - 3600 * NS_PER_SEC + to_1970;

	assert_int_equal(clock_file_set_offset(f->c, to_1970), 0);
	assert_between(0, clock_now(f->c), 3600 * NS_PER_SEC);
	assert_int_equal(clock_file_set_offset(f->c, to_limit), 0);
	assert_between(TS_LIMIT - 3600 * NS_PER_SEC, clock_now(f->c), TS_LIMIT - 1);
	assert_int_equal(clock_file_set_drift(f->c, DRIFT_NAMED_PPB), 0);
	assert_int_equal(clock_file_set_drift(f->c, -DRIFT_NAMED_PPB), 0);
	assert_int_equal(clock_set_frequency(f->c, DRIFT_CORRECTABLE_PPB), 0);
	assert_int_equal(clock_set_frequency(f->c, -DRIFT_CORRECTABLE_PPB), 0);
}

static void opened_for_reading_it_cannot_be_adjusted(void **state)
{
	struct fixture *f = *state;
	struct clock *reader = open_clock(f->scratch.path, false);

	assert_int_equal(clock_step(reader, 1), -EROFS);
	assert_int_equal(clock_slew(reader, 1), -EROFS);
	assert_int_equal(clock_set_frequency(reader, 1), -EROFS);
	assert_int_equal(clock_file_set_offset(reader, 1), -EROFS);
	assert_int_equal(clock_file_set_drift(reader, 1), -EROFS);
	assert_int_equal(state_of(reader).offset, OFFSET);
	clock_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shows_the_system_time_plus_offset),
		TEST(its_monotonic_clock_is_the_systems),
		TEST(kernel_stamps_convert_exactly),
		TEST(nobody_disciplines_it),
		TEST(drift_adds_up),
		TEST(changing_the_drift_does_not_jump),
		TEST(a_frequency_makes_up_for_the_drift),
		TEST(frequency_and_drift_are_set_apart),
		TEST(changing_the_frequency_does_not_jump),
		TEST(a_step_is_exact),
		TEST(all_who_opened_it_see_a_step),
		TEST(a_slew_moves_the_clock_by_what_is_done_of_it),
		TEST(a_slew_ends),
		TEST(a_slew_by_frequency_ends),
		TEST(a_slew_takes_the_place_of_another),
		TEST(a_step_ends_a_slew),
		TEST(setting_the_offset_ends_a_slew),
		TEST(limits_are_refused_and_change_nothing),
		TEST(up_to_the_limits_is_fine),
		TEST(opened_for_reading_it_cannot_be_adjusted),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
