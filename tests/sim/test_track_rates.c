/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracking in virtual time of clocks that are more than a little wrong in rate, that were stopped,
 * or that their server follows: every offset that would be printed is within its bound.
 */
#include <inttypes.h>

#include "core/arith.h"
#include "tests/sim/track.h"
#include "tests/support/between.h"

#define SEEDS 10

static const struct track_world lan = {
	.ahead = 5 * NS_PER_MS,
	.wander_ppb = 1,
	.there = 20 * NS_PER_US,
	.back = 20 * NS_PER_US,
	.jitter = 20 * NS_PER_US,
	.late = NS_PER_MS,
};

static const struct track_world wan = {
	.ahead = -5 * NS_PER_MS,
	.wander_ppb = 1,
	.there = 15 * NS_PER_MS,
	.back = 20 * NS_PER_MS,
	.jitter = 5 * NS_PER_MS,
	.loss_percent = 2,
	.late = NS_PER_MS,
};

static struct discipline_limits limits_of(dur_ns poll)
{
	struct discipline_limits limits = discipline_default_limits;

	limits.min_poll = poll;
	limits.max_poll = poll;
	limits.max_frequency_ppb = 100000000;
	return limits;
}

/* Poll so often, or until it is refused; each time what would be printed must be true. */
static void track_polls(struct track *t, int polls)
{
	for (int i = 0; i < polls && t->refusals == 0; i++) {
		struct discipline_status s;

		track_poll(t);
		s = track_status(t);
		if (arith_abs(track_offset(t) - s.offset) > s.max_error) {
			fail_msg("poll %d: %" PRId64 " ns, not %" PRId64 " +/- %" PRId64, t->polls,
				 track_offset(t), s.offset, s.max_error);
		}
		track_wait(t, t->decision.next_poll);
	}
}

/* --- rates ------------------------------------------------------------------------------------ */

static const int64_t rates_ppm[] = { 300, 515, 600, -2000, 5000, 20000, -50000, 99000, -99000 };
static const dur_ns intervals_ms[] = { 250, 1000, 4000, 16000 };

static void assert_follows(const struct track_world *base, bool system, int64_t ppm, dur_ns ms,
			   uint64_t seed)
{
	const struct discipline_limits limits = limits_of(ms * NS_PER_MS);
	const dur_ns right = base == &lan ? 300 * NS_PER_US : 20 * NS_PER_MS;
	struct track_world world = *base;
	struct track t;

	world.system = system;
	world.drift_ppb = ppm * 1000;
	track_begin(&t, &world, &limits, seed);
	track_polls(&t, ms < 1000 ? 400 : 200);
	/* Where its rate takes all that a clock can do, the rest of the offset takes long. */
	if (arith_abs(ppm) < 90000 && arith_abs(track_offset(&t)) > right) {
		fail_msg("%" PRId64 " ppm, every %" PRId64 " ms, seed %" PRIu64 ": %" PRId64
			 " ns off",
			 ppm, ms, seed, track_offset(&t));
	}
	if (t.refusals > 0 || t.steps > 1) {
		fail_msg("%" PRId64 " ppm, every %" PRId64 " ms, seed %" PRIu64
			 ": %d refused, %d steps",
			 ppm, ms, seed, t.refusals, t.steps);
	}
	assert_between(-20000000 / ms, track_status(&t).rate_ppb - (int64_t)track_rate_ppb(&t),
		       20000000 / ms);
}

static void assert_all_are_followed(const struct track_world *base)
{
	for (size_t i = 0; i < sizeof(rates_ppm) / sizeof(rates_ppm[0]); i++) {
		for (size_t k = 0; k < sizeof(intervals_ms) / sizeof(intervals_ms[0]); k++) {
			for (uint64_t seed = 1; seed <= SEEDS; seed++) {
				/* Less than 9/10 of the time is more than 10 % to be added. */
				const bool system = seed % 2 && rates_ppm[i] != -99000;

				assert_follows(base, system, rates_ppm[i], intervals_ms[k], seed);
			}
		}
	}
}

static void any_rate_is_followed_nearby(void **state)
{
	(void)state;
	assert_all_are_followed(&lan);
}

static void any_rate_is_followed_far_away(void **state)
{
	(void)state;
	assert_all_are_followed(&wan);
}

/* The clock of a machine that moved to another one. */
static void a_rate_that_changes_is_followed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const struct discipline_limits limits = limits_of(4 * NS_PER_SEC);
		struct track_world world = lan;
		struct track t;

		world.drift_ppb = 300000;
		track_begin(&t, &world, &limits, seed);
		track_polls(&t, 100);
		t.rate_ppb = seed % 2 ? -300000 : 3000000;
		track_polls(&t, 100);
		assert_int_equal(t.refusals, 0);
		assert_between(-300 * NS_PER_US, track_offset(&t), 300 * NS_PER_US);
	}
}

static void a_rate_out_of_reach_ends_it(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const struct discipline_limits limits = limits_of(4 * NS_PER_SEC);
		struct track_world world = seed % 2 ? lan : wan;
		struct track t;

		world.drift_ppb = seed % 4 < 2 ? 120000000 : -120000000;
		track_begin(&t, &world, &limits, seed);
		track_polls(&t, 100);
		assert_int_equal(t.refusals, 1);
		assert_int_equal(t.decision.reason, POLICY_OUT_OF_REACH);
	}
}

/* --- jumps ------------------------------------------------------------------------------------ */

/* The machine was stopped for ten minutes, and its clock too. Slewed by 1/12, that takes 2 h. */
static void a_pause_is_slewed(void **state)
{
	const struct discipline_limits limits = limits_of(4 * NS_PER_SEC);

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct track_world world = seed % 2 ? lan : wan;
		struct track t;

		world.system = seed % 3;
		world.drift_ppb = 20000;
		track_begin(&t, &world, &limits, seed);
		track_polls(&t, 50);
		t.ahead -= 600e9;
		track_polls(&t, 2);
		assert_int_equal(t.decision.event, DISCIPLINE_RESTART);
		assert_int_equal(track_status(&t).phase, DISCIPLINE_CORRECTING);
		assert_between(7000, t.decision.slew_all / NS_PER_SEC, 7300);
		track_polls(&t, 2100);
		assert_int_equal(t.refusals, 0);
		assert_int_equal(t.steps, 0);
		assert_int_equal(track_status(&t).phase, DISCIPLINE_SYNCHRONISED);
		assert_between(-20 * NS_PER_MS, track_offset(&t), 20 * NS_PER_MS);
	}
}

static void or_stepped_if_asked(void **state)
{
	struct discipline_limits limits = limits_of(4 * NS_PER_SEC);

	(void)state;
	limits.makestep = NS_PER_SEC;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct track_world world = seed % 2 ? lan : wan;
		struct track t;

		world.drift_ppb = 20000;
		track_begin(&t, &world, &limits, seed);
		track_polls(&t, 50);
		for (int pause = 1; pause <= 3; pause++) {
			t.ahead -= 600e9;
			track_polls(&t, 10);
			assert_int_equal(t.steps, pause);
			assert_between(-20 * NS_PER_MS, track_offset(&t), 20 * NS_PER_MS);
		}
		assert_int_equal(t.refusals, 0);
	}
}

/* --- a server whose clock follows ours -------------------------------------------------------- */

static void what_follows_is_not_followed(void **state)
{
	static const dur_ns ahead[] = { 300 * NS_PER_MS, -300 * NS_PER_MS, 50 * NS_PER_MS,
					-50 * NS_PER_MS };

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const struct discipline_limits limits = limits_of(4 * NS_PER_SEC);
		struct track_world world = lan;
		struct track t;

		world.system = true;
		world.follows = true;
		world.ahead = ahead[seed % 4];
		world.drift_ppb = 20000;
		track_begin(&t, &world, &limits, seed);
		for (int i = 0; i < 20 && t.refusals == 0; i++) {
			track_poll(&t);
			track_wait(&t, t.decision.next_poll);
		}
		assert_int_equal(t.refusals, 1);
		assert_int_equal(t.decision.reason, POLICY_MOVES_ALONG);
		assert_int_equal(t.frequency_ppb, 0);
		assert_between(0, t.steps, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_rate_is_followed_nearby),
		cmocka_unit_test(any_rate_is_followed_far_away),
		cmocka_unit_test(a_rate_that_changes_is_followed),
		cmocka_unit_test(a_rate_out_of_reach_ends_it),
		cmocka_unit_test(a_pause_is_slewed),
		cmocka_unit_test(or_stepped_if_asked),
		cmocka_unit_test(what_follows_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
