/* SPDX-License-Identifier: BSD-3-Clause */
/* Which references a leader believes, and when its group changes between them and an island. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "group/core/references.h"

#define MS NS_PER_MS
#define N  3

struct world {
	struct references references;
	struct references_result result;
	struct reference_record records[N];
	struct reference_clock clocks[N];
};

/* Three that agree to within 1 ms. */
static int setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	for (size_t i = 0; i < N; i++) {
		w.clocks[i] = (struct reference_clock){
			.offset = (dur_ns)i * MS,
			.max_error = MS,
			.claim = 4 * MS,
			.record = &w.records[i],
		};
	}
	*state = &w;
	return 0;
}

/* A cycle with the first `n` of them. */
static void cycle(struct world *w, size_t n, bool at_once)
{
	references_select(&w->result, w->clocks, n, at_once);
	references_conclude(&w->references, &w->result, w->clocks, n, at_once);
}

static void cycles(struct world *w, size_t n, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		cycle(w, n, false);
	}
}

/* They follow the last cycle. */
static void assert_verdicts(const struct world *w, enum group_reference a, enum group_reference b,
			    enum group_reference c)
{
	assert_int_equal(w->clocks[0].verdict, a);
	assert_int_equal(w->clocks[1].verdict, b);
	assert_int_equal(w->clocks[2].verdict, c);
}

static void counts_after_a_while(void **state)
{
	struct world *w = *state;

	cycles(w, N, REFERENCES_LEAST - 1);
	assert_false(w->result.agreed);
	assert_verdicts(w, GROUP_REFERENCE_NEW, GROUP_REFERENCE_NEW, GROUP_REFERENCE_NEW);
	cycles(w, N, 1);
	assert_true(w->result.agreed);
	assert_false(w->references.follows);
	cycles(w, N, REFERENCES_CHANGE - 2);
	assert_false(w->references.follows);
	assert_verdicts(w, GROUP_REFERENCE_NEW, GROUP_REFERENCE_NEW, GROUP_REFERENCE_NEW);
	cycles(w, N, 1);
	assert_true(w->references.follows);
	assert_verdicts(w, GROUP_REFERENCE_FOLLOWED, GROUP_REFERENCE_FOLLOWED,
			GROUP_REFERENCE_FOLLOWED);
}

/* Where nobody can be disturbed. */
static void counts_at_once(void **state)
{
	struct world *w = *state;

	cycle(w, N, true);
	assert_true(w->references.follows);
	/* The intersection is [-3, 5] ms, and the middle of equally good ones. */
	assert_int_equal(w->result.offset, MS);
	assert_true(w->result.max_error >= 4 * MS && w->result.max_error <= 6 * MS);
}

static void a_liar_is_left_out(void **state)
{
	struct world *w = *state;

	w->clocks[1].offset = 100 * MS;
	cycle(w, N, true);
	assert_true(w->references.follows);
	assert_verdicts(w, GROUP_REFERENCE_FOLLOWED, GROUP_REFERENCE_AHEAD,
			GROUP_REFERENCE_FOLLOWED);
	assert_int_equal(w->result.offset, MS);
	w->clocks[1].offset = -100 * MS;
	cycle(w, N, true);
	assert_int_equal(w->clocks[1].verdict, GROUP_REFERENCE_BEHIND);
}

static void two_that_disagree_are_none(void **state)
{
	struct world *w = *state;

	cycle(w, 2, true);
	assert_true(w->references.follows);
	w->clocks[1].offset = 11 * MS + 1;
	w->clocks[2].verdict = GROUP_REFERENCE_FOLLOWED; /* not asked */
	for (unsigned i = 0; i < REFERENCES_CHANGE; i++) {
		assert_true(w->references.follows);
		cycle(w, 2, false);
	}
	assert_false(w->references.follows);
	assert_int_equal(w->clocks[0].verdict, GROUP_REFERENCE_NO_MAJORITY);
	assert_int_equal(w->clocks[1].verdict, GROUP_REFERENCE_NO_MAJORITY);
	cycle(w, 1, false);
	assert_verdicts(w, GROUP_REFERENCE_NEW, GROUP_REFERENCE_NO_MAJORITY,
			GROUP_REFERENCE_FOLLOWED);
}

/* Each error may be 0. */
static void one_may_be_exact(void **state)
{
	struct world *w = *state;

	w->clocks[0].max_error = 0;
	cycle(w, 1, true);
	assert_int_equal(w->clocks[0].verdict, GROUP_REFERENCE_FOLLOWED);
	assert_int_equal(w->result.max_error, 4 * MS);
	w->clocks[0].claim = 0;
	cycle(w, 1, false);
	assert_int_equal(w->clocks[0].verdict, GROUP_REFERENCE_FOLLOWED);
	assert_int_equal(w->result.max_error, 0);
}

/* A lost packet or two matter neither to a reference nor to the group. */
static void one_may_be_missed(void **state)
{
	struct world *w = *state;

	cycle(w, 1, true);
	for (unsigned i = 1; i < REFERENCES_MISSED; i++) {
		w->clocks[0].max_error = -1;
		cycle(w, 1, false);
		assert_int_equal(w->clocks[0].verdict, GROUP_REFERENCE_ABSENT);
	}
	assert_true(w->references.follows && w->records[0].counts);
	w->clocks[0].max_error = MS;
	cycle(w, 1, false);
	assert_true(w->result.agreed);
	for (unsigned i = 0; i < REFERENCES_MISSED; i++) { /* the earlier ones count no more */
		assert_true(w->records[0].counts);
		w->clocks[0].max_error = -1;
		cycle(w, 1, false);
	}
	assert_false(w->records[0].counts);
}

/* A liar decides nothing because the others are missed. */
static void those_that_are_missed_count(void **state)
{
	struct world *w = *state;

	w->clocks[2].offset = 100 * MS;
	cycle(w, N, true);
	assert_true(w->references.follows);
	w->clocks[1].max_error = -1;
	cycle(w, N, false);
	assert_false(w->result.agreed);
	assert_verdicts(w, GROUP_REFERENCE_NO_MAJORITY, GROUP_REFERENCE_ABSENT,
			GROUP_REFERENCE_NO_MAJORITY);
	w->clocks[0].max_error = -1;
	cycle(w, N, true);
	assert_false(w->result.agreed);
	assert_int_equal(w->clocks[2].verdict, GROUP_REFERENCE_NO_MAJORITY);
}

/* For how many cycles it has to be there, after it has gone away so often. */
static unsigned needed_after(struct world *w, unsigned times)
{
	unsigned needed = 0;

	for (unsigned i = 0; i <= times; i++) {
		w->clocks[0].claim = -1;
		cycle(w, 1, false);
		assert_int_equal(w->clocks[0].verdict, GROUP_REFERENCE_UNSYNCHRONISED);
		w->clocks[0].claim = MS;
		for (needed = 1; needed < 1000; needed++) {
			cycle(w, 1, false);
			if (w->records[0].counts) {
				break;
			}
		}
	}
	return needed;
}

static void one_that_comes_and_goes_has_to_stay_longer(void **state)
{
	struct world *w = *state;

	assert_int_equal(needed_after(w, 0), REFERENCES_LEAST);
	assert_int_equal(needed_after(w, 0), 2 * REFERENCES_LEAST);
	assert_int_equal(needed_after(w, 1), 8 * REFERENCES_LEAST);
	assert_int_equal(needed_after(w, 9), REFERENCES_MOST);
	/* It needs half as many each time that it has stayed for the longest. */
	assert_int_equal(w->records[0].needed, REFERENCES_MOST);
	cycles(w, 1, 1);
	assert_int_equal(w->records[0].needed, REFERENCES_MOST / 2);
	cycles(w, 1, REFERENCES_MOST / 2);
	assert_int_equal(w->records[0].needed, REFERENCES_MOST / 2);
	cycles(w, 1, 1);
	assert_int_equal(w->records[0].needed, REFERENCES_MOST / 4);
	/* It is trusted again in the end. */
	cycles(w, 1, 10 * REFERENCES_MOST);
	assert_int_equal(needed_after(w, 0), 2 * REFERENCES_LEAST);
	/* At once only those that never went away. */
	w->clocks[0].claim = -1;
	cycle(w, 1, true);
	w->clocks[0].claim = MS;
	cycle(w, 1, true);
	assert_int_equal(w->clocks[0].verdict, GROUP_REFERENCE_NEW);
}

static void what_is_too_far_away_is_not_followed(void **state)
{
	struct world *w = *state;

	cycle(w, N, true);
	for (unsigned i = 0; i < REFERENCES_CHANGE; i++) {
		references_select(&w->result, w->clocks, N, false);
		references_refuse(&w->result, w->clocks, N);
		references_conclude(&w->references, &w->result, w->clocks, N, false);
	}
	assert_false(w->references.follows);
	assert_verdicts(w, GROUP_REFERENCE_TOO_LARGE, GROUP_REFERENCE_TOO_LARGE,
			GROUP_REFERENCE_TOO_LARGE);
}

static void nobody_is_nobody(void **state)
{
	struct world *w = *state;

	w->result.agreed = true;
	cycle(w, 0, true);
	assert_false(w->result.agreed || w->references.follows);
}

static void words(void **state)
{
	(void)state;
	for (int i = 0; i < GROUP_REFERENCES; i++) {
		assert_non_null(references_text((enum group_reference)i));
	}
	assert_string_equal(references_text(GROUP_REFERENCES), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(counts_after_a_while, setup),
		cmocka_unit_test_setup(counts_at_once, setup),
		cmocka_unit_test_setup(a_liar_is_left_out, setup),
		cmocka_unit_test_setup(two_that_disagree_are_none, setup),
		cmocka_unit_test_setup(one_may_be_exact, setup),
		cmocka_unit_test_setup(one_may_be_missed, setup),
		cmocka_unit_test_setup(those_that_are_missed_count, setup),
		cmocka_unit_test_setup(one_that_comes_and_goes_has_to_stay_longer, setup),
		cmocka_unit_test_setup(what_is_too_far_away_is_not_followed, setup),
		cmocka_unit_test_setup(nobody_is_nobody, setup),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("references", tests, NULL, NULL);
}
