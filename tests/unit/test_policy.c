/* SPDX-License-Identifier: BSD-3-Clause */
/* Policy: the action upon an offset, its reason, and how long it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy.h"
#include "tests/support/random.h"

#define CASES 100000

#define STEPT (128 * NS_PER_MS)

static void assert_decision(dur_ns offset, const struct policy_limits *limits,
			    enum policy_action action, enum policy_reason reason)
{
	struct policy_decision d = policy_decide(offset, limits);
	bool adjusts = action == POLICY_SLEW || action == POLICY_STEP;

	assert_int_equal(d.action, action);
	assert_int_equal(d.reason, reason);
	assert_int_equal(d.correction, adjusts ? offset : 0);
	if (action == POLICY_SLEW) {
		assert_true(d.finish_in > 0);
	} else {
		assert_int_equal(d.finish_in, 0);
	}
}

/* Both signs of an offset are treated alike. */
static void assert_both(dur_ns offset, const struct policy_limits *limits,
			enum policy_action action, enum policy_reason reason)
{
	assert_decision(offset, limits, action, reason);
	assert_decision(-offset, limits, action, reason);
}

static void defaults(void **state)
{
	const struct policy_limits *l = &policy_default_limits;

	(void)state;
	assert_both(0, l, POLICY_NONE, POLICY_ALREADY_RIGHT);
	assert_both(999, l, POLICY_NONE, POLICY_ALREADY_RIGHT);
	assert_both(1000, l, POLICY_SLEW, POLICY_SMALL);
	assert_both(STEPT, l, POLICY_SLEW, POLICY_SMALL);
	assert_both(STEPT + 1, l, POLICY_STEP, POLICY_LARGE);
	assert_both(INT64_MAX, l, POLICY_STEP, POLICY_LARGE);
	assert_decision(INT64_MIN, l, POLICY_STEP, POLICY_LARGE);
	assert_int_equal(policy_decide(STEPT, l).finish_in, 256 * NS_PER_SEC);
}

static void forced(void **state)
{
	struct policy_limits l = policy_default_limits;

	(void)state;
	l.force = POLICY_ALWAYS_STEP;
	assert_both(999, &l, POLICY_NONE, POLICY_ALREADY_RIGHT);
	assert_both(1000, &l, POLICY_STEP, POLICY_ASKED);
	assert_both(STEPT + 1, &l, POLICY_STEP, POLICY_ASKED);
	assert_decision(INT64_MIN, &l, POLICY_STEP, POLICY_ASKED);

	l.force = POLICY_ALWAYS_SLEW;
	assert_both(999, &l, POLICY_NONE, POLICY_ALREADY_RIGHT);
	assert_both(1000, &l, POLICY_SLEW, POLICY_ASKED);
	assert_both(STEPT + 1, &l, POLICY_SLEW, POLICY_ASKED);
	assert_decision(INT64_MIN, &l, POLICY_REFUSE, POLICY_ENDLESS);
}

static void what_the_clock_does_not_slew_is_refused(void **state)
{
	struct policy_limits l = policy_default_limits;

	(void)state;
	l.force = POLICY_ALWAYS_SLEW;
	l.max_slew = 2145 * NS_PER_SEC;
	assert_both(l.max_slew, &l, POLICY_SLEW, POLICY_ASKED);
	assert_both(l.max_slew + 1, &l, POLICY_REFUSE, POLICY_OVER_MAX_SLEW);
	l.force = POLICY_AUTO;
	assert_both(l.max_slew + 1, &l, POLICY_STEP, POLICY_LARGE);
}

static void max_change_comes_before_all(void **state)
{
	struct policy_limits l = policy_default_limits;

	(void)state;
	l.max_change = NS_PER_SEC;
	for (enum policy_force f = POLICY_AUTO; f <= POLICY_ALWAYS_SLEW; f++) {
		l.force = f;
		assert_both(NS_PER_SEC + 1, &l, POLICY_REFUSE, POLICY_OVER_MAX_CHANGE);
		assert_decision(INT64_MIN, &l, POLICY_REFUSE, POLICY_OVER_MAX_CHANGE);
	}
	l.force = POLICY_AUTO;
	assert_both(NS_PER_SEC, &l, POLICY_STEP, POLICY_LARGE);

	l.max_change = INT64_MAX;
	assert_both(INT64_MAX, &l, POLICY_STEP, POLICY_LARGE);
	assert_decision(INT64_MIN, &l, POLICY_REFUSE, POLICY_OVER_MAX_CHANGE);

	/* Even before "already right", which a limit below the resolution brings out. */
	l.max_change = 10;
	assert_both(10, &l, POLICY_NONE, POLICY_ALREADY_RIGHT);
	assert_both(11, &l, POLICY_REFUSE, POLICY_OVER_MAX_CHANGE);
}

/* No resolution, no slewing, and limits that nobody should set. */
static void odd_limits(void **state)
{
	struct policy_limits l = policy_default_limits;

	(void)state;
	l.resolution = 0;
	assert_both(0, &l, POLICY_NONE, POLICY_ALREADY_RIGHT);
	assert_both(1, &l, POLICY_SLEW, POLICY_SMALL);
	l.step_above = 0;
	assert_both(1, &l, POLICY_STEP, POLICY_LARGE);

	l.resolution = INT64_MIN;
	l.step_above = INT64_MIN;
	assert_both(1, &l, POLICY_STEP, POLICY_LARGE);
	l.max_change = -1;
	assert_both(1, &l, POLICY_REFUSE, POLICY_OVER_MAX_CHANGE);
}

static void finish_table(void **state)
{
	static const struct {
		dur_ns offset;
		int64_t slew_ppb;
		dur_ns finish_in;
	} cases[] = {
		/* 1.2 s at 500 ppm: 40 minutes. */
		{ 1200 * NS_PER_MS, 500000, 40 * 60 * NS_PER_SEC },
		{ -1200 * NS_PER_MS, 500000, 40 * 60 * NS_PER_SEC },
		{ STEPT, 500000, 256 * NS_PER_SEC },
		{ 1, NS_PER_SEC, 1 },
		{ 1, 1, NS_PER_SEC },
		{ 1, 3, 333333334 }, /* rounded up: it is not done before */
		{ 7, 3, INT64_C(2333333334) },
		{ 5, 2 * NS_PER_SEC, 5 },
		{ 5, INT64_MAX, 5 },
		/* 2^63-1 = 9223372036854775807: the last that fits at 1 ppb, and the next. */
		{ INT64_C(9223372036), 1, INT64_C(9223372036) * NS_PER_SEC },
		{ INT64_C(9223372037), 1, INT64_MAX },
		{ INT64_MAX, NS_PER_SEC, INT64_MAX },
		{ INT64_MIN, NS_PER_SEC, INT64_MAX },
		{ INT64_MIN, INT64_MAX, INT64_MAX },
		{ INT64_MIN + 1, 1, INT64_MAX },
		/* Standing still never ends. */
		{ 1, 0, INT64_MAX },
		{ 1, INT64_MIN, INT64_MAX },
	};
	struct policy_limits l = policy_default_limits;

	(void)state;
	l.resolution = 0;
	l.force = POLICY_ALWAYS_SLEW;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		l.slew_ppb = cases[i].slew_ppb;
		struct policy_decision d = policy_decide(cases[i].offset, &l);
		if (cases[i].finish_in == INT64_MAX) { /* nobody may say that this is how long */
			assert_decision(cases[i].offset, &l, POLICY_REFUSE, POLICY_ENDLESS);
		} else if (d.finish_in != cases[i].finish_in) {
			fail_msg("case %zu: %lld", i, (long long)d.finish_in);
		}
	}
}

/* When the time is over the slew is done, and a nanosecond earlier it was not. */
static bool finish_is_tight(struct random *r)
{
	struct policy_limits l = policy_default_limits;
	/* So that finish_in * slew_ppb, which undoes the division, fits. */
	dur_ns offset = random_of_any_size(r, INT64_C(1) << 32);
	int64_t ppb = 1 + random_of_any_size(r, NS_PER_SEC - 1);

	l.resolution = 0;
	l.force = POLICY_ALWAYS_SLEW;
	l.slew_ppb = ppb;
	uint64_t finish_in = (uint64_t)policy_decide(offset, &l).finish_in;
	uint64_t wanted = (uint64_t)offset * (uint64_t)NS_PER_SEC;
	return finish_in * (uint64_t)ppb >= wanted &&
	       (offset == 0 || (finish_in - 1) * (uint64_t)ppb < wanted);
}

static void finish_is_rounded_up(void **state)
{
	(void)state;
	assert_true(random_holds("finish_in", finish_is_tight, CASES));
}

static void reasons_have_texts(void **state)
{
	(void)state;
	for (int a = POLICY_ALREADY_RIGHT; a <= POLICY_OVER_MAX_CHANGE; a++) {
		const char *text = policy_reason_text((enum policy_reason)a);
		assert_string_not_equal(text, "unknown");
		assert_int_not_equal(text[strlen(text) - 1], '.');
		for (int b = POLICY_ALREADY_RIGHT; b < a; b++) {
			assert_string_not_equal(text, policy_reason_text((enum policy_reason)b));
		}
	}
	assert_string_equal(policy_reason_text((enum policy_reason)99), "unknown");
}

static void unsynchronised_servers_do_not_move_it_far(void **state)
{
	const dur_ns day = 86400 * NS_PER_SEC;
	struct policy_limits l = policy_default_limits;
	struct policy_decision d;

	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		d = policy_decide(sign * (day + 1), &l);
		assert_int_equal(policy_vet(&d, false, &l).action, POLICY_STEP); /* no limit */
		l.max_unsynchronised = day;
		assert_int_equal(policy_vet(&d, true, &l).action, POLICY_STEP);
		d = policy_vet(&d, false, &l);
		assert_int_equal(d.action, POLICY_REFUSE);
		assert_int_equal(d.reason, POLICY_UNSYNCHRONISED);
		assert_int_equal(d.correction, 0);
		d = policy_decide(sign * day, &l);
		assert_int_equal(policy_vet(&d, false, &l).action, POLICY_STEP);
		l.max_unsynchronised = 0;
	}
	l.max_unsynchronised = day; /* a refusal for another reason stays one for that */
	l.max_change = 1;
	d = policy_decide(2 * day, &l);
	assert_int_equal(policy_vet(&d, false, &l).reason, POLICY_OVER_MAX_CHANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsynchronised_servers_do_not_move_it_far),
		cmocka_unit_test(defaults),
		cmocka_unit_test(forced),
		cmocka_unit_test(what_the_clock_does_not_slew_is_refused),
		cmocka_unit_test(max_change_comes_before_all),
		cmocka_unit_test(odd_limits),
		cmocka_unit_test(finish_table),
		cmocka_unit_test(finish_is_rounded_up),
		cmocka_unit_test(reasons_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
