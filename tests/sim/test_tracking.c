/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracking in the worlds of docs/tracking.md, with fewer seeds: that it is ahead of chronyd, starts
 * quickly, asks seldom, and keeps its bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/tracking/chronyd.h"
#include "tests/sim/tracking/judge.h"

#define SEEDS 2

/* In all worlds where anybody can be. */
static void it_is_ahead_of_chronyd(void **state)
{
	(void)state;
	for (size_t i = 0; i < worlds_count; i++) {
		struct chronyd_figures chronyd;

		assert_true(chronyd_find(&chronyd, CHRONYD_FILE, worlds[i].options.name));
		for (int who = 0; who < JUDGE_CONTENDERS; who++) {
			const struct judge_result r =
				judge(&worlds[i], (enum judge_contender)who, SEEDS);

			assert_false(r.failed);
			assert_int_equal(r.broken, 0);
			if (!worlds[i].limit && r.rms >= chronyd.rms[who]) {
				fail_msg("%s: %.2f us, chronyd %.2f", worlds[i].options.name, r.rms,
					 chronyd.rms[who]);
			}
		}
	}
}

static void by_default_it_asks_seldom(void **state)
{
	double sum = 0;

	(void)state;
	for (size_t i = 0; i < worlds_count; i++) {
		const struct judge_result r = judge(&worlds[i], JUDGE_BY_DEFAULT, 1);

		sum += r.sent;
		if (r.sent > 155) { /* where the crystal moves */
			fail_msg("%s: %.0f calls in an hour", worlds[i].options.name, r.sent);
		}
	}
	assert_true(sum / (double)worlds_count < 120);
}

static void it_starts_quickly_on_a_lan(void **state)
{
	const struct worlds_row *lan = worlds_find("lan");

	(void)state;
	assert_non_null(lan);
	for (int who = 0; who < JUDGE_CONTENDERS; who++) {
		const struct judge_result r = judge(lan, (enum judge_contender)who, SEEDS);

		assert_true(r.within[0] >= 0 && r.within[0] <= 5);
		assert_true(r.within[1] >= 0 && r.within[1] <= 10);
	}
}

static void bounds_hold_in_random_worlds(void **state)
{
	(void)state;
	assert_int_equal(judge_bounds(2, 100000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_ahead_of_chronyd),
		cmocka_unit_test(by_default_it_asks_seldom),
		cmocka_unit_test(it_starts_quickly_on_a_lan),
		cmocka_unit_test(bounds_hold_in_random_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
