/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracking in virtual time, on a system clock: its corrections are those of the monotonic clock
 * too, and a slew ends when somebody ends it, which may be late.
 */
#include <inttypes.h>

#include "tests/sim/track.h"
#include "tests/support/between.h"

#define SEEDS  20
#define MINUTE (60 * NS_PER_SEC)

/* A good network, whose bounds are far less than a second's slew; a busy machine. */
static const struct track_world near = {
	.ahead = 50 * NS_PER_MS,
	.drift_ppb = 80000,
	.wander_ppb = 1,
	.there = 20 * NS_PER_US,
	.back = 20 * NS_PER_US,
	.jitter = 10 * NS_PER_US,
	.system = true,
	.late = 20 * NS_PER_MS,
};

static struct discipline_limits limits_of(dur_ns min_poll)
{
	struct discipline_limits limits = discipline_default_limits;

	limits.min_poll = min_poll;
	limits.max_frequency_ppb = 100000000;
	return limits;
}

/* Poll until the world is so old; each time what would be printed must be true. */
static void track_until(struct track *t, dur_ns age)
{
	while (track_age(t) < age) {
		struct discipline_status s;

		track_poll(t);
		s = track_status(t);
		assert_between(-s.max_error, track_offset(t) - s.offset, s.max_error);
		track_wait(t, t->decision.next_poll);
	}
}

static void every_offset_is_within_its_bound(void **state)
{
	static const dur_ns polls[] = { 2 * NS_PER_SEC, 3700 * NS_PER_MS, 4 * NS_PER_SEC };

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const struct discipline_limits limits = limits_of(polls[seed % 3]);
		struct track t;

		track_begin(&t, &near, &limits, seed);
		track_wait(&t, (dur_ns)seed * NS_PER_SEC / SEEDS); /* another part of a second */
		track_until(&t, 10 * MINUTE);
		assert_int_equal(t.contradictions, 0);
		assert_between(-20 * NS_PER_US, track_offset(&t), 20 * NS_PER_US);
		assert_between(-1000, track_status(&t).rate_ppb + (int64_t)t.rate_ppb, 1000);
	}
}

/* It has ended when its time is over, and is no more than was decided, but for delays. */
static void every_slew_is_what_was_decided(void **state)
{
	struct discipline_limits limits = limits_of(2 * NS_PER_SEC);
	struct track_world world = near;
	struct track t;

	(void)state;
	world.wander_ppb = 0;
	world.drift_ppb = 0;
	limits.max_poll = limits.min_poll;
	track_begin(&t, &world, &limits, 1);
	while (track_age(&t) < MINUTE) {
		dur_ns before;

		track_poll(&t);
		before = track_offset(&t);
		assert_between(-t.decision.next_poll / 2000, t.decision.correction,
			       t.decision.next_poll / 2000);
		track_wait(&t, t.decision.next_poll);
		assert_between(-10 * NS_PER_US, before - track_offset(&t) - t.decision.correction,
			       10 * NS_PER_US);
	}
	assert_true(t.slews > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_offset_is_within_its_bound),
		cmocka_unit_test(every_slew_is_what_was_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
