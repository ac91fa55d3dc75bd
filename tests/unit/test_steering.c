/* SPDX-License-Identifier: BSD-3-Clause */
/* Steering: what a clock is told to say of itself, poll by poll. */
#include <errno.h>
#include <string.h>

#include "track/steering.h"
#include "tests/support/between.h"

#define NO_CLAIM (-1)

/* A clock that notes its corrections, and one server. */
static struct {
	struct clock clock;
	struct mono now;
	dur_ns stepped, slew_left;
	int64_t frequency, slew_ppb;
	int step_error, frequency_error;
	dur_ns claim; /* INT64_MAX: taken back */
	int claims, claim_error;
	bool marked;          /* by somebody, before */
	uint64_t changes;     /* by anybody */
	bool raced;           /* somebody else is always faster */
	bool ends_slews;      /* by itself, */
	struct mono slew_end; /* then */
} fake;

static struct measure_job job;
static struct steering steering;

static struct mono op_mono(struct clock *c)
{
	(void)c;
	return fake.now;
}

static int op_mark(struct clock *c, struct clock_mark *out)
{
	(void)c;
	out->generation = fake.changes;
	return 0;
}

static int op_unchanged(struct clock *c, const struct clock_mark *since)
{
	(void)c;
	return since->generation == fake.changes ? 0 : -ESTALE;
}

/* The clock's result for a measured correction. */
static int change(struct clock_mark *since)
{
	if (!since) { /* by hand */
		fake.changes++;
		return 0;
	}
	if (fake.raced || since->generation != fake.changes) {
		return -ESTALE;
	}
	since->generation = ++fake.changes;
	return 0;
}

static int op_step(struct clock *c, dur_ns add, struct clock_mark *since)
{
	const int rc = fake.step_error ? fake.step_error : change(since);

	(void)c;
	fake.stepped += rc == 0 ? add : 0;
	return rc;
}

static int op_slew(struct clock *c, dur_ns add, struct clock_mark *since)
{
	const int rc = change(since);

	(void)c;
	fake.slew_left = rc == 0 ? add : fake.slew_left;
	return rc;
}

static int op_slew_left(struct clock *c, dur_ns *left)
{
	(void)c;
	*left = fake.slew_left;
	return 0;
}

static int op_set_frequency(struct clock *c, int64_t ppb, const struct clock_slew *slew,
			    struct clock_mark *since)
{
	const int rc = fake.frequency_error ? fake.frequency_error : change(since);

	(void)c;
	fake.frequency = rc == 0 ? ppb + slew->ppb : fake.frequency;
	fake.slew_ppb = rc == 0 ? slew->ppb : fake.slew_ppb;
	fake.slew_end = rc == 0 ? mono_add(fake.now, slew->lasts) : fake.slew_end;
	return rc;
}

static bool op_ends_slews(struct clock *c)
{
	(void)c;
	return fake.ends_slews;
}

static int64_t op_frequency_slew(struct clock *c)
{
	(void)c;
	if (fake.ends_slews && mono_since(fake.now, fake.slew_end) >= 0) {
		fake.frequency -= fake.slew_ppb;
		fake.slew_ppb = 0;
	}
	return fake.slew_ppb;
}

static int op_frequency(struct clock *c, int64_t *ppb)
{
	(void)c;
	*ppb = fake.frequency;
	return 0;
}

static int64_t op_max_frequency(struct clock *c)
{
	(void)c;
	return DRIFT_CORRECTABLE_PPB;
}

static int op_claim(struct clock *c, dur_ns max_error)
{
	(void)c;
	fake.claims++;
	fake.claim = max_error;
	return fake.claim_error;
}

static int op_quality(struct clock *c, struct clock_quality *out)
{
	(void)c;
	*out = (struct clock_quality){ .synchronised = fake.marked };
	return 0;
}

static const struct clock_ops fake_ops = {
	.quality = op_quality,
	.mono = op_mono,
	.mark = op_mark,
	.unchanged = op_unchanged,
	.step = op_step,
	.slew = op_slew,
	.slew_left = op_slew_left,
	.set_frequency = op_set_frequency,
	.ends_slews = op_ends_slews,
	.frequency = op_frequency,
	.frequency_slew = op_frequency_slew,
	.max_frequency = op_max_frequency,
	.claim = op_claim,
};

/* A server that is synchronised, and claims to be within 5 ms of UTC. */
static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&job, 0, sizeof(job));
	fake.clock.ops = &fake_ops;
	fake.now.ns = NS_PER_SEC;
	fake.claim = NO_CLAIM;
	job.measured.quality_known = true;
	job.measured.quality.synchronised = true;
	job.measured.quality.max_error = 5 * NS_PER_MS;
	return steering_begin(&steering, &fake.clock, &discipline_default_limits);
}

static struct discipline_decision decision;

/* A poll, 4 s after the last one, that finds that offset, to within 1 ms. Returns its result. */
static int poll(bool answered, dur_ns offset, struct discipline_status *status)
{
	struct combination c;

	fake.now = mono_add(fake.now, 4 * NS_PER_SEC);
	job.rc = answered ? 0 : -1;
	job.measured.estimate = (struct estimate){
		.offset = offset,
		.delay = 2 * NS_PER_MS,
		.max_error = NS_PER_MS,
		.at = NS_PER_SEC,
		.used = 8,
	};
	combine(&c, &job, 1);
	return steering_poll(&steering, &c, &job, &decision, status);
}

/* A slew ends that long after the last poll. */
static void settle(int64_t seconds)
{
	fake.now = mono_add(fake.now, seconds * NS_PER_SEC);
	assert_int_equal(steering_settle(&steering), 0);
	fake.now = mono_add(fake.now, -seconds * NS_PER_SEC);
}

static void the_claim_is_all_that_is_known(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, 3 * NS_PER_MS, &s), 0);
	assert_int_equal(s.offset, 3 * NS_PER_MS); /* the slew has only begun */
	assert_int_equal(fake.frequency, 500000);
	assert_int_equal(fake.claim, (5 + 1 + 3) * NS_PER_MS);
	settle(4);
	assert_int_equal(poll(true, NS_PER_MS, &s), 0);
	assert_int_equal(fake.claim, 5 * NS_PER_MS + s.max_error + s.offset);
	assert_int_equal(steering_disclaim(&steering), 0);
	assert_int_equal(fake.claim, INT64_MAX);
	assert_int_equal(fake.claims, 3);
}

static void after_a_step_it_is_claimed_anew(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, 3 * NS_PER_SEC, &s), 0);
	assert_int_equal(fake.stepped, 3 * NS_PER_SEC);
	assert_int_equal(fake.claim, (5 + 1) * NS_PER_MS);
}

static void without_a_servers_word_nothing_is_claimed(void **state)
{
	struct discipline_status s;

	(void)state;
	job.measured.quality.synchronised = false;
	assert_int_equal(poll(true, 0, &s), 0);
	assert_int_equal(poll(false, 0, &s), 0);
	assert_int_equal(steering_disclaim(&steering), 0);
	assert_int_equal(fake.claims, 0);
}

static void the_claim_of_a_killed_process_is_taken_back(void **state)
{
	(void)state;
	fake.marked = true;
	assert_int_equal(steering_begin(&steering, &fake.clock, &discipline_default_limits), 0);
	assert_int_equal(fake.claims, 0);
	assert_int_equal(steering_disclaim(&steering), 0);
	assert_int_equal(fake.claims, 1);
	assert_true(fake.claim == INT64_MAX);
	assert_int_equal(steering_disclaim(&steering), 0);
	assert_int_equal(fake.claims, 1);
}

static void a_server_that_loses_its_own_ends_the_claim(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, 0, &s), 0);
	assert_int_equal(fake.claim, (5 + 1) * NS_PER_MS);
	job.measured.quality.synchronised = false;
	assert_int_equal(poll(true, 0, &s), 0);
	assert_int_equal(fake.claim, INT64_MAX);
	assert_int_equal(poll(true, 0, &s), 0);
	assert_int_equal(fake.claims, 2);
}

static void holding_over_it_grows(void **state)
{
	struct discipline_status s;
	dur_ns before;

	(void)state;
	assert_int_equal(poll(true, 0, &s), 0);
	for (int i = 0; i < 10; i++) {
		before = fake.claim;
		assert_int_equal(poll(false, 0, &s), 0);
		assert_int_equal(s.phase, DISCIPLINE_HOLDING_OVER);
		assert_true(fake.claim > before);
		assert_int_equal(fake.claim, 5 * NS_PER_MS + s.max_error + s.offset);
	}
}

static void a_contradiction_ends_it_until_that_is_settled(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, 0, &s), 0);
	assert_int_equal(poll(true, NS_PER_SEC, &s), 0);
	assert_int_equal(fake.claim, INT64_MAX);
	assert_int_equal(poll(true, NS_PER_SEC, &s), 0);
	assert_between(NS_PER_SEC, fake.claim, NS_PER_SEC + 10 * NS_PER_MS);
}

static void what_the_clock_says_to_that_is_returned(void **state)
{
	struct discipline_status s;

	(void)state;
	fake.claim_error = -EPERM;
	assert_int_equal(poll(true, 0, &s), -EPERM);
	assert_int_equal(steering_disclaim(&steering), -EPERM);
}

static void a_clock_that_somebody_else_changed_is_measured_anew(void **state)
{
	struct discipline_status s;
	int claims;

	(void)state;
	assert_int_equal(poll(true, 3 * NS_PER_SEC, &s), 0);
	assert_int_equal(fake.stepped, 3 * NS_PER_SEC);
	fake.changes++;
	claims = fake.claims;
	assert_int_equal(poll(true, 5 * NS_PER_SEC, &s), -ESTALE);
	assert_int_equal(poll(false, 0, &s), -ESTALE);
	assert_int_equal(fake.stepped, 3 * NS_PER_SEC);
	assert_int_equal(fake.claims, claims);
	assert_int_equal(steering_forget(&steering), 0);
	assert_int_equal(fake.claim, INT64_MAX); /* nothing is known */
	assert_int_equal(poll(true, 5 * NS_PER_MS, &s), 0);
	assert_int_equal(s.used, 1);
	assert_int_equal(s.offset, 5 * NS_PER_MS);
	assert_true(fake.frequency > 0);
}

static void one_that_is_changed_at_the_last_moment_too(void **state)
{
	struct discipline_status s;

	(void)state;
	fake.raced = true;
	assert_int_equal(poll(true, 3 * NS_PER_SEC, &s), -ESTALE);
	assert_int_equal(fake.stepped, 0);
	assert_int_equal(fake.claims, 0);
}

static void one_that_somebody_else_steers_is_given_up(void **state)
{
	struct discipline_status s;
	int given_up = 0;

	(void)state;
	for (int i = 0; i < 10 && given_up == 0; i++) {
		fake.changes++;
		assert_int_equal(poll(true, 3 * NS_PER_SEC, &s), -ESTALE);
		given_up = steering_forget(&steering);
	}
	assert_int_equal(given_up, -EBUSY);
	assert_int_equal(fake.stepped, 0);
}

static void whether_servers_are_synchronised_is_asked(void **state)
{
	struct discipline_limits limits = discipline_default_limits;
	struct discipline_status s;

	(void)state;
	limits.first.max_unsynchronised = NS_PER_SEC;
	assert_int_equal(steering_begin(&steering, &fake.clock, &limits), 0);
	job.measured.quality.synchronised = false;
	assert_int_equal(poll(true, 3 * NS_PER_SEC, &s), 0);
	assert_int_equal(decision.action, DISCIPLINE_REFUSE);
	assert_int_equal(decision.reason, POLICY_UNSYNCHRONISED);
	assert_int_equal(fake.stepped, 0);
	job.measured.quality.synchronised = true;
	assert_int_equal(poll(true, 3 * NS_PER_SEC, &s), 0);
	assert_int_equal(fake.stepped, 3 * NS_PER_SEC);
}

static void what_moves_along_is_not_followed(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, 300 * NS_PER_MS, &s), 0);
	assert_int_equal(poll(true, 300 * NS_PER_MS, &s), 0); /* the server may have been set */
	assert_int_equal(poll(true, 300 * NS_PER_MS, &s), 0);
	assert_int_equal(decision.action, DISCIPLINE_REFUSE);
	assert_int_equal(decision.reason, POLICY_MOVES_ALONG);
	assert_int_equal(fake.stepped, 300 * NS_PER_MS);
}

static void what_does_not_is(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, 300 * NS_PER_MS, &s), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(poll(true, 0, &s), 0);
	}
	assert_int_equal(fake.stepped, 300 * NS_PER_MS);
}

static void a_slew_ends_with_us(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, 3 * NS_PER_MS, &s), 0);
	assert_int_equal(decision.slew_for, 2 * NS_PER_SEC);
	assert_int_equal(fake.frequency, 500000);
	assert_int_equal(steering_end_slew(&steering), 0);
	assert_int_equal(fake.frequency, 0);
}

/* However late anybody looks, the slew has done what it was to do, and no more. */
static void a_slew_that_has_ended_is_not_ended_again(void **state)
{
	struct discipline_status s;
	uint64_t changes;

	(void)state;
	fake.ends_slews = true;
	assert_int_equal(poll(true, 3 * NS_PER_MS, &s), 0);
	assert_int_equal(decision.slew_for, 2 * NS_PER_SEC);
	assert_int_equal(decision.slew_ppb, 500000);
	changes = fake.changes;
	settle(3);
	assert_int_equal(fake.changes, changes);
	assert_int_equal(fake.frequency, 0);
	discipline_status(&steering.discipline, mono_add(fake.now, 4 * NS_PER_SEC), &s);
	assert_int_equal(s.offset, 2 * NS_PER_MS);
	/* One that is still in progress is. */
	assert_int_equal(poll(true, 2 * NS_PER_MS, &s), 0);
	changes = fake.changes;
	settle(1);
	assert_int_equal(fake.changes, changes + 1);
	assert_int_equal(fake.frequency, 0);
}

/* The part that a slew adds is removed when the clock starts again. */
static void a_slew_ends_when_the_clock_was_changed(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, 3 * NS_PER_MS, &s), 0);
	assert_int_equal(fake.frequency, 500000);
	fake.changes++;
	assert_int_equal(steering_settle(&steering), 0);
	assert_int_equal(poll(true, 5 * NS_PER_SEC, &s), -ESTALE);
	assert_int_equal(steering_forget(&steering), 0);
	assert_int_equal(fake.frequency, 0);
}

static void a_slew_of_somebody_else_ends(void **state)
{
	(void)state;
	fake.slew_left = NS_PER_SEC;
	assert_int_equal(steering_begin(&steering, &fake.clock, &discipline_default_limits), 0);
	assert_int_equal(fake.slew_left, 0);
}

/* By which nothing was taken back. */
/* Else it would be taken for a rate, until it is over and the clock runs away. */
static void one_that_somebody_gives_meanwhile_too(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, NS_PER_MS, &s), 0);
	fake.slew_left = 5 * NS_PER_SEC;
	fake.changes++;
	assert_int_equal(poll(true, NS_PER_MS, &s), -ESTALE);
	assert_int_equal(steering_forget(&steering), 0);
	assert_int_equal(fake.slew_left, 0);
	assert_int_equal(poll(true, NS_PER_MS, &s), 0);
	fake.slew_left = 5 * NS_PER_SEC; /* and by somebody who is always faster */
	fake.changes++;
	fake.raced = true;
	assert_int_equal(steering_forget(&steering), 0);
	assert_int_equal(fake.slew_left, 5 * NS_PER_SEC);
}

static void a_slew_of_a_killed_process_ends(void **state)
{
	struct discipline_status s;

	(void)state;
	fake.frequency = 20000;
	assert_int_equal(steering_begin(&steering, &fake.clock, &discipline_default_limits), 0);
	assert_int_equal(steering.found_slew_ppb, 0);
	assert_int_equal(poll(true, 3 * NS_PER_MS, &s), 0);
	assert_int_equal(fake.frequency, 520000);
	assert_int_equal(steering_begin(&steering, &fake.clock, &discipline_default_limits), 0);
	assert_int_equal(fake.frequency, 20000);
	assert_int_equal(fake.slew_ppb, 0);
	assert_int_equal(steering.found_slew_ppb, 500000);
	assert_int_equal(poll(true, 0, &s), 0);
	assert_int_equal(s.frequency_ppb, 20000);
}

/* The decision was not carried out: the clock is as far off as before. */
static void what_failed_is_no_correction(void **state)
{
	struct discipline_status s;

	(void)state;
	fake.step_error = -ERANGE;
	assert_int_equal(poll(true, 3 * NS_PER_SEC, &s), -ERANGE);
	assert_int_equal(decision.action, DISCIPLINE_FAILED);
	assert_int_equal(decision.correction, 0);
	assert_int_equal(s.offset, 3 * NS_PER_SEC);
	assert_int_equal(s.max_error, NS_PER_MS);
	assert_int_equal(s.phase, DISCIPLINE_REFUSED);
	assert_int_equal(fake.claims, 0);
}

static void nor_is_a_slew_that_failed(void **state)
{
	struct discipline_status s;

	(void)state;
	fake.frequency_error = -EPERM;
	assert_int_equal(poll(true, 3 * NS_PER_MS, &s), -EPERM);
	assert_int_equal(decision.action, DISCIPLINE_FAILED);
	assert_int_equal(decision.correction, 0);
	assert_int_equal(s.offset, 3 * NS_PER_MS);
	assert_int_equal(s.phase, DISCIPLINE_REFUSED);
}

/* But a step that was applied is one, whatever becomes of the frequency that was to follow. */
static void a_step_without_its_frequency_is_one(void **state)
{
	const int errors[] = { -EPERM, -ESTALE };
	struct discipline_status s;

	for (size_t i = 0; i < 2; i++) {
		discipline_use_rate(&steering.discipline, 50000, 100);
		fake.frequency_error = errors[i];
		assert_int_equal(poll(true, 3 * NS_PER_SEC, &s), errors[i]);
		assert_int_equal(fake.stepped, 3 * NS_PER_SEC);
		assert_int_equal(decision.action, DISCIPLINE_STEP);
		assert_int_equal(decision.correction, 3 * NS_PER_SEC);
		assert_int_equal(decision.frequency_ppb, 0);
		assert_int_equal(s.frequency_ppb, 0);
		assert_int_equal(s.offset, 0);
		assert_int_equal(s.phase, DISCIPLINE_CORRECTING);
		assert_int_equal(fake.claims, 0);
		assert_int_equal(set_up(state), 0);
	}
}

/* Nor is a rate that could not be set in force, or a slew that did not begin under way. */
static void what_failed_is_not_in_force(void **state)
{
	struct discipline_status s;

	(void)state;
	fake.frequency_error = -EPERM;
	assert_int_equal(poll(true, 3 * NS_PER_MS, &s), -EPERM);
	assert_int_equal(decision.slew_ppb, 0);
	assert_int_equal(decision.slew_for, 0);
	assert_int_equal(decision.slew_all, 0);
	assert_int_equal(s.frequency_ppb, 0);
}

static void far_off_it_is_not_synchronised(void **state)
{
	struct discipline_status s;

	(void)state;
	assert_int_equal(poll(true, 0, &s), 0);
	assert_int_equal(poll(true, 600 * NS_PER_SEC, &s), 0);
	assert_int_equal(poll(true, 600 * NS_PER_SEC, &s), 0);
	assert_int_equal(s.phase, DISCIPLINE_CORRECTING);
	assert_true(fake.claim > 600 * NS_PER_SEC); /* which the kernel takes for no claim */
}

/* Of three servers one is outvoted: the rate of the others is none to keep. */
static void no_rate_is_known_while_one_is_outvoted(void **state)
{
	static const dur_ns offsets[] = { 0, 0, NS_PER_SEC };
	struct measure_job jobs[3];
	struct discipline_status s;
	struct combination c;

	(void)state;
	for (int i = 0; i < 20; i++) {
		fake.now = mono_add(fake.now, 64 * NS_PER_SEC);
		for (size_t k = 0; k < 3; k++) {
			jobs[k] = job;
			jobs[k].measured.estimate = (struct estimate){
				.offset = offsets[k],
				.delay = 2 * NS_PER_MS,
				.max_error = NS_PER_MS,
				.at = NS_PER_SEC,
				.used = 8,
			};
		}
		combine(&c, jobs, 3);
		assert_int_equal(c.rc, 0);
		assert_int_equal(steering_poll(&steering, &c, jobs, &decision, &s), 0);
		assert_false(decision.save_rate || steering_rate_is_known(&steering));
	}
	for (int i = 0; i < 16; i++) {
		assert_int_equal(poll(true, 0, &s), 0);
	}
	assert_true(steering_rate_is_known(&steering));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_clock_that_somebody_else_changed_is_measured_anew, set_up),
		cmocka_unit_test_setup(one_that_is_changed_at_the_last_moment_too, set_up),
		cmocka_unit_test_setup(one_that_somebody_else_steers_is_given_up, set_up),
		cmocka_unit_test_setup(whether_servers_are_synchronised_is_asked, set_up),
		cmocka_unit_test_setup(what_moves_along_is_not_followed, set_up),
		cmocka_unit_test_setup(what_does_not_is, set_up),
		cmocka_unit_test_setup(the_claim_is_all_that_is_known, set_up),
		cmocka_unit_test_setup(after_a_step_it_is_claimed_anew, set_up),
		cmocka_unit_test_setup(without_a_servers_word_nothing_is_claimed, set_up),
		cmocka_unit_test_setup(the_claim_of_a_killed_process_is_taken_back, set_up),
		cmocka_unit_test_setup(a_server_that_loses_its_own_ends_the_claim, set_up),
		cmocka_unit_test_setup(holding_over_it_grows, set_up),
		cmocka_unit_test_setup(a_contradiction_ends_it_until_that_is_settled, set_up),
		cmocka_unit_test_setup(what_the_clock_says_to_that_is_returned, set_up),
		cmocka_unit_test_setup(a_slew_ends_with_us, set_up),
		cmocka_unit_test_setup(a_slew_that_has_ended_is_not_ended_again, set_up),
		cmocka_unit_test_setup(a_slew_ends_when_the_clock_was_changed, set_up),
		cmocka_unit_test_setup(a_slew_of_somebody_else_ends, set_up),
		cmocka_unit_test_setup(one_that_somebody_gives_meanwhile_too, set_up),
		cmocka_unit_test_setup(a_slew_of_a_killed_process_ends, set_up),
		cmocka_unit_test_setup(what_failed_is_no_correction, set_up),
		cmocka_unit_test_setup(nor_is_a_slew_that_failed, set_up),
		cmocka_unit_test_setup(a_step_without_its_frequency_is_one, set_up),
		cmocka_unit_test_setup(what_failed_is_not_in_force, set_up),
		cmocka_unit_test_setup(far_off_it_is_not_synchronised, set_up),
		cmocka_unit_test_setup(no_rate_is_known_while_one_is_outvoted, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
