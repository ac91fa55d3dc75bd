/* SPDX-License-Identifier: BSD-3-Clause */
/* A leader's bounds, when its clock and the member's run off while it measures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arith.h"
#include "core/drift.h"
#include "core/drift_limits.h"
#include "tests/support/agent_world.h"

/* Two clock files that run too fast by so much each, and agree at the instant 0. */
struct clocks {
	int64_t leader_ppb, member_ppb;
};

static const struct clocks far_off[] = {
	{ -DRIFT_NAMED_PPB, DRIFT_NAMED_PPB },
	{ DRIFT_NAMED_PPB, -DRIFT_NAMED_PPB },
	{ -DRIFT_NAMED_PPB, 0 },
	{ 0, -DRIFT_NAMED_PPB },
	{ DRIFT_NAMED_PPB, DRIFT_NAMED_PPB },
	{ 0, 0 },
};

/* How long the member works on a call. */
static const dur_ns served[] = { 0, NS_PER_MS, 10 * NS_PER_MS };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static ts_ns shown(int64_t ppb, dur_ns at)
{
	return 1700000000 * NS_PER_SEC + at + drift_over(at, ppb);
}

/* How far the member's clock is ahead. */
static dur_ns truth(const struct clocks *c, dur_ns at)
{
	return shown(c->member_ppb, at) - shown(c->leader_ppb, at);
}

/* The measurement by a call that leaves at `at`. */
static struct sample measured(const struct clocks *c, dur_ns at, dur_ns there, dur_ns work,
			      dur_ns back)
{
	const struct sample s = {
		.kind = SAMPLE_TIMESTAMPS,
		.t1 = shown(c->leader_ppb, at),
		.t2 = shown(c->member_ppb, at + there),
		.t3 = shown(c->member_ppb, at + there + work),
		.t4 = shown(c->leader_ppb, at + there + work + back),
	};

	assert_int_equal(sample_check(&s), SAMPLE_OK);
	return s;
}

/* What member 2 of 2 makes of member 1's clock, by an answer and, if not null, what follows. */
static const struct group_member_status *found(struct world *w, const struct sample *authentic,
					       const struct sample *fine)
{
	const struct group_poll_result result = { .ts2 = authentic->t2, .ts3 = authentic->t3 };
	struct agent_event e = { .kind = AGENT_MEASURED };
	struct agent_answer a;

	world_begin(w, 2, 2);
	world_elect(w);
	world_cycle(w);
	a = world_answer(w, world_sent(w, GROUP_POLL, world_id(1)));
	a.poll = &result;
	a.departed = authentic->t1;
	a.arrived = authentic->t4;
	world_answered(w, &a);
	e.measured.tag = world_measure(w)->tag;
	e.measured.answered = fine != NULL;
	e.measured.sample = fine ? *fine : e.measured.sample;
	for (int i = 0; i < 4; i++) {
		world_event(w, &e);
	}
	world_turns(w);
	return &world_status(w, 0, GROUP_PAGE)->members[0];
}

/* A clock is too vague if no error as large as the one that was made is allowed. */
static void expect_too_vague(struct world *w, const struct sample *s, dur_ns error)
{
	w->settings.max_error = error - 1;
	assert_int_equal(found(w, s, NULL)->part, GROUP_TOO_VAGUE);
}

/* All of the delay is on one way, which no measurement can see. */
static void bounds_the_error_of_any_clock(void **state)
{
	struct world *w = *state;
	const dur_ns delay = 10 * NS_PER_MS;

	for (size_t i = 0; i < COUNT(far_off); i++) {
		for (size_t j = 0; j < COUNT(served); j++) {
			for (dur_ns there = 0; there <= delay; there += delay) {
				const dur_ns end = delay + served[j];
				const struct sample s =
					measured(&far_off[i], 0, there, served[j], delay - there);
				const dur_ns offset = sample_offset(&s);
				const dur_ns first = arith_distance(offset, truth(&far_off[i], 0));
				const dur_ns last = arith_distance(offset, truth(&far_off[i], end));

				expect_too_vague(w, &s, arith_max(first, last));
			}
		}
	}
}

/* A measurement right after the answer is no forgery only because the clocks drifted meanwhile. */
static void believes_clocks_that_drift_apart(void **state)
{
	struct world *w = *state;
	const dur_ns delay = 10 * NS_PER_MS, next = 9 * NS_PER_MS;

	for (size_t i = 0; i < COUNT(far_off); i++) {
		for (int first = 0; first <= 1; first++) { /* the way that takes all of the delay */
			const struct clocks *c = &far_off[i];
			const struct sample authentic =
				measured(c, 0, first * delay, 0, (1 - first) * delay);
			const struct sample fine =
				measured(c, delay, (1 - first) * next, 0, first * next);

			assert_true(found(w, &authentic, &fine)->offset == sample_offset(&fine));
		}
	}
}

/* A quick answer to a call that was long under way may be forged, and bounds little. */
static void believes_none_that_took_long(void **state)
{
	struct world *w = *state;
	const struct clocks right = { 0, 0 };
	const struct sample authentic = measured(&right, 0, NS_PER_MS, 0, NS_PER_MS);
	struct sample forged = measured(&right, 0, 0, NS_PER_SEC, 0);
	const struct group_member_status *s;

	forged.t2 += 200 * NS_PER_MS;
	forged.t3 += 200 * NS_PER_MS;
	s = found(w, &authentic, &forged);
	assert_true(s->offset == 0 && s->delay == 2 * NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bounds_the_error_of_any_clock, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(believes_clocks_that_drift_apart, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(believes_none_that_took_long, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
