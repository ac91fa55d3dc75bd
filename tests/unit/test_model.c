/* SPDX-License-Identifier: BSD-3-Clause */
/* The model of a clock: corrections leave no trace in it, and what it says is within its bounds. */

#include "core/model.h"
#include "tests/support/between.h"
#include "tests/support/random.h"

#define DRIFT_PPB     15000
#define LIKELY        500000
#define MAX_RATE      250000000
#define MAX_FREQUENCY 100000000
#define CASES         3000

static const struct model_limits limits = {
	.drift_ppb = DRIFT_PPB,
	.likely_ppb = LIKELY,
	.max_rate_ppb = MAX_RATE,
};

static struct mono at_s(int64_t seconds)
{
	return (struct mono){ .ns = seconds * NS_PER_SEC };
}

static struct model new_model(int64_t frequency_ppb)
{
	struct model m;

	model_init(&m, &limits, frequency_ppb, at_s(0));
	return m;
}

static void learn(struct model *m, int64_t seconds, dur_ns offset, dur_ns max_error)
{
	const struct model_measurement x = { offset, max_error, 0 };

	model_advance(m, at_s(seconds));
	model_learn(m, &x);
}

static void learn_noisy(struct model *m, int64_t seconds, dur_ns offset, dur_ns max_error)
{
	const struct model_measurement x = { offset, max_error, max_error };

	model_advance(m, at_s(seconds));
	model_learn(m, &x);
}

static enum model_verdict check(struct model *m, int64_t seconds, dur_ns offset, dur_ns max_error)
{
	const struct model_measurement x = { offset, max_error, 0 };

	model_advance(m, at_s(seconds));
	return model_check(m, &x);
}

/* --- worked examples -------------------------------------------------------------------------- */

static void at_first_nothing_is_known(void **state)
{
	struct model m = new_model(20000);

	(void)state;
	assert_int_equal(model_error_at(&m, at_s(5)).max_error, INT64_MAX);
	assert_int_equal(m.rate_ppb, 20000); /* for want of anything better */
	assert_int_equal(model_rate_error(&m), MAX_RATE + 20000);
}

/* One measurement, on which the bound grows by what any clock may be wrong by, and drift. */
static void one_measurement_grows_old(void **state)
{
	struct model m = new_model(0);

	(void)state;
	learn(&m, 10, 7 * NS_PER_MS, NS_PER_MS);
	assert_int_equal(model_left(&m), 7 * NS_PER_MS);
	assert_int_equal(model_error_at(&m, at_s(10)).offset, 7 * NS_PER_MS);
	assert_int_equal(model_error_at(&m, at_s(10)).max_error, NS_PER_MS);
	assert_int_equal(model_error_at(&m, at_s(11)).offset, 7 * NS_PER_MS);
	assert_int_equal(model_error_at(&m, at_s(11)).max_error, 251015 * NS_PER_US);
}

static void the_rate_is_learnt(void **state)
{
	struct model m = new_model(0);

	(void)state;
	for (int i = 0; i <= 100; i++) {
		learn(&m, 10 * i, 10 * i * 80 * NS_PER_US, NS_PER_MS);
	}
	assert_int_equal(m.rate_ppb, 80000);
	assert_true(m.rate_chance_ppb < 100);
	/* 2 ms in the 630 s that are remembered: 3.175 ppm */
	assert_between(3174, model_rate_error(&m), 3177);
	struct model_error e = model_error_at(&m, at_s(1100));
	assert_int_equal(e.offset, 1100 * 80 * NS_PER_US);
	/* 100 s at 15 + 3.175 ppm */
	assert_between(2817 * NS_PER_US, e.max_error, 2818 * NS_PER_US);
}

static void a_rate_from_another_life_is_used(void **state)
{
	struct model m = new_model(0);

	(void)state;
	model_use_rate(&m, -30000, 100);
	assert_int_equal(m.rate_ppb, -30000);
	learn(&m, 10, 0, NS_PER_MS);
	assert_int_equal(model_error_at(&m, at_s(20)).offset, -300 * NS_PER_US);
	/* but it is no reason to be sure of anything */
	assert_int_equal(model_rate_error(&m), MAX_RATE + 30000);
	model_use_rate(&m, -MAX_RATE - 1, 100);
	assert_int_equal(m.rate_ppb, -MAX_RATE);
}

/* A saved rate counts by how well it was known: noise of 5 ms in seconds does not change one that
 * was known to 100 ppb, and minutes of better measurements do. */
static void noise_does_not_spoil_a_known_rate(void **state)
{
	struct model m = new_model(0);
	int64_t second = 0;

	(void)state;
	model_use_rate(&m, 80000, 100);
	for (int i = 0; i < 8; i++, second += 4) {
		dur_ns noise = i % 3 ? 5 * NS_PER_MS : -5 * NS_PER_MS;

		learn_noisy(&m, second, second * 90 * NS_PER_US + noise, 5 * NS_PER_MS);
		assert_between(79900, m.rate_ppb, 80100);
		assert_between(90, (int64_t)m.rate_chance_ppb, 1000);
	}
	for (int i = 0; i < 60; i++, second += 64) {
		learn(&m, second, second * 90 * NS_PER_US, NS_PER_MS);
	}
	assert_between(89000, m.rate_ppb, 91000);
}

/* One that was known badly does not stand in the way of the first good measurements. */
static void a_rate_of_no_confidence_is_soon_replaced(void **state)
{
	struct model m = new_model(0);

	(void)state;
	model_use_rate(&m, 80000, 15000);
	for (int i = 0; i < 3; i++) {
		learn(&m, 4 * i, 4 * i * 90 * NS_PER_US, NS_PER_US);
	}
	assert_between(89900, m.rate_ppb, 90100);
}

/* A measurement that is good for nothing but its bound leaves the estimate as it was. */
static void a_bound_alone_teaches_no_offset(void **state)
{
	struct model m = new_model(0);
	const struct model_measurement x = { 200 * NS_PER_US, NS_PER_MS, INT64_MAX };

	(void)state;
	for (int i = 0; i < 10; i++) {
		learn(&m, 10 * i, 0, NS_PER_MS);
	}
	model_advance(&m, at_s(100));
	model_learn(&m, &x);
	assert_int_equal(m.estimate, 0);
	assert_int_equal(m.history.count, 11);
	/* but where it excludes that, it counts */
	model_advance(&m, at_s(110));
	model_learn(&m, &(struct model_measurement){ 200 * NS_PER_US, NS_PER_US, INT64_MAX });
	assert_between(199 * NS_PER_US, m.estimate, 201 * NS_PER_US);
}

/* A rate beyond the assumed limits, as a clock file may have one. */
static void beliefs_can_be_disproved(void **state)
{
	struct model m = new_model(0);

	(void)state;
	for (int i = 0; i < 10; i++) {
		learn(&m, 10 * i, 10 * i * NS_PER_MS, 10 * NS_PER_US);
	}
	assert_int_equal(m.rate_ppb, 1000000);
	/* 20 us in 90 s */
	assert_between(222, model_rate_error(&m), 225);
}

static void a_frequency_is_taken_into_account(void **state)
{
	struct model m = new_model(0);

	(void)state;
	learn(&m, 0, 0, 1000);
	model_tunes(&m, 50000);
	assert_int_equal(model_error_at(&m, at_s(10)).offset, -500 * NS_PER_US);
	assert_int_equal(check(&m, 10, -500 * NS_PER_US, 1000), MODEL_AGREES);
	learn(&m, 10, -500 * NS_PER_US, 1000);
	assert_int_equal(m.estimate, 0);
}

/* 500 ppm that come 86 ms late are 43 us, and it is known to 1 ms when that was. */
static void a_frequency_may_come_late(void **state)
{
	struct model m = new_model(0);
	const struct mono from = { .ns = 85 * NS_PER_MS };
	const struct mono to = { .ns = 87 * NS_PER_MS };

	(void)state;
	learn(&m, 0, 0, 1000);
	model_tunes(&m, 500000);
	model_tuned(&m, from, to);
	assert_between(-4957001, model_error_at(&m, at_s(10)).offset, -4956999);
	assert_between(1501, m.filter.stages[0].max_error, 1502);
	assert_between(1501, m.history.samples[0].max_error, 1502);
}

static void a_step_ends_the_past(void **state)
{
	struct model m = new_model(0);

	(void)state;
	learn(&m, 0, NS_PER_SEC, 1000);
	model_stepped(&m);
	assert_int_equal(model_error_at(&m, at_s(0)).max_error, INT64_MAX);
	learn(&m, 0, 0, 1000);
	assert_int_equal(model_left(&m), 0);
	assert_int_equal(m.history.count, 1);
}

static void contradictions_need_confirmation(void **state)
{
	struct model m = new_model(0);

	(void)state;
	learn(&m, 0, 0, NS_PER_MS);
	/* 5.15 ms at 10 s, and the other's 1 ms: touching is agreeing */
	assert_int_equal(check(&m, 10, 7150 * NS_PER_US, NS_PER_MS), MODEL_AGREES);
	assert_int_equal(check(&m, 10, 7150 * NS_PER_US + 1, NS_PER_MS), MODEL_CONTRADICTS);
	assert_int_equal(check(&m, 10, 7150 * NS_PER_US, NS_PER_MS), MODEL_AGREES);

	assert_int_equal(check(&m, 10, NS_PER_SEC, NS_PER_MS), MODEL_CONTRADICTS);
	assert_int_equal(check(&m, 11, -NS_PER_SEC, NS_PER_MS), MODEL_CONTRADICTS);
	assert_int_equal(check(&m, 12, -NS_PER_SEC, NS_PER_MS), MODEL_CONFIRMS);
	assert_int_equal(check(&m, 13, 0, NS_PER_MS), MODEL_AGREES);
	assert_int_equal(check(&m, 14, -NS_PER_SEC, NS_PER_MS), MODEL_CONTRADICTS);
}

/* While nobody knows which is right, the bound is wide enough for both. */
static void a_suspect_counts_for_the_bound(void **state)
{
	struct model m = new_model(0);

	(void)state;
	learn(&m, 10, 0, NS_PER_MS);
	assert_int_equal(check(&m, 10, NS_PER_SEC, 2 * NS_PER_MS), MODEL_CONTRADICTS);
	assert_int_equal(model_error_at(&m, at_s(10)).offset, 0);
	assert_int_equal(model_error_at(&m, at_s(10)).max_error, 1002 * NS_PER_MS);
	assert_int_equal(check(&m, 10, 0, NS_PER_MS), MODEL_AGREES);
	assert_int_equal(model_error_at(&m, at_s(10)).max_error, NS_PER_MS);
}

static void forgetting_keeps_the_rate(void **state)
{
	struct model m = new_model(0);

	(void)state;
	for (int i = 0; i < 20; i++) {
		learn(&m, 10 * i, 10 * i * 80 * NS_PER_US, NS_PER_MS);
	}
	model_forget(&m);
	assert_int_equal(model_error_at(&m, at_s(190)).max_error, INT64_MAX);
	assert_int_equal(m.rate_ppb, 80000);
	assert_int_equal(model_rate_error(&m), MAX_RATE + 80000);
}

/* --- properties ------------------------------------------------------------------------------- */

/* A clock with a constant rate, and somebody who corrects it at random. */
struct clock_of_test {
	int64_t second;
	int64_t rate_ppb; /* by how much the offset grows without correction */
	int64_t frequency_ppb;
	dur_ns offset;
};

static void pass(struct clock_of_test *c, int64_t seconds)
{
	c->second += seconds;
	c->offset += seconds * (c->rate_ppb - c->frequency_ppb);
}

static struct model_measurement measure(struct random *r, const struct clock_of_test *c)
{
	dur_ns e = 1 + random_of_any_size(r, 10 * NS_PER_MS);

	return (struct model_measurement){
		.offset = c->offset + random_between(r, -e, e),
		.max_error = e,
		.chance = random_between(r, 0, 3) ? e / 2 : INT64_MAX,
	};
}

static void meddle(struct random *r, struct clock_of_test *c, struct model *m)
{
	if (random_between(r, 0, 1)) {
		c->frequency_ppb = random_between(r, -MAX_FREQUENCY, MAX_FREQUENCY);
		model_tunes(m, c->frequency_ppb);
	}
}

static bool is_within(const struct model *m, const struct clock_of_test *c)
{
	struct model_error e = model_error_at(m, at_s(c->second));
	dur_ns error = c->offset - e.offset;

	return -e.max_error <= error && error <= e.max_error;
}

/* The model's bound holds after any corrections, and no measurement contradicts it. */
static bool bounds_hold(struct random *r)
{
	struct clock_of_test c = {
		.rate_ppb = random_between(r, -LIKELY, LIKELY),
		.frequency_ppb = random_between(r, -MAX_FREQUENCY, MAX_FREQUENCY),
		.offset = random_between(r, -TS_LIMIT / 2, TS_LIMIT / 2),
	};
	struct model m = new_model(c.frequency_ppb);
	int polls = (int)random_between(r, 2, 100);

	for (int i = 0; i < polls; i++) {
		const struct model_measurement x = measure(r, &c);

		model_advance(&m, at_s(c.second));
		if (model_check(&m, &x) != MODEL_AGREES) {
			return false;
		}
		model_learn(&m, &x);
		if (!is_within(&m, &c)) {
			return false;
		}
		meddle(r, &c, &m);
		pass(&c, random_between(r, 1, 200));
		if (!is_within(&m, &c)) {
			return false;
		}
	}
	int64_t error = c.rate_ppb - m.rate_ppb;
	return -model_rate_error(&m) <= error && error <= model_rate_error(&m);
}

static void bounds_hold_whatever_is_done(void **state)
{
	(void)state;
	assert_true(random_holds("bounds_hold", bounds_hold, CASES));
}

/* Two models of one clock: one is corrected all the time, the other is left alone. */
static bool corrections_leave_no_trace(struct random *r)
{
	struct clock_of_test alone = { .rate_ppb = random_between(r, -LIKELY, LIKELY) };
	struct clock_of_test meddled = alone;
	struct model m = new_model(0);
	struct model n = new_model(0);

	for (int i = 0; i < 30; i++) {
		struct model_measurement x = measure(r, &alone);

		model_advance(&m, at_s(alone.second));
		model_learn(&m, &x);
		x.offset += meddled.offset - alone.offset;
		model_advance(&n, at_s(meddled.second));
		model_learn(&n, &x);
		if (m.rate_ppb != n.rate_ppb || m.estimate != n.estimate ||
		    model_rate_error(&m) != model_rate_error(&n)) {
			return false;
		}
		int64_t seconds = random_between(r, 1, 200);
		meddle(r, &meddled, &n);
		pass(&meddled, seconds);
		pass(&alone, seconds);
	}
	return true;
}

static void corrections_are_invisible(void **state)
{
	(void)state;
	assert_true(random_holds("corrections_leave_no_trace", corrections_leave_no_trace, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_first_nothing_is_known),
		cmocka_unit_test(one_measurement_grows_old),
		cmocka_unit_test(the_rate_is_learnt),
		cmocka_unit_test(a_rate_from_another_life_is_used),
		cmocka_unit_test(noise_does_not_spoil_a_known_rate),
		cmocka_unit_test(a_rate_of_no_confidence_is_soon_replaced),
		cmocka_unit_test(a_bound_alone_teaches_no_offset),
		cmocka_unit_test(beliefs_can_be_disproved),
		cmocka_unit_test(a_frequency_is_taken_into_account),
		cmocka_unit_test(a_frequency_may_come_late),
		cmocka_unit_test(a_step_ends_the_past),
		cmocka_unit_test(contradictions_need_confirmation),
		cmocka_unit_test(a_suspect_counts_for_the_bound),
		cmocka_unit_test(forgetting_keeps_the_rate),
		cmocka_unit_test(bounds_hold_whatever_is_done),
		cmocka_unit_test(corrections_are_invisible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
