/* SPDX-License-Identifier: BSD-3-Clause */
/* A clock that is steered: how it becomes right, what it ignores, and what a restart leaves. */
#include <math.h>
#include <string.h>

#include "core/arith.h"
#include "group/core/servo.h"
#include "tests/support/between.h"
#include "tests/support/random.h"

#define CYCLE NS_PER_SEC
#define DELAY (200 * NS_PER_US)

/* A clock in a test's hands. */
struct bench {
	struct servo servo;
	struct mono now;
	bool ends_slews; /* the clock does: */
	struct mono slew_until;
	dur_ns late;     /* so long after it was due a slew is ended */
	double off, ppb; /* how far ahead of the group, ns; and how much faster by itself */
	int64_t rate;    /* the leader's common rate */
	int64_t turn;    /* and the turn on top of it */
	bool learns;
	uint64_t term;
	enum servo_verdict verdict;
	int64_t steps;
};

static void begin(struct bench *b, int64_t frequency_ppb, int64_t slew_ppb,
		  const struct servo_memory *memory)
{
	const struct servo_clock clock = { frequency_ppb, slew_ppb, b->ends_slews };

	b->slew_until.ns = INT64_MAX;
	servo_begin(&b->servo, CYCLE, b->now, &clock, memory);
}

static struct bench bench_of(double off, double ppb)
{
	struct bench b = { .now = { 5000 * NS_PER_SEC }, .off = off, .ppb = ppb, .term = 3 };

	begin(&b, 0, 0, NULL);
	return b;
}

/* Carry out the decision. */
static void carry_out(struct bench *b)
{
	b->off += (double)b->servo.decided.step;
	b->steps += b->servo.decided.step != 0;
	b->slew_until.ns = b->ends_slews ? b->now.ns + b->servo.decided.slew_for : INT64_MAX;
	servo_done(&b->servo, b->now);
}

/* Let time pass. Nobody ends a slew but the clock. */
static void drift(struct bench *b, struct mono until)
{
	const dur_ns time = mono_since(until, b->now);
	const dur_ns slewed = arith_between(mono_since(b->slew_until, b->now), 0, time);
	const double ppb = b->ppb + (double)b->servo.frequency_ppb;

	b->off += (ppb * (double)time + (double)b->servo.slew_ppb * (double)slewed) / NS_PER_SEC;
	b->now = until;
}

/* The same, and end a slew when that is due. */
static void pass(struct bench *b, dur_ns time)
{
	const struct mono end = mono_add(b->now, time);

	while (mono_since(end, b->now) > 0) {
		const struct mono due = { arith_add(servo_due(&b->servo).ns, b->late) };
		const bool settles = mono_since(due, end) <= 0;
		const struct mono next = !settles                      ? end
					 : mono_since(due, b->now) > 0 ? due
								       : b->now;

		drift(b, next);
		if (settles && servo_settle(&b->servo, b->now)) {
			carry_out(b);
		}
	}
}

/* One that is wrong by `error`, of that delay. */
static void correct(struct bench *b, dur_ns error, dur_ns delay)
{
	const struct servo_measurement m = {
		.when = servo_instant(&b->servo, b->now),
		.correction = -(dur_ns)llround(b->off) + error,
		.delay = delay,
		.term = b->term,
		.rate = b->rate,
		.turn = b->turn,
		.learns = b->learns,
	};

	pass(b, NS_PER_MS);
	b->verdict = servo_measured(&b->servo, b->now, &m);
	carry_out(b);
}

/* The same, and the rest of the cycle. */
static void measure(struct bench *b, dur_ns error, dur_ns delay)
{
	correct(b, error, delay);
	pass(b, CYCLE - NS_PER_MS);
}

static void run(struct bench *b, int cycles)
{
	for (int i = 0; i < cycles; i++) {
		measure(b, 0, DELAY);
	}
}

/* A clock that has been right for a while. */
static struct bench settled(double ppb)
{
	struct bench b = bench_of(100000, ppb);

	run(&b, 100);
	assert_true(fabs(b.off) < 100);
	assert_between((int64_t)-ppb - 20, b.servo.frequency_ppb, (int64_t)-ppb + 20);
	b.steps = 0;
	return b;
}

/* --- becoming right --------------------------------------------------------------------------- */

static void a_small_difference_is_slewed(void **state)
{
	struct bench b = bench_of(-3000000, 40000);

	(void)state;
	measure(&b, 0, DELAY);
	assert_int_equal(b.verdict, SERVO_BEGUN);
	assert_int_equal(b.steps, 0);
	/* 500 ppm at most, and 40 ppm of its own. */
	assert_between(-2470000, (int64_t)b.off, -2450000);
	run(&b, 60);
	assert_int_equal(b.steps, 0);
	assert_true(fabs(b.off) < 100);
	assert_between(-40020, b.servo.frequency_ppb, -39980);
}

/* More than 8 cycles of slewing, but what may be an error of the measurement does not count. */
static void a_large_one_is_stepped(void **state)
{
	struct bench b = bench_of(4149000, 0), c = bench_of(4151000, 0);

	(void)state;
	measure(&b, 0, DELAY);
	assert_int_equal(b.steps, 0);
	measure(&c, 0, DELAY);
	assert_int_equal(c.steps, 1);
	assert_true(fabs(c.off) < 2);
}

/* Even one that is 450 ppm wrong: its second measurement seems false. */
static void odd_quartzes_are_learned(void **state)
{
	struct bench b = bench_of(0, 450000);

	(void)state;
	run(&b, 60);
	assert_int_equal(b.steps, 0);
	assert_true(fabs(b.off) < 200);
	assert_between(-450100, b.servo.frequency_ppb, -449900);
}

/* --- being right ------------------------------------------------------------------------------ */

/* However far off, once: the clock goes on as it knows. */
static void one_contradiction_is_ignored(void **state)
{
	static const dur_ns errors[] = { 300000, -300000, NS_PER_SEC, -NS_PER_SEC };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct bench b = settled(-30000);

		measure(&b, errors[i], DELAY);
		assert_int_equal(b.verdict, SERVO_COASTED);
		assert_true(fabs(b.off) < 100);
		run(&b, 1);
		assert_int_equal(b.verdict, SERVO_STEERED);
		run(&b, 10);
		assert_int_equal(b.steps, 0);
		assert_true(fabs(b.off) < 100);
	}
}

/* What its delay does allow moves the clock by little, as others were far less late. */
static void a_late_one_moves_it_by_little(void **state)
{
	struct bench b = settled(20000);

	(void)state;
	for (int i = 0; i < 13; i++) {
		measure(&b, 150 * NS_PER_MS, DELAY + 300 * NS_PER_MS);
		assert_int_equal(b.verdict, SERVO_STEERED);
		assert_true(fabs(b.off) < 500);
	}
	assert_int_equal(b.steps, 0);
}

/* Nor does one that looks as good as any, and is as wrong as it may be. */
static void one_lie_moves_it_by_little(void **state)
{
	struct bench b = settled(20000);

	(void)state;
	measure(&b, DELAY / 2 + 49 * NS_PER_US, DELAY);
	assert_int_equal(b.verdict, SERVO_STEERED);
	assert_true(fabs(b.off) < 500);
	measure(&b, 49 * NS_PER_US, 0);
	assert_true(fabs(b.off) < 500);
}

/* It was set, or the group has: the second time it is believed, and slewed up to 128 ms. */
static void a_jump_is_followed_the_second_time(void **state)
{
	struct bench near = settled(20000), far = settled(20000);

	(void)state;
	near.off += 120 * NS_PER_MS;
	far.off += 130 * NS_PER_MS;
	run(&near, 1);
	assert_int_equal(near.verdict, SERVO_COASTED);
	run(&near, 1);
	assert_int_equal(near.verdict, SERVO_BEGUN);
	assert_int_equal(near.steps, 0);
	run(&near, 300);
	assert_int_equal(near.steps, 0);
	assert_true(fabs(near.off) < 200);
	run(&far, 2);
	assert_int_equal(far.steps, 1);
	assert_true(fabs(far.off) < 1000);
}

/* Nobody is heard any more: the slew ends, and the rate that is known goes on. */
static void a_slew_ends_by_itself(void **state)
{
	struct bench b = settled(0);

	(void)state;
	b.off += 100000; /* 100 us: less than may be an error */
	measure(&b, 0, DELAY);
	pass(&b, 1000 * NS_PER_SEC);
	assert_int_equal(b.servo.slew_ppb, 0);
	assert_true(servo_due(&b.servo).ns == INT64_MAX);
	assert_true(fabs(b.off) < 110000 && fabs(b.off) > 50000);
}

/* It is known how long a slew has lasted, whoever ends it and when. */
static void a_slew_that_ends_late_deceives_nobody(void **state)
{
	(void)state;
	for (int ends = 0; ends <= 1; ends++) {
		struct bench b = bench_of(-3000000, 40000);

		b.ends_slews = ends;
		b.late = CYCLE / 4;
		begin(&b, 0, 0, NULL);
		run(&b, 100);
		assert_int_equal(b.steps, 0);
		assert_true(fabs(b.off) < 100);
		assert_between(-40020, b.servo.frequency_ppb, -39980);
	}
}

/* Whoever steered it was killed in the middle of a slew. */
static void a_clock_ends_the_slew_of_a_killed_process(void **state)
{
	struct bench b = settled(-30000);

	(void)state;
	b.ends_slews = true;
	b.off += 90000;
	begin(&b, b.servo.frequency_ppb, 0, NULL);
	correct(&b, 0, DELAY);
	pass(&b, CYCLE / 2);
	assert_between(-95000, b.servo.slew_ppb, -85000);
	drift(&b, mono_add(b.now, 1000 * NS_PER_SEC));
	assert_true(fabs(b.off) < 30000); /* else 90 ms */
}

/* The part that is no turn ends first, and nothing goes on without the process. */
static void a_clock_ends_the_turn_of_a_killed_process(void **state)
{
	struct bench b = settled(0);

	(void)state;
	b.ends_slews = true;
	begin(&b, b.servo.frequency_ppb, 0, NULL);
	b.turn = 100000000;
	correct(&b, 0, DELAY);
	pass(&b, CYCLE / 2);
	assert_between(99000, b.servo.slew_ppb, 101000);
	drift(&b, mono_add(b.now, 1000 * NS_PER_SEC));
	assert_between(90000, (int64_t)b.off, SERVO_TURN_CYCLES * 100000 + 30000); /* else 100 ms */
}

/* --- the common rate -------------------------------------------------------------------------- */

/* The group turns, and the clock with it, before any measurement shows that. */
static void the_common_rate_is_followed_at_once(void **state)
{
	struct bench b = settled(0);
	const int64_t before = b.servo.frequency_ppb;

	(void)state;
	b.rate = 5000; /* 1e-12: 5 ppb */
	measure(&b, 0, DELAY);
	assert_between(before + 4, b.servo.frequency_ppb, before + 6);
	/* The same again is no turn; that of another term counts from its beginning. */
	measure(&b, 0, DELAY);
	assert_between(before + 3, b.servo.frequency_ppb, before + 6);
	b.term++;
	b.rate = 20000;
	measure(&b, 0, DELAY);
	assert_between(before + 22, b.servo.frequency_ppb, before + 26);
}

/* --- a clock that cannot follow --------------------------------------------------------------- */

static void one_out_of_reach_is_left_alone(void **state)
{
	struct bench b = settled(0);
	int64_t steps;

	(void)state;
	b.ppb = 2000000;
	run(&b, 5);
	assert_int_equal(b.verdict, SERVO_UNABLE);
	assert_between(-2100000, b.servo.needs_ppb, -1900000);
	steps = b.steps;
	run(&b, 500);
	assert_int_equal(b.steps, steps);
	assert_int_equal(b.verdict, SERVO_UNABLE);
	/* It is repaired. */
	b.ppb = 1000;
	run(&b, 60);
	assert_int_equal(b.steps, steps + 1);
	assert_true(fabs(b.off) < 200);
}

/* --- restarts --------------------------------------------------------------------------------- */

/* With the remembered state it goes on as if nothing had happened. */
static void a_restart_loses_nothing(void **state)
{
	struct bench b = settled(-30000);
	const struct servo_memory memory = servo_memory(&b.servo);

	(void)state;
	assert_true(memory.right);
	pass(&b, 5 * NS_PER_SEC);
	begin(&b, b.servo.frequency_ppb, b.servo.slew_ppb, &memory);
	pass(&b, 5 * NS_PER_SEC);
	assert_true(fabs(b.off) < 300);
	measure(&b, 150 * NS_PER_MS, 300 * NS_PER_MS); /* at once, a bad one */
	assert_int_equal(b.verdict, SERVO_STEERED);
	assert_true(fabs(b.off) < 100000);
	assert_int_equal(b.steps, 0);
}

/* After a restart of the machine its clock runs at no correction: the rate is set at once. */
static void a_rate_is_set_again(void **state)
{
	struct bench b = bench_of(0, -30000);
	const struct servo_memory memory = { .right = true, .frequency_ppb = 30000 };

	(void)state;
	begin(&b, 0, 0, &memory);
	pass(&b, NS_PER_SEC);
	assert_int_equal(b.servo.frequency_ppb, 30000);
	assert_true(fabs(b.off) < 10);
}

/* A slew that a killed process has left is ended at once. */
static void a_forgotten_slew_is_ended(void **state)
{
	struct bench b = bench_of(0, 0);

	(void)state;
	begin(&b, 700, 400000, NULL);
	pass(&b, NS_PER_SEC);
	assert_int_equal(b.servo.slew_ppb, 0);
	assert_int_equal(b.servo.frequency_ppb, 700);
}

/* The remembered state may be wrong: the clock was set meanwhile. */
static void a_memory_may_be_wrong(void **state)
{
	struct bench b = bench_of(900 * 1e6, 0);
	const struct servo_memory memory = { .right = true, .frequency_ppb = 30000 };

	(void)state;
	begin(&b, 0, 0, &memory);
	run(&b, 1);
	assert_int_equal(b.verdict, SERVO_COASTED);
	assert_false(servo_memory(&b.servo).right);
	run(&b, 60);
	assert_int_equal(b.steps, 1);
	assert_true(fabs(b.off) < 200);
	assert_true(servo_memory(&b.servo).right);
}

/* --- failures --------------------------------------------------------------------------------- */

/* A step that could not be made is made the next time. */
static void a_failed_step_is_made_later(void **state)
{
	struct bench b = bench_of(NS_PER_SEC, 0);
	const struct servo_measurement m = {
		.when = servo_instant(&b.servo, b.now),
		.correction = -NS_PER_SEC,
		.delay = DELAY,
	};

	(void)state;
	assert_int_equal(servo_measured(&b.servo, b.now, &m), SERVO_BEGUN);
	assert_int_equal(b.servo.decided.step, -NS_PER_SEC);
	servo_failed(&b.servo, b.now);
	assert_int_equal(b.servo.decided.step, 0);
	pass(&b, CYCLE);
	run(&b, 1);
	assert_int_equal(b.steps, 1);
	assert_true(fabs(b.off) < 2);
}

/* Nor is it tried without end to end a slew. */
static void a_failed_end_is_tried_a_cycle_later(void **state)
{
	struct bench b = bench_of(0, 0);

	(void)state;
	begin(&b, 0, 1000, NULL);
	assert_true(servo_settle(&b.servo, b.now));
	servo_failed(&b.servo, b.now);
	assert_false(servo_settle(&b.servo, mono_add(b.now, CYCLE - 1)));
	assert_true(servo_settle(&b.servo, mono_add(b.now, CYCLE)));
}

/* --- turns ------------------------------------------------------------------------------------ */

/* All turn together: measurements stay as before, and teach the servo nothing. */
static void a_turn_is_followed_at_once(void **state)
{
	struct bench b = settled(30000);
	const int64_t before = b.servo.frequency_ppb;

	(void)state;
	b.turn = 100000000;
	for (int i = 0; i < 50; i++) {
		const double off = b.off;

		measure(&b, 0, DELAY);
		assert_int_equal(b.verdict, SERVO_STEERED);
		/* The others have turned, too. */
		assert_true(fabs(b.off - off - 100000) < 200);
		b.off -= 100000;
	}
	assert_between(before - 20, b.servo.frequency_ppb, before + 20);
	assert_between(99900, b.servo.slew_ppb, 100100);
	assert_between(before - 20, servo_memory(&b.servo).frequency_ppb, before + 20);
	/* It ends with the next correction that says so. */
	b.turn = 0;
	measure(&b, 0, DELAY);
	assert_int_equal(b.verdict, SERVO_STEERED);
	assert_true(fabs(b.off) < 300);
}

/* Whatever has become of the leader. */
static void a_turn_ends_by_itself(void **state)
{
	struct bench b = settled(0);
	double off;

	(void)state;
	b.turn = 100000000;
	measure(&b, 0, DELAY);
	b.off -= 100000;
	pass(&b, (SERVO_TURN_CYCLES - 1) * CYCLE + 2 * NS_PER_MS);
	b.off -= 100000;
	assert_int_equal(b.servo.turn, 0);
	assert_int_equal(b.servo.slew_ppb, 0);
	off = b.off;
	pass(&b, 100 * CYCLE);
	assert_true(fabs(b.off - off) < 5000);
	assert_true(servo_due(&b.servo).ns == INT64_MAX);
	/* And is no surprise to whoever measures next, also in another term. */
	b.off = 0;
	b.term++;
	b.turn = 0;
	measure(&b, 0, DELAY);
	assert_int_equal(b.verdict, SERVO_STEERED);
}

static void learns_what_references_say(void **state)
{
	struct bench b = settled(20000);
	struct servo again;
	struct servo_memory memory;

	(void)state;
	assert_false(servo_memory(&b.servo).learned);
	b.learns = true;
	measure(&b, 0, DELAY);
	memory = servo_memory(&b.servo);
	assert_true(memory.learned);
	assert_between(-20050, memory.learned_ppb, -19950);
	/* What an island does later is another matter. */
	b.learns = false;
	b.ppb = 20100;
	run(&b, 500);
	assert_true(servo_memory(&b.servo).learned_ppb == memory.learned_ppb);
	/* Somebody who sets the clock does not change its quartz. */
	memory.right = false;
	servo_begin(&again, CYCLE, b.now, &(struct servo_clock){ 0 }, &memory);
	assert_true(again.learned && again.learned_ppb == memory.learned_ppb);
	assert_false(again.knows);
}

/* 15 ppm and what the estimate may be wrong, when that is known; else anything. */
static void says_how_wrong_its_rate_may_be(void **state)
{
	struct bench b = bench_of(0, 0);

	(void)state;
	assert_int_equal(servo_rate_error(&b.servo), 500000);
	run(&b, 5);
	assert_false(servo_is_settled(&b.servo));
	assert_between(500000, servo_rate_error(&b.servo), 500100);
	b.servo.frequency_ppb = -400000; /* which nobody knows to be right */
	assert_int_equal(servo_rate_error(&b.servo), 900000);
	b.servo.frequency_ppb = b.servo.decided.frequency_ppb;
	run(&b, 95);
	assert_true(servo_is_settled(&b.servo));
	assert_between(15000, servo_rate_error(&b.servo), 15200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_difference_is_slewed),
		cmocka_unit_test(a_large_one_is_stepped),
		cmocka_unit_test(odd_quartzes_are_learned),
		cmocka_unit_test(one_contradiction_is_ignored),
		cmocka_unit_test(a_late_one_moves_it_by_little),
		cmocka_unit_test(one_lie_moves_it_by_little),
		cmocka_unit_test(a_jump_is_followed_the_second_time),
		cmocka_unit_test(a_slew_ends_by_itself),
		cmocka_unit_test(a_slew_that_ends_late_deceives_nobody),
		cmocka_unit_test(a_clock_ends_the_slew_of_a_killed_process),
		cmocka_unit_test(a_clock_ends_the_turn_of_a_killed_process),
		cmocka_unit_test(the_common_rate_is_followed_at_once),
		cmocka_unit_test(one_out_of_reach_is_left_alone),
		cmocka_unit_test(a_restart_loses_nothing),
		cmocka_unit_test(a_rate_is_set_again),
		cmocka_unit_test(a_forgotten_slew_is_ended),
		cmocka_unit_test(a_memory_may_be_wrong),
		cmocka_unit_test(a_failed_step_is_made_later),
		cmocka_unit_test(a_failed_end_is_tried_a_cycle_later),
		cmocka_unit_test(a_turn_is_followed_at_once),
		cmocka_unit_test(a_turn_ends_by_itself),
		cmocka_unit_test(learns_what_references_say),
		cmocka_unit_test(says_how_wrong_its_rate_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
