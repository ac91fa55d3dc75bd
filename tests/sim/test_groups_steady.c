/* SPDX-License-Identifier: BSD-3-Clause */
/* How closely simulated groups keep together: the promises, for any seed, and their reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <inttypes.h>

#include "core/arith.h"
#include "tests/sim/groups/scenarios.h"
#include "tests/support/sanitized.h"

/* A program's time is limited: each situation for some seeds, and for so many cycles. */
#define SEEDS  (SANITIZED ? 1 : 2)
#define CYCLES 3600

static const struct scenario *scenario_of(const char *name)
{
	for (size_t i = 0; i < n_scenarios; i++) {
		if (strcmp(scenarios[i].name, name) == 0) {
			return &scenarios[i];
		}
	}
	fail_msg("no situation '%s'", name);
	return NULL;
}

static const char *broken_by(const struct scenario *s, uint64_t seed, enum sim_rule without,
			     struct steady_result *r)
{
	struct steady_options options = s->options;

	options.seed = seed;
	options.without = without;
	options.watched = arith_min(options.watched, CYCLES * options.cycle);
	steady_run(r, &options);
	return scenario_broken(s, r);
}

static void promises_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_scenarios; i++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct steady_result r;
			const char *broken = broken_by(&scenarios[i], seed, SIM_NO_RULE, &r);

			if (broken) {
				fail_msg("%s, seed %" PRIu64
					 ": %s (p95 %.2f us, largest move %.2f us) %s",
					 scenarios[i].name, seed, broken, (double)r.p95 / 1000,
					 (double)r.largest_move / 1000, r.what);
			}
		}
	}
}

static void every_rule_is_missed(void **state)
{
	static const struct {
		enum sim_rule rule;
		const char *scenario;
	} cases[] = {
		{ SIM_COAST, "forged answers, earlier than any, 1 s" },
		{ SIM_DELAY, "one link late by 300 ms for 13 s, 10 s" },
		{ SIM_SLEW_END, "30 % of calls lost, 1 s" },
		{ SIM_COMMON_RATE, "LAN, 1 s, after an hour" },
	};

	(void)state;
	assert_int_equal(sizeof(cases) / sizeof(cases[0]), SIM_RULES - SIM_STEADY_RULES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct scenario *s = scenario_of(cases[i].scenario);
		const char *broken = NULL;

		for (uint64_t seed = 1; seed <= 10 * SEEDS && !broken; seed++) {
			struct steady_result r;

			broken = broken_by(s, seed, cases[i].rule, &r);
		}
		print_message("without %s: %s\n", sim_rule_name(cases[i].rule),
			      broken ? broken : "nothing");
		assert_non_null(broken);
	}
}

static void a_seed_decides_everything(void **state)
{
	const struct scenario *s = scenario_of("LAN, 1 s");
	struct steady_result a, b, c;

	(void)state;
	(void)broken_by(s, 1, SIM_NO_RULE, &a);
	(void)broken_by(s, 1, SIM_NO_RULE, &b);
	(void)broken_by(s, 2, SIM_NO_RULE, &c);
	assert_true(a.p50 == b.p50 && a.p95 == b.p95 && a.max == b.max &&
		    a.largest_move == b.largest_move);
	assert_true(a.p95 != c.p95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promises_are_kept),
		cmocka_unit_test(every_rule_is_missed),
		cmocka_unit_test(a_seed_decides_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
