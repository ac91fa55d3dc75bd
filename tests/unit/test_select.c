/* SPDX-License-Identifier: BSD-3-Clause */
/* Selection among servers: worked examples, and what must hold whatever fewer than half claim. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/select.h"
#include "tests/support/between.h"
#include "tests/support/random.h"

#define MOST  (TS_LIMIT - 1)
#define CASES 1000000

/* --- worked examples -------------------------------------------------------------------------- */

static struct select_candidate from_to(dur_ns low, dur_ns high)
{
	return (struct select_candidate){ .offset = (low + high) / 2,
					  .max_error = (high - low + 1) / 2 };
}

static void one_passes_through(void **state)
{
	static const struct select_candidate cases[] = {
		{ 0, 0 },     { 5, 3 },        { -7, 1000000 },    { 0, MOST - 1 },
		{ MOST, 10 }, { -MOST, 0 },    { MOST - 1, MOST }, { -MOST, MOST },
		{ 5, 0 },     { 1, MOST - 2 }, { 7, INT64_MAX },
	};
	struct select_result r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(select_combine(&r, &cases[i], 1), 0);
		assert_int_equal(r.verdict[0], SELECT_TRUECHIMER);
		assert_int_equal(r.offset, cases[i].offset);
		assert_int_equal(r.max_error, cases[i].max_error);
		assert_int_equal(r.truechimers, 1);
		assert_int_equal(r.voters, 1);
		assert_int_equal(r.agreeing, 1);
	}
}

static void two_that_disagree_are_refused(void **state)
{
	const struct select_candidate two[] = { from_to(0, 10), from_to(12, 20) };
	const struct select_candidate touching[] = { from_to(0, 10), from_to(10, 20) };
	struct select_result r;

	(void)state;
	assert_int_equal(select_combine(&r, two, 2), -EDOM);
	assert_int_equal(r.verdict[0], SELECT_NO_MAJORITY);
	assert_int_equal(r.verdict[1], SELECT_NO_MAJORITY);
	assert_int_equal(r.voters, 2);
	assert_int_equal(r.agreeing, 1);

	assert_int_equal(select_combine(&r, touching, 2), 0);
	assert_int_equal(r.low, 10);
	assert_int_equal(r.high, 10);
	assert_int_equal(r.offset, 10);
	assert_int_equal(r.max_error, 0);
}

static void falsetickers_are_told_apart(void **state)
{
	const struct select_candidate five[] = {
		from_to(-4, 6), from_to(100, 110), from_to(0, 8), from_to(-20, -6), from_to(2, 12),
	};
	struct select_result r;

	(void)state;
	assert_int_equal(select_combine(&r, five, 5), 0);
	assert_int_equal(r.low, 2);
	assert_int_equal(r.high, 6);
	assert_int_equal(r.verdict[0], SELECT_TRUECHIMER);
	assert_int_equal(r.verdict[1], SELECT_AHEAD);
	assert_int_equal(r.verdict[2], SELECT_TRUECHIMER);
	assert_int_equal(r.verdict[3], SELECT_BEHIND);
	assert_int_equal(r.verdict[4], SELECT_TRUECHIMER);
	assert_int_equal(r.truechimers, 3);
	assert_int_equal(r.agreeing, 3);
}

/* The example in select.h: the largest number that agrees is four, with two liars among them. */
static void the_largest_crowd_may_be_wrong(void **state)
{
	const struct select_candidate five[] = {
		from_to(0, 17), from_to(0, 17), from_to(0, 3), from_to(8, 9), from_to(8, 9),
	};
	struct select_result r;

	(void)state;
	assert_int_equal(select_combine(&r, five, 5), 0);
	assert_int_equal(r.agreeing, 4);
	assert_between(r.low, 2, r.high);
	assert_int_equal(r.verdict[2], SELECT_TRUECHIMER);
}

/*
 * Of bounds 9, 19, 39, 39 and 39, each with one added, the third is the median: the first two weigh
 * no more than it does. Of two, which both have to be right, the better has its whole weight.
 */
static void no_weight_is_above_the_medians(void **state)
{
	const struct select_candidate five[] = {
		{ 5, 9 }, { 0, 19 }, { 0, 39 }, { 10, 39 }, { 10, 39 },
	};
	const struct select_candidate unequal[] = { { 0, 79 }, { 0, 19 }, { 20, 39 } };
	const struct select_candidate two[] = { { 0, 9 }, { 10, 19 } };
	struct select_result r;

	(void)state;
	assert_int_equal(select_combine(&r, five, 5), 0);
	assert_int_equal(r.offset, 5);
	/* 1, 1 and 1/4 */
	assert_int_equal(select_combine(&r, unequal, 3), 0);
	assert_int_equal(r.offset, 9);
	assert_int_equal(select_combine(&r, two, 2), 0);
	assert_int_equal(r.offset, 2);
}

/* It claims 1 us at the edge of the others, and pulls the result no further than a third of that.
 */
/*
 * What the wider claims, 500 and an error of 500, is moved to 800, where both can be true; with a
 * weight of (101 / 501)^2 it draws 900 by 100 * 0.0406 / 1.0406 = 3.9.
 */
static void offsets_are_moved_into_the_intersection_first(void **state)
{
	const struct select_candidate two[] = { { 500, 500 }, { 900, 100 } };
	struct select_result r;

	(void)state;
	assert_int_equal(select_combine(&r, two, 2), 0);
	assert_int_equal(r.low, 800);
	assert_int_equal(r.high, 1000);
	assert_int_equal(r.offset, 896);
	assert_int_equal(r.max_error, 104);
}

/* Of -0.8 and 0.8: the weights are 1 and 1/4. */
static void the_mean_is_rounded_to_the_nearest(void **state)
{
	const struct select_candidate below[] = { { 0, 9 }, { -4, 19 } };
	const struct select_candidate above[] = { { 0, 9 }, { 4, 19 } };
	struct select_result r;

	(void)state;
	assert_int_equal(select_combine(&r, below, 2), 0);
	assert_int_equal(r.offset, -1);
	assert_int_equal(select_combine(&r, above, 2), 0);
	assert_int_equal(r.offset, 1);
}

static void an_exact_liar_has_the_weight_of_one(void **state)
{
	const struct select_candidate three[] = {
		{ 0, 10 * NS_PER_MS },
		{ 0, 10 * NS_PER_MS },
		{ 9 * NS_PER_MS, NS_PER_US },
	};
	struct select_result r;

	(void)state;
	assert_int_equal(select_combine(&r, three, 3), 0);
	assert_int_equal(r.truechimers, 3);
	assert_between(0, r.offset, 3 * NS_PER_MS);
}

static void the_unusable_have_no_vote_and_count(void **state)
{
	const struct select_candidate five[] = {
		{ 5, -1 }, { TS_LIMIT, 5 }, { 17, 4 }, { 18, 4 }, { 19, 4 },
	};
	const struct select_candidate nothing[] = { { INT64_MIN, INT64_MAX }, { 0, -1 } };
	struct select_result r;

	(void)state;
	assert_int_equal(select_combine(&r, five, 5), 0);
	assert_int_equal(r.voters, 3);
	assert_int_equal(r.agreeing, 3);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(r.verdict[i], SELECT_UNUSABLE);
	}
	/* Two of four, and one of three, are no majority, though nobody contradicts them. */
	assert_int_equal(select_combine(&r, five, 4), -EDOM);
	assert_int_equal(r.agreeing, 2);
	assert_int_equal(r.verdict[3], SELECT_NO_MAJORITY);
	assert_int_equal(select_combine(&r, five, 3), -EDOM);
	assert_int_equal(select_combine(&r, nothing, 2), -ENODATA);
	assert_int_equal(r.verdict[0], SELECT_UNUSABLE);
	assert_int_equal(r.voters, 0);
	assert_int_equal(r.agreeing, 0);
	assert_int_equal(select_combine(&r, five, 0), -ENODATA);
}

static void too_many_are_refused(void **state)
{
	struct select_candidate many[SELECT_MAX + 1];
	struct select_result r;

	(void)state;
	for (size_t i = 0; i <= SELECT_MAX; i++) {
		many[i] = (struct select_candidate){ .offset = (dur_ns)i, .max_error = SELECT_MAX };
	}
	assert_int_equal(select_combine(&r, many, SELECT_MAX + 1), -E2BIG);
	assert_int_equal(select_combine(&r, many, SELECT_MAX), 0);
	assert_int_equal(r.truechimers, SELECT_MAX);
}

static void verdicts_have_texts(void **state)
{
	(void)state;
	for (int v = SELECT_TRUECHIMER; v <= SELECT_UNUSABLE; v++) {
		const char *text = select_verdict_text((enum select_verdict)v);

		assert_string_not_equal(text, "unknown");
		for (int other = SELECT_TRUECHIMER; other < v; other++) {
			assert_string_not_equal(text,
						select_verdict_text((enum select_verdict)other));
		}
	}
	assert_string_equal(select_verdict_text((enum select_verdict)99), "unknown");
}

/* --- properties ------------------------------------------------------------------------------- */

/* Servers; the first `honest` of them tell the truth. */
struct panel {
	dur_ns truth;
	size_t n, honest;
	struct select_candidate candidates[SELECT_MAX];
};

static dur_ns clamp(dur_ns d)
{
	if (d < -MOST) {
		return -MOST;
	}
	return d > MOST ? MOST : d;
}

static dur_ns signed_of_any_size(struct random *r, dur_ns most)
{
	dur_ns d = random_of_any_size(r, most);

	return random_between(r, 0, 1) ? d : -d;
}

/* The truth is anywhere in the interval, often at its very edge. */
static struct select_candidate truthful(struct random *r, dur_ns truth)
{
	dur_ns max_error = random_of_any_size(r, random_between(r, 0, 9) ? MOST : INT64_MAX);
	dur_ns most = max_error < MOST ? max_error : MOST;
	dur_ns off = random_between(r, 0, 2) ? random_between(r, -most, most)
					     : (random_between(r, 0, 1) ? most : -most);

	return (struct select_candidate){ .offset = clamp(truth + clamp(off)), max_error };
}

/* An end of the interval of somebody honest, or close to it: where a lie does the most harm. */
static dur_ns edge_near(struct random *r, const struct panel *p)
{
	const struct select_candidate *victim =
		&p->candidates[random_between(r, 0, (int64_t)p->honest - 1)];
	dur_ns to_edge = random_between(r, 0, 1) ? victim->max_error : -victim->max_error;

	return clamp(clamp(victim->offset + clamp(to_edge)) + random_between(r, -1, 1));
}

/* Anything at all, but mostly narrow intervals at the edges of honest ones. */
static struct select_candidate a_lie(struct random *r, const struct panel *p)
{
	struct select_candidate lie = { .offset = edge_near(r, p) };

	switch (random_between(r, 0, 3)) {
	case 0:
		lie.max_error = random_between(r, 0, 2);
		break;
	case 1: /* just beside the truth */
		lie.max_error = random_of_any_size(r, MOST);
		lie.offset = clamp(p->truth + lie.max_error + 1);
		break;
	case 2: /* the claim of somebody honest, a little off */
		lie = p->candidates[random_between(r, 0, (int64_t)p->honest - 1)];
		lie.offset = clamp(lie.offset + signed_of_any_size(r, MOST));
		break;
	default:
		lie.offset = signed_of_any_size(r, MOST);
		lie.max_error = random_of_any_size(r, INT64_MAX);
	}
	return lie;
}

/* Mostly few, as there are in life; sometimes as many as there can be. */
static size_t any_number(struct random *r)
{
	return (size_t)random_between(r, 1, random_between(r, 0, 15) ? 8 : SELECT_MAX);
}

static struct panel any_panel(struct random *r)
{
	struct panel p = { .truth = signed_of_any_size(r, MOST) };
	bool conspiracy = random_between(r, 0, 1);

	p.n = any_number(r);
	p.honest = p.n / 2 + 1 + (size_t)random_between(r, 0, (int64_t)((p.n - 1) / 2)) / 2;
	for (size_t i = 0; i < p.honest; i++) {
		p.candidates[i] = truthful(r, p.truth);
	}
	for (size_t i = p.honest; i < p.n; i++) {
		p.candidates[i] = conspiracy && i > p.honest ? p.candidates[i - 1] : a_lie(r, &p);
	}
	return p;
}

static void shuffle(struct random *r, struct select_candidate *candidates, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)random_between(r, 0, (int64_t)i - 1);
		struct select_candidate c = candidates[i - 1];

		candidates[i - 1] = candidates[j];
		candidates[j] = c;
	}
}

static bool is_never_fooled(struct random *r)
{
	struct panel p = any_panel(r);
	struct select_result s;

	if (select_combine(&s, p.candidates, p.n) || s.voters != p.n || s.truechimers < p.honest) {
		return false;
	}
	for (size_t i = 0; i < p.honest; i++) {
		if (s.verdict[i] != SELECT_TRUECHIMER) {
			return false;
		}
	}
	dur_ns error = p.truth - s.offset;
	return s.low <= p.truth && p.truth <= s.high && s.low <= s.offset && s.offset <= s.high &&
	       error <= s.max_error && -error <= s.max_error;
}

static void fewer_than_half_liars_never_fool_it(void **state)
{
	(void)state;
	assert_true(random_holds("is_never_fooled", is_never_fooled, CASES));
}

static bool same_but_for_verdicts(const struct select_result *a, const struct select_result *b)
{
	return a->voters == b->voters && a->agreeing == b->agreeing &&
	       a->truechimers == b->truechimers && a->low == b->low && a->high == b->high &&
	       a->offset == b->offset && a->max_error == b->max_error;
}

/* Any claims, so that there may be no majority. */
static bool order_changes_nothing(struct random *r)
{
	struct panel p = any_panel(r);
	struct select_result before;
	struct select_result after;
	size_t verdicts[2][SELECT_UNUSABLE + 1] = { { 0 } };

	for (size_t i = 0; i < p.n; i++) {
		p.candidates[i].max_error >>= random_between(r, 0, 20);
	}
	int error = select_combine(&before, p.candidates, p.n);
	shuffle(r, p.candidates, p.n);
	if (select_combine(&after, p.candidates, p.n) != error) {
		return false;
	}
	for (size_t i = 0; i < p.n; i++) {
		verdicts[0][before.verdict[i]]++;
		verdicts[1][after.verdict[i]]++;
	}
	return same_but_for_verdicts(&before, &after) &&
	       memcmp(verdicts[0], verdicts[1], sizeof(verdicts[0])) == 0;
}

static void permutations_change_nothing(void **state)
{
	(void)state;
	assert_true(random_holds("order_changes_nothing", order_changes_nothing, CASES / 10));
}

/* When all clocks are moved by the same amount, so is the result, and by nothing else. */
static bool shift_is_kept(struct random *r)
{
	struct select_candidate candidates[SELECT_MAX];
	struct select_result before;
	struct select_result after;
	size_t n = any_number(r);
	dur_ns shift = random_between(r, -MOST / 4, MOST / 4);

	for (size_t i = 0; i < n; i++) {
		candidates[i].offset = signed_of_any_size(r, MOST / 4);
		candidates[i].max_error = random_of_any_size(r, MOST / 4);
	}
	int error = select_combine(&before, candidates, n);
	for (size_t i = 0; i < n; i++) {
		candidates[i].offset += shift;
	}
	if (select_combine(&after, candidates, n) != error || error) {
		return error == -EDOM;
	}
	before.low += shift;
	before.high += shift;
	before.offset += shift;
	return same_but_for_verdicts(&before, &after) &&
	       memcmp(before.verdict, after.verdict, n * sizeof(after.verdict[0])) == 0;
}

static void a_shift_of_all_shifts_the_result(void **state)
{
	(void)state;
	assert_true(random_holds("shift_is_kept", shift_is_kept, CASES / 10));
}

struct edge {
	dur_ns at;
	int type; /* +1 where an interval begins, -1 where it ends */
};

static int by_place(const void *a, const void *b)
{
	const struct edge *x = a;
	const struct edge *y = b;

	if (x->at != y->at) {
		return x->at < y->at ? -1 : 1;
	}
	return y->type - x->type; /* closed intervals: they begin before others end */
}

/* The sweep along sorted edges, as the RFC words it, with the most falsetickers that it allows. */
static bool sweep(const struct select_candidate *candidates, size_t n, dur_ns *low, dur_ns *high)
{
	struct edge edges[2 * SELECT_MAX] = { { 0 } };
	size_t covered = 0;
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		const struct select_candidate *c = &candidates[i];
		edges[2 * i] = (struct edge){ c->offset - c->max_error, 1 };
		edges[2 * i + 1] = (struct edge){ c->offset + c->max_error, -1 };
	}
	qsort(edges, 2 * n, sizeof(edges[0]), by_place);
	for (size_t i = 0; i < 2 * n; i++) {
		if (edges[i].type > 0 && 2 * ++covered > n && !found) {
			found = true;
			*low = edges[i].at;
		} else if (edges[i].type < 0 && 2 * covered-- > n) {
			*high = edges[i].at;
		}
	}
	return found;
}

static bool is_what_the_sweep_finds(struct random *r)
{
	struct select_candidate candidates[SELECT_MAX];
	struct select_result s;
	size_t n = any_number(r);
	dur_ns spread = 1 + random_of_any_size(r, MOST / 4);
	dur_ns low = 0;
	dur_ns high = 0;

	for (size_t i = 0; i < n; i++) {
		candidates[i].offset = random_between(r, -spread, spread);
		candidates[i].max_error = random_of_any_size(r, spread);
	}
	if (!sweep(candidates, n, &low, &high)) {
		return select_combine(&s, candidates, n) == -EDOM;
	}
	return select_combine(&s, candidates, n) == 0 && s.low == low && s.high == high;
}

static void another_algorithm_agrees(void **state)
{
	(void)state;
	assert_true(random_holds("is_what_the_sweep_finds", is_what_the_sweep_finds, CASES / 4));
}

/* Two camps of the same size that exclude each other: half is no majority. */
static bool is_refused(struct random *r)
{
	struct select_candidate candidates[SELECT_MAX];
	struct select_result s;
	size_t half = 1 + (size_t)random_of_any_size(r, SELECT_MAX / 2 - 1);

	for (size_t i = 0; i < half; i++) {
		dur_ns e = random_of_any_size(r, MOST / 8);
		candidates[i] = (struct select_candidate){ random_between(r, -e, e), e };
		e = random_of_any_size(r, MOST / 8);
		candidates[half + i] =
			(struct select_candidate){ MOST + random_between(r, -e, 0), e };
	}
	shuffle(r, candidates, 2 * half);
	return select_combine(&s, candidates, 2 * half) == -EDOM && s.agreeing <= half;
}

static void half_is_no_majority(void **state)
{
	(void)state;
	assert_true(random_holds("is_refused", is_refused, CASES / 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_passes_through),
		cmocka_unit_test(two_that_disagree_are_refused),
		cmocka_unit_test(falsetickers_are_told_apart),
		cmocka_unit_test(the_largest_crowd_may_be_wrong),
		cmocka_unit_test(no_weight_is_above_the_medians),
		cmocka_unit_test(offsets_are_moved_into_the_intersection_first),
		cmocka_unit_test(the_mean_is_rounded_to_the_nearest),
		cmocka_unit_test(an_exact_liar_has_the_weight_of_one),
		cmocka_unit_test(the_unusable_have_no_vote_and_count),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(verdicts_have_texts),
		cmocka_unit_test(fewer_than_half_liars_never_fool_it),
		cmocka_unit_test(permutations_change_nothing),
		cmocka_unit_test(a_shift_of_all_shifts_the_result),
		cmocka_unit_test(another_algorithm_agrees),
		cmocka_unit_test(half_is_no_majority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
