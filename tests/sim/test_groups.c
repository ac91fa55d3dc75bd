/* SPDX-License-Identifier: BSD-3-Clause */
/* Simulated groups: what must hold for any seed, and that the simulator would notice if not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>

#include "tests/sim/groups/sim.h"
#include "tests/support/sanitized.h"

#define SEEDS (SANITIZED ? 100 : 1000)
#define KILLS (SANITIZED ? 10 : 100)
/* With sanitizers so that a lacking rule is run, too; it may not be missed. */
#define SEEDS_FOR_A_RULE (SANITIZED ? 20 : 3000)

static void assert_fine(const struct sim_options *options, struct sim_result *r)
{
	sim_run(r, options);
	if (r->breach != SIM_FINE) {
		fail_msg("%s: %s\nreplay it: tests/sim/groups/run%s --seed %" PRIu64 " -v",
			 sim_breach_text(r->breach), r->what,
			 options->cut_leader    ? " --cut-leader"
			 : options->kill_leader ? " --kill-leader"
			 : options->forgetful   ? " --forgetful"
						: "",
			 options->seed);
	}
}

static void nothing_goes_wrong_that_must_not(void **state)
{
	struct sim_options options = { .seed = 1 };
	uint64_t leaders = 0, corrections = 0, changes = 0, replayed = 0;

	(void)state;
	for (; options.seed <= SEEDS; options.seed++) {
		struct sim_result r;
		assert_fine(&options, &r);
		replayed += r.replayed;
		leaders += r.leaders;
		corrections += r.corrections;
		changes += r.changes;
	}
	/* That anything has happened at all, several times in each run. */
	assert_true(leaders > 3 * SEEDS);
	assert_true(corrections > 100 * SEEDS);
	assert_true(changes > 3 * SEEDS);
	assert_true(replayed > 100 * SEEDS);
}

/* Seeds with which something went wrong once, be it in the simulator. */
static void what_was_found_stays_mended(void **state)
{
	static const uint64_t seeds[] = { 2005133, 2024729, 3053191 };
	static const uint64_t seeds_of_cuts[] = { 1001201, 1003832 };
	struct sim_options options = { .seed = 0 };
	struct sim_result r;

	(void)state;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		options.seed = seeds[i];
		assert_fine(&options, &r);
	}
	options.kill_leader = options.cut_leader = true;
	for (size_t i = 0; i < sizeof(seeds_of_cuts) / sizeof(seeds_of_cuts[0]); i++) {
		options.seed = seeds_of_cuts[i];
		assert_fine(&options, &r);
	}
}

static void a_killed_leader_is_succeeded_soon(void **state)
{
	struct sim_options options = { .seed = 1, .kill_leader = true };

	(void)state;
	for (; options.seed <= KILLS; options.seed++) {
		struct sim_result r;
		assert_fine(&options, &r);
		/* Not at once: others may only lead when its lease is over. */
		assert_true(r.leaderless > 0);
	}
}

/*
 * It is told, there are no elections without end, and its clock is corrected again when another
 * leads.
 */
static void a_member_may_be_cut_off_from_its_leader(void **state)
{
	struct sim_options options = { .seed = 1, .kill_leader = true, .cut_leader = true };

	(void)state;
	for (; options.seed <= KILLS; options.seed++) {
		struct sim_result r;
		assert_fine(&options, &r);
	}
}

static void a_seed_decides_everything(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		const struct sim_options options = { .seed = seed };
		struct sim_result a, b;
		sim_run(&a, &options);
		sim_run(&b, &options);
		assert_true(a.events == b.events && a.packets == b.packets && a.lost == b.lost &&
			    a.leaders == b.leaders && a.corrections == b.corrections);
	}
}

static void assert_missed(struct sim_options options, enum sim_breach expected)
{
	const enum sim_rule rule = options.without;

	for (; options.seed <= SEEDS_FOR_A_RULE; options.seed++) {
		struct sim_result r;
		sim_run(&r, &options);
		if (r.breach == expected) {
			print_message("without %s, seed %" PRIu64 ": %s: %s\n", sim_rule_name(rule),
				      options.seed, sim_breach_text(r.breach), r.what);
			return;
		}
	}
	if (SANITIZED) {
		return;
	}
	fail_msg("without the rule '%s' never: %s", sim_rule_name(rule), sim_breach_text(expected));
}

/* Each rule is needed, and each breach can be seen. */
static void every_rule_is_missed(void **state)
{
	static const enum sim_breach missed[SIM_STEADY_RULES] = {
		[SIM_TERM] = SIM_TWO_OBEYED,      [SIM_MEMORY] = SIM_TWO_ELECTED,
		[SIM_SAVE_FIRST] = SIM_UNSAVED,   [SIM_SAVED] = SIM_UNSAVED,
		[SIM_MAJORITY] = SIM_TWO_ELECTED, [SIM_LEASE] = SIM_TWO_ACT,
		[SIM_PROMISE] = SIM_TWO_ACT,      [SIM_REST] = SIM_TWO_ACT,
		[SIM_STAMP] = SIM_TWO_ELECTED,    [SIM_INSTALLED] = SIM_TWO_ELECTED,
		[SIM_TELL] = SIM_STRAY,           [SIM_BULLY] = SIM_NO_LEADER,
		[SIM_POLL_NEW] = SIM_APART,       [SIM_TICKET_ONCE] = SIM_TWICE,
		[SIM_TICKET_NEW] = SIM_OUTDATED,  [SIM_CLOCK] = SIM_OUTDATED,
		[SIM_WITHIN] = SIM_APART,         [SIM_ADMIN_ONCE] = SIM_REPEATED,
		[SIM_CAP] = SIM_TOO_LARGE,        [SIM_INTERVAL] = SIM_TOO_SOON,
		[SIM_SIGN] = SIM_APART,
	};

	(void)state;
	for (int rule = SIM_NO_RULE + 1; rule < SIM_STEADY_RULES; rule++) {
		assert_missed((struct sim_options){ .seed = 1, .without = (enum sim_rule)rule },
			      missed[rule]);
	}
}

/* As it rests for a lease, although it does not know what for. */
static void two_never_act_though_one_forgets(void **state)
{
	struct sim_options options = { .seed = 1, .forgetful = true };
	uint64_t leaders = 0;

	(void)state;
	for (; options.seed <= SEEDS; options.seed++) {
		struct sim_result r;
		assert_fine(&options, &r);
		leaders += r.leaders;
	}
	assert_true(leaders > 3 * SEEDS);
	options.seed = 1;
	options.without = SIM_REST;
	assert_missed(options, SIM_TWO_ACT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_goes_wrong_that_must_not),
		cmocka_unit_test(what_was_found_stays_mended),
		cmocka_unit_test(a_killed_leader_is_succeeded_soon),
		cmocka_unit_test(a_member_may_be_cut_off_from_its_leader),
		cmocka_unit_test(a_seed_decides_everything),
		cmocka_unit_test(every_rule_is_missed),
		cmocka_unit_test(two_never_act_though_one_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
