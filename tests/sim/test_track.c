/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracking in virtual time, twenty worlds each: that it converges, how well it keeps time, and that
 * every offset that it would print is within its bound, in fair weather and in foul.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arith.h"
#include "tests/sim/track.h"
#include "tests/support/between.h"

#define SEEDS  20
#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)

/* 80 ppm, 1 ms of jitter, a crystal that wanders by 1 ppm in half a month. */
static const struct track_world ordinary = {
	.ahead = 50 * NS_PER_MS,
	.drift_ppb = 80000,
	.wander_ppb = 1,
	.there = 200 * NS_PER_US,
	.back = 200 * NS_PER_US,
	.jitter = NS_PER_MS,
};

/* Observations of some worlds, once a second. */
struct record {
	dur_ns *errors; /* |true offset| */
	size_t count, size;
	int64_t worst_rate_ppb; /* greatest error of the rate */
	size_t unbounded;       /* offsets that were not within the bound */
};

static int64_t rate_error(const struct track *t, const struct discipline_status *s)
{
	return arith_abs(s->rate_ppb - (int64_t)track_rate_ppb(t));
}

static void look(const struct track *t, struct record *r)
{
	const struct discipline_status s = track_status(t);
	int64_t worst = rate_error(t, &s);

	if (arith_abs(track_offset(t) - s.offset) > s.max_error) {
		print_error("at %" PRId64 " s: %" PRId64 " ns, not %" PRId64 " +/- %" PRId64 "\n",
			    track_age(t) / NS_PER_SEC, track_offset(t), s.offset, s.max_error);
		r->unbounded++;
	}
	if (r->count == r->size) {
		r->size = r->size ? 2 * r->size : 4096;
		r->errors = realloc(r->errors, r->size * sizeof(*r->errors));
		assert_non_null(r->errors);
	}
	r->errors[r->count++] = arith_abs(track_offset(t));
	r->worst_rate_ppb = worst > r->worst_rate_ppb ? worst : r->worst_rate_ppb;
}

/* Track until the world is so old, beginning with a poll, and look on. */
static void run_until(struct track *t, dur_ns age, struct record *r)
{
	while (track_age(t) < age) {
		track_poll(t);
		look(t, r);
		for (dur_ns d = 0; d < t->decision.next_poll; d += NS_PER_SEC) {
			track_wait(t, NS_PER_SEC);
			look(t, r);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	const dur_ns *x = a;
	const dur_ns *y = b;

	return (*x > *y) - (*x < *y);
}

/* That share of the errors is no greater, in percent. */
static dur_ns percentile(struct record *r, size_t percent)
{
	if (!r->errors) {
		fail_msg("nothing was seen");
		return INT64_MAX;
	}
	qsort(r->errors, r->count, sizeof(*r->errors), by_size);
	return r->errors[(r->count - 1) * percent / 100];
}

/* Print the observations, check their bounds, and forget them. */
static void report(const char *what, struct record *r)
{
	print_message("%s: |error| p50 %.1f, p95 %.1f, worst %.1f us; rate within %.3f ppm; "
		      "%zu of %zu bounds broken\n",
		      what, (double)percentile(r, 50) / 1e3, (double)percentile(r, 95) / 1e3,
		      (double)percentile(r, 100) / 1e3, (double)r->worst_rate_ppb / 1e3,
		      r->unbounded, r->count);
	assert_int_equal(r->unbounded, 0);
	free(r->errors);
	memset(r, 0, sizeof(*r));
}

static void begin(struct track *t, const struct track_world *world, uint64_t seed)
{
	struct discipline_limits limits = discipline_default_limits;

	limits.first.max_change = 2 * HOUR;
	limits.max_frequency_ppb = 100000000;
	track_begin(t, world, &limits, seed);
	if (seed % 2) {
		t->rate_ppb = -t->rate_ppb;
		t->ahead = -t->ahead;
	}
}

/* Run twenty of these worlds, for half an hour each, and record the state after five minutes. */
static struct record run_worlds(const char *name, const struct track_world *world)
{
	struct record settled = { .count = 0 };
	struct record settling = { .count = 0 };
	struct track t;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&t, world, seed);
		run_until(&t, 5 * MINUTE, &settling);
		run_until(&t, 30 * MINUTE, &settled);
		assert_int_equal(t.contradictions, 0);
		assert_int_equal(t.refusals, 0);
		assert_true(t.steps <= 1);
	}
	print_message("%s\n", name);
	report("  to 5 min", &settling);
	return settled;
}

/* --- convergence ------------------------------------------------------------------------------ */

static void assert_keeps_time(const char *name, const struct track_world *world, dur_ns p95,
			      int64_t rate_ppb)
{
	struct record r = run_worlds(name, world);

	assert_between(0, percentile(&r, 95), p95);
	assert_between(0, r.worst_rate_ppb, rate_ppb);
	report("  then", &r);
}

/* The promise: p95 under 200 us after five minutes, and the rate within 1 ppm. */
static void it_converges(void **state)
{
	(void)state;
	assert_keeps_time("80 ppm, 1 ms jitter", &ordinary, 200 * NS_PER_US, 1000);
}

static void it_converges_from_an_hour_off(void **state)
{
	struct track_world w = ordinary;

	(void)state;
	w.ahead = HOUR;
	assert_keeps_time("an hour off", &w, 200 * NS_PER_US, 1100);
}

static void it_converges_with_loss(void **state)
{
	struct track_world w = ordinary;

	(void)state;
	w.loss_percent = 20;
	w.drift_ppb = 100000;
	assert_keeps_time("100 ppm, 20 % loss", &w, 200 * NS_PER_US, 1500);
}

static void it_converges_closely_nearby(void **state)
{
	struct track_world w = ordinary;

	(void)state;
	w.there = 20 * NS_PER_US;
	w.back = 20 * NS_PER_US;
	w.jitter = 20 * NS_PER_US;
	assert_keeps_time("local network", &w, 20 * NS_PER_US, 200);
}

static void it_converges_far_away(void **state)
{
	struct track_world w = ordinary;

	(void)state;
	w.there = 20 * NS_PER_MS;
	w.back = 20 * NS_PER_MS;
	w.jitter = 10 * NS_PER_MS;
	w.loss_percent = 5;
	assert_keeps_time("far away", &w, 2 * NS_PER_MS, 10000);
}

/* 2 ms there, 8 ms back: the clock is 3 ms off, which nobody can know; but the bound allows for it.
 */
static void asymmetry_is_within_the_bound(void **state)
{
	struct track_world w = ordinary;
	struct record r;

	(void)state;
	w.there = 2 * NS_PER_MS;
	w.back = 8 * NS_PER_MS;
	r = run_worlds("2 ms there, 8 ms back", &w);
	assert_between(2800 * NS_PER_US, percentile(&r, 50), 3200 * NS_PER_US);
	assert_between(0, r.worst_rate_ppb, 1000);
	report("  then", &r);
}

static void it_follows_a_bad_crystal(void **state)
{
	struct track_world w = ordinary;

	(void)state;
	w.wander_ppb = 10; /* 1 ppm in three hours */
	assert_keeps_time("a bad crystal", &w, 400 * NS_PER_US, 2000);
}

/* The sun comes out: 5 ppm at once. After ten minutes the worst is over. */
static void it_follows_a_change_of_temperature(void **state)
{
	struct record changing = { .count = 0 };
	struct record after = { .count = 0 };
	struct track t;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&t, &ordinary, seed);
		run_until(&t, 30 * MINUTE, &changing);
		t.rate_ppb += 5000;
		run_until(&t, 40 * MINUTE, &changing);
		run_until(&t, HOUR, &after);
		assert_int_equal(t.restarts, 0);
	}
	assert_between(0, percentile(&after, 95), 300 * NS_PER_US);
	assert_between(0, after.worst_rate_ppb, 3000);
	report("a change of 5 ppm: meanwhile", &changing);
	report("a change of 5 ppm: after", &after);
}

static void polls_get_rarer(void **state)
{
	struct record r = { .count = 0 };
	struct track t;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&t, &ordinary, seed);
		run_until(&t, HOUR, &r);
		int polls = t.polls;
		run_until(&t, 2 * HOUR, &r);
		assert_between(56, t.polls - polls, 100); /* 56.25 if all are 64 s apart */
		assert_between(2, t.saves, 3);
	}
	report("two hours", &r);
}

/* --- the drift file --------------------------------------------------------------------------- */

/* A rate that was learnt in another life: what it is worth in the first minute. */
static void a_saved_rate_helps(void **state)
{
	struct record with = { .count = 0 };
	struct record without = { .count = 0 };
	struct track_world w = ordinary;
	struct track t;

	(void)state;
	w.ahead = HOUR;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&t, &w, seed);
		run_until(&t, MINUTE, &without);
		begin(&t, &w, seed);
		discipline_use_rate(&t.discipline, seed % 2 ? 79000 : -79000, 1000);
		run_until(&t, MINUTE, &with);
	}
	assert_between(0, percentile(&with, 95), percentile(&without, 95) * 3 / 4);
	report("first minute, rate known", &with);
	report("first minute, rate unknown", &without);
}

/* And one that is wrong, as from another machine, does no lasting harm. */
static void a_wrong_rate_is_corrected(void **state)
{
	struct record first = { .count = 0 };
	struct record then = { .count = 0 };
	struct track t;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&t, &ordinary, seed);
		discipline_use_rate(&t.discipline, seed % 2 ? -200000 : 200000, 1000);
		run_until(&t, 5 * MINUTE, &first);
		run_until(&t, 30 * MINUTE, &then);
	}
	assert_between(0, percentile(&then, 95), 200 * NS_PER_US);
	report("wrong rate: to 5 min", &first);
	report("wrong rate: then", &then);
}

/* --- holding over ----------------------------------------------------------------------------- */

static void assert_holds_over(const struct track *before, const struct track *t,
			      dur_ns max_error_before)
{
	const struct discipline_status s = track_status(t);
	dur_ns passed = track_age(t) - track_age(before);

	assert_int_equal(s.phase, DISCIPLINE_HOLDING_OVER);
	assert_int_equal(t->answered, before->answered);
	/* grown by 15 ppm and by what the rate may be wrong by, a few ppm after half an hour */
	assert_between(passed / 1000000 * 15, s.max_error - max_error_before,
		       passed / 1000000 * 20);
	/* 64 s apart, and ten lost rounds of a second each */
	assert_between(3600 / 90, t->polls - before->polls, 3600 / 60);
}

/* All servers are gone for an hour. The bound holds, and the clock is much better than that. */
static void it_holds_over(void **state)
{
	struct record holding = { .count = 0 };
	struct record other = { .count = 0 };
	struct track before;
	struct track t;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&t, &ordinary, seed);
		run_until(&t, 30 * MINUTE, &other);
		before = t;
		t.gone = true;
		run_until(&t, 90 * MINUTE, &holding);
		assert_holds_over(&before, &t, track_status(&before).max_error);
		t.gone = false;
		run_until(&t, 100 * MINUTE, &other);
		assert_int_equal(track_status(&t).phase, DISCIPLINE_SYNCHRONISED);
		assert_int_equal(t.restarts, 0);
		assert_between(0, arith_abs(track_offset(&t)), NS_PER_MS);
	}
	assert_between(0, percentile(&holding, 95), 2 * NS_PER_MS);
	report("an hour without servers", &holding);
	report("before and after", &other);
}

/* --- steps and lies --------------------------------------------------------------------------- */

/* Somebody steps the clock: noticed at the next poll, confirmed by the one after, slewed back. */
static void a_step_by_somebody_is_noticed(void **state)
{
	struct record r = { .count = 0 };
	struct record after = { .count = 0 };
	struct track t;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&t, &ordinary, seed);
		run_until(&t, 30 * MINUTE, &r);
		t.ahead += seed % 3 ? -50e6 : 50e6;
		run_until(&t, 40 * MINUTE, &r);
		run_until(&t, 45 * MINUTE, &after);
		assert_int_equal(t.contradictions, 1);
		assert_int_equal(t.restarts, 1);
		assert_int_equal(t.steps, 0);
		assert_int_equal(t.refusals, 0);
	}
	assert_between(0, percentile(&after, 95), 200 * NS_PER_US);
	report("until 10 min after a step of 50 ms", &r);
	report("then", &after);
}

static void a_step_by_an_hour_is_not_slewed(void **state)
{
	struct record r = { .count = 0 };
	struct track t;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&t, &ordinary, seed);
		run_until(&t, 10 * MINUTE, &r);
		t.ahead += 3600e9;
		track_poll(&t);
		assert_int_equal(t.decision.event, DISCIPLINE_CONTRADICTION);
		look(&t, &r);
		track_wait(&t, t.decision.next_poll);
		track_poll(&t);
		assert_int_equal(t.decision.action, DISCIPLINE_REFUSE);
		look(&t, &r);
	}
	report("a step of an hour", &r);
}

/* A measurement that is wrong by more than its bound, alone: neither believed nor remembered. */
static void single_lies_are_passed_over(void **state)
{
	struct record before = { .count = 0 };
	struct record r = { .count = 0 };
	struct track t;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&t, &ordinary, seed);
		run_until(&t, 10 * MINUTE, &before);
		for (int i = 0; i < 5; i++) {
			t.lie = i % 2 ? 20 * NS_PER_MS : -NS_PER_SEC;
			track_poll(&t);
			assert_int_equal(t.decision.event, DISCIPLINE_CONTRADICTION);
			t.lie = 0;
			run_until(&t, track_age(&t) + 5 * MINUTE, &r);
		}
		assert_int_equal(t.contradictions, 5);
		assert_int_equal(t.restarts, 0);
	}
	assert_between(0, percentile(&r, 95), 200 * NS_PER_US);
	report("before any lie", &before);
	report("with a lie every 5 min", &r);
}

/* --- the simulation itself -------------------------------------------------------------------- */

static void a_seed_tells_all(void **state)
{
	struct record r = { .count = 0 };
	struct track first;
	struct track again;
	struct track other;

	(void)state;
	begin(&first, &ordinary, 1);
	run_until(&first, 10 * MINUTE, &r);
	begin(&again, &ordinary, 1);
	run_until(&again, 10 * MINUTE, &r);
	begin(&other, &ordinary, 3);
	run_until(&other, 10 * MINUTE, &r);
	assert_true(first.truth == again.truth && first.ahead == again.ahead);
	assert_true(first.ahead != other.ahead);
	report("three worlds", &r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_converges),
		cmocka_unit_test(it_converges_from_an_hour_off),
		cmocka_unit_test(it_converges_with_loss),
		cmocka_unit_test(it_converges_closely_nearby),
		cmocka_unit_test(it_converges_far_away),
		cmocka_unit_test(asymmetry_is_within_the_bound),
		cmocka_unit_test(it_follows_a_bad_crystal),
		cmocka_unit_test(it_follows_a_change_of_temperature),
		cmocka_unit_test(polls_get_rarer),
		cmocka_unit_test(a_saved_rate_helps),
		cmocka_unit_test(a_wrong_rate_is_corrected),
		cmocka_unit_test(it_holds_over),
		cmocka_unit_test(a_step_by_somebody_is_noticed),
		cmocka_unit_test(a_step_by_an_hour_is_not_slewed),
		cmocka_unit_test(single_lies_are_passed_over),
		cmocka_unit_test(a_seed_tells_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
