/*
 * Tracking in virtual time, on a clock that is slewed as Linux slews the system clock: second by
 * second, each second's share being called done when it begins.
 */
#include <inttypes.h>

#include "tests/sim/track.h"
#include "tests/support/between.h"

#define SEEDS  20
#define MINUTE (60 * NS_PER_SEC)

/* A good network, whose bounds are far less than what is slewed in a second. */
static const struct track_world near = {
	.ahead = 50 * NS_PER_MS,
	.drift_ppb = 80000,
	.wander_ppb = 1,
	.there = 20 * NS_PER_US,
	.back = 20 * NS_PER_US,
	.jitter = 10 * NS_PER_US,
	.by_the_second = true,
};

static struct discipline_limits limits_of(dur_ns min_poll)
{
	struct discipline_limits limits = discipline_default_limits;

	limits.min_poll = min_poll;
	limits.slew_period = NS_PER_SEC;
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

/* No slew is under way when it ends, or when somebody looks at the clock. */
static void every_slew_is_done_at_the_next_poll(void **state)
{
	const struct discipline_limits limits = limits_of(2 * NS_PER_SEC);
	struct track t;

	(void)state;
	track_begin(&t, &near, &limits, 1);
	while (track_age(&t) < MINUTE) {
		track_poll(&t);
		assert_between(-500 * NS_PER_US, t.decision.correction, 500 * NS_PER_US);
		track_wait(&t, t.decision.next_poll);
		assert_between(0, (int64_t)t.slew_left, 0);
		assert_between(0, (int64_t)t.share, 0);
	}
	assert_true(t.slews > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_offset_is_within_its_bound),
		cmocka_unit_test(every_slew_is_done_at_the_next_poll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
