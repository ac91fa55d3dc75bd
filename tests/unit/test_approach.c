/* SPDX-License-Identifier: BSD-3-Clause */
/* How a group is brought to the time of its references, and kept there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "group/core/approach.h"
#include "tests/support/random.h"

#define CYCLE (10 * NS_PER_SEC)

/* A group that runs wrong by so much, and does what it is told. */
struct group {
	struct approach approach;
	struct random random;
	struct mono now;
	double off;     /* UTC minus the group's time, ns */
	double own_ppb; /* by how much it is too slow */
	int64_t rate, turn;
	dur_ns jitter;         /* of the references */
	double largest_change; /* of what it does in a cycle, ns */
};

static struct group group_of(double off, double own_ppb, dur_ns jitter)
{
	return (struct group){
		.random = random_from(1),
		.off = off,
		.own_ppb = own_ppb,
		.jitter = jitter,
	};
}

static void pass(struct group *g)
{
	const double seconds = (double)CYCLE / NS_PER_SEC;
	const double done = (double)(g->rate + g->turn) / 1000;

	g->now = mono_add(g->now, CYCLE);
	g->off += (g->own_ppb - done) * seconds;
}

static void cycle(struct group *g, bool measured)
{
	const int64_t before = g->rate + g->turn;
	const dur_ns jitter = random_between(&g->random, -g->jitter, g->jitter);
	double change;

	if (measured) {
		g->rate = approach_measured(&g->approach, g->now, CYCLE, g->rate,
					    (dur_ns)g->off + jitter, false);
	} else {
		approach_hold(&g->approach, g->now, CYCLE, g->rate);
	}
	g->turn = g->approach.turn;
	change = (double)llabs(g->rate + g->turn - before) / 1000 * CYCLE / NS_PER_SEC;
	g->largest_change = change > g->largest_change ? change : g->largest_change;
	pass(g);
}

static void cycles(struct group *g, unsigned n, bool measured)
{
	for (unsigned i = 0; i < n; i++) {
		cycle(g, measured);
	}
}

static void assert_near(double a, double b, double within)
{
	if (a < b - within || a > b + within) {
		fail_msg("%f is not %f +- %f", a, b, within);
	}
}

static void comes_and_stays(void **state)
{
	static const double offs[] = { 0, 1e5, -5e7, 1e9 };

	(void)state;
	for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		struct group g = group_of(offs[i], 0, 1000);

		cycles(&g, 1500, true);
		assert_near(g.off, 0, 5000);
		assert_near((double)g.rate, 0, 100000);
		/* It never gets faster than a member can miss. */
		assert_true(g.largest_change <= 50001);
	}
}

static void learns_the_rate(void **state)
{
	struct group g = group_of(0, 30000, 1000);

	(void)state;
	cycles(&g, 300, true);
	assert_near(g.off, 0, 5000);
	assert_near((double)g.rate, 30000000, 100000);
	/* And does not forget it when the references are gone, ... */
	cycles(&g, 100, false);
	assert_int_equal(g.turn, 0);
	assert_near(g.off, 0, 1000 * 1000);
	/* ... nor what it has done meanwhile. */
	cycles(&g, 100, true);
	assert_near(g.off, 0, 5000);
}

/* References that jitter by 1 ms shake the group by far less. */
static void smooths_what_jitters(void **state)
{
	struct group g = group_of(0, 0, NS_PER_MS);
	double most = 0;

	(void)state;
	cycles(&g, 300, true);
	for (int i = 0; i < 300; i++) {
		cycle(&g, true);
		most = g.off > most ? g.off : -g.off > most ? -g.off : most;
	}
	assert_true(most > 0 && most < 500000);
}

/* One that is far off, once, changes nothing; twice, and the references have moved. */
static void ignores_one_outlier(void **state)
{
	struct group g = group_of(0, 0, 1000);

	(void)state;
	cycles(&g, 300, true);
	g.off += 1e8;
	cycle(&g, true);
	assert_true(llabs(g.turn) < 1000000);
	g.off -= 1e8;
	cycles(&g, 2, true);
	assert_near(g.off, 0, 5000);
	g.off += 1e8;
	cycles(&g, 20, true);
	assert_true(g.turn > 10000000);
	cycles(&g, 500, true);
	assert_near(g.off, 0, 5000);
}

/* Even if the rate is off by more than any quartz is. */
static void finds_any_rate(void **state)
{
	struct group g = group_of(0, 280000, 1000);

	(void)state;
	cycles(&g, 1500, true);
	assert_near(g.off, 0, 5000);
	assert_near((double)g.rate, 280000000, 100000);
}

static void the_end_is_soft(void **state)
{
	struct group g = group_of(1e9, 0, 1000);
	int64_t before;

	(void)state;
	cycles(&g, 200, true);
	assert_int_equal(g.turn, APPROACH_MOST_TURN);
	do {
		before = g.approach.turn;
		approach_end(&g.approach, CYCLE);
		assert_true(before - g.approach.turn <= 2500000);
	} while (g.approach.turn < before);
	assert_int_equal(g.approach.turn, 0);
	assert_false(g.approach.knows);
}

/* It says how fast the group's time may run off UTC. */
static void drifts_by_no_more_than_it_says(void **state)
{
	struct group g = group_of(0, 30000, 1000);

	(void)state;
	assert_int_equal(approach_drift(&g.approach, 0), 500000);
	for (int i = 0; i < 200; i++) {
		cycle(&g, true);
		assert_true(i < 3 || (double)approach_drift(&g.approach, g.rate) >
					     g.own_ppb - (double)g.rate / 1000);
	}
	assert_in_range(approach_drift(&g.approach, g.rate), 0, 2000);
}

/* --- step by step ----------------------------------------------------------------------------- */

/* UTC is so far ahead; nothing is done about it. */
static void measure(struct approach *a, int64_t at_s, dur_ns distance)
{
	(void)approach_measured(a, (struct mono){ at_s * NS_PER_SEC }, CYCLE, 0, distance, false);
	a->turn = 0;
}

static void assert_noise(const struct approach *a, double variance)
{
	assert_near(a->noise / variance, 1, 1e-9);
}

/* By the distance of a point from the line between those before and after it. */
static void the_jitter_is_measured(void **state)
{
	const double first = 1e10, seen = 2e5 * 2e5 / (1 + 1 / 9.0 + 4 / 9.0);
	struct approach a = { .turn = 0 };

	(void)state;
	measure(&a, 10, 0);
	measure(&a, 20, 300000);
	assert_noise(&a, first);
	measure(&a, 40, 300000);
	assert_noise(&a, (first + seen) / 2);
	measure(&a, 40, -300000); /* at the same instant: it tells nothing */
	assert_noise(&a, (first + seen) / 2);
}

static void one_jump_is_no_jitter(void **state)
{
	struct approach a = { .turn = 0 };

	(void)state;
	for (int i = 1; i <= 4; i++) {
		measure(&a, 10 * i, i == 4 ? NS_PER_SEC : 0);
	}
	assert_noise(&a, 1e10 / 2 * (1 + (64 - 1) / 3.0));
}

/* The latest count most; nothing is exact. */
static void jitter_is_forgotten(void **state)
{
	struct approach a = { .turn = 0 };
	double before = 1;

	(void)state;
	for (int i = 1; i <= 40; i++) {
		before = a.noise;
		measure(&a, 10 * i, 0);
	}
	assert_near(a.noise / before, 16 / 17.0, 1e-9);
	for (int i = 41; i <= 300; i++) {
		measure(&a, 10 * i, 0);
	}
	assert_noise(&a, 1000 * 1000);
}

/* So wrong it can be to begin with, and how much less members know that have learned their rates.
 */
static void the_rate_is_unknown_at_first(void **state)
{
	struct approach a = { .turn = 0 };

	(void)state;
	(void)approach_measured(&a, (struct mono){ 10 * NS_PER_SEC }, CYCLE, 0, 0, true);
	assert_int_equal(approach_drift(&a, 0), 4 * 1000);
	approach_forget(&a);
	measure(&a, 10, 0);
	assert_int_equal(approach_drift(&a, 0), 4 * 50000);
	assert_int_equal(approach_drift(&a, 7000), 4 * 50000 + 7);
	/* Twice in a row it is contradicted, which no quartz is. */
	for (int i = 2; i <= 9; i++) {
		measure(&a, 10 * i, i / 2 % 2 * NS_PER_SEC);
		assert_int_equal(a.doubts, i % 2 == 0);
		assert_true(i % 2 == 0 || approach_drift(&a, 0) >= 4 * 500000);
	}
}

/* It has agreed for long enough, and knows its rate as well as anybody. */
static void what_has_agreed_is_trusted(void **state)
{
	struct approach a = { .turn = 0 };

	(void)state;
	for (int i = 1; i <= 8; i++) {
		measure(&a, 10 * i, 0);
		assert_int_equal(a.begun, 2);
	}
	measure(&a, 90, 0);
	assert_int_equal(a.begun, 0);
	measure(&a, 100, NS_PER_SEC);
	measure(&a, 110, NS_PER_SEC);
	assert_true(a.kalman.at.ns == 110 * NS_PER_SEC);
	assert_int_equal(a.agreed, 0);
	assert_in_range(approach_drift(&a, 0), 4 * 1000, 4 * 1000 + 10000);
}

/* Fast while it is far away, a quarter a cycle in the end, and never much faster than before. */
static void it_turns_softly(void **state)
{
	struct approach a = { .turn = 0 };

	(void)state;
	(void)approach_measured(&a, (struct mono){ 10 * NS_PER_SEC }, CYCLE, 0, 4000, false);
	assert_int_equal(a.turn, 100000);
	approach_forget(&a);
	(void)approach_measured(&a, (struct mono){ 10 * NS_PER_SEC }, CYCLE, 0, -NS_PER_SEC, false);
	assert_int_equal(a.turn, -2500000);
	/* The present rate is the best guess of the rate that is needed. */
	approach_forget(&a);
	assert_int_equal(approach_measured(&a, (struct mono){ 10 * NS_PER_SEC }, CYCLE, 5000000,
					   -NS_PER_SEC, false),
			 5000000);
	approach_hold(&a, (struct mono){ 20 * NS_PER_SEC }, CYCLE, 0);
	assert_int_equal(a.turn, 0);
	assert_near(a.added, -25000, 1e-6);
	approach_hold(&a, (struct mono){ 90 * NS_PER_SEC }, CYCLE, 1000000);
	assert_near(a.added, -25000 + 70 * 1000, 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_stays),
		cmocka_unit_test(learns_the_rate),
		cmocka_unit_test(smooths_what_jitters),
		cmocka_unit_test(ignores_one_outlier),
		cmocka_unit_test(finds_any_rate),
		cmocka_unit_test(the_end_is_soft),
		cmocka_unit_test(drifts_by_no_more_than_it_says),
		cmocka_unit_test(the_jitter_is_measured),
		cmocka_unit_test(one_jump_is_no_jitter),
		cmocka_unit_test(jitter_is_forgotten),
		cmocka_unit_test(the_rate_is_unknown_at_first),
		cmocka_unit_test(what_has_agreed_is_trusted),
		cmocka_unit_test(it_turns_softly),
	};

	return cmocka_run_group_tests_name("approach", tests, NULL, NULL);
}
