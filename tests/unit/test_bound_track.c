/* SPDX-License-Identifier: BSD-3-Clause */
/* From a discipline to what programs are told of its clock. */
#include "core/bound_track.h"
#include "core/drift.h"
#include "tests/support/between.h"

#define START    (100 * NS_PER_SEC)
#define NEW_YEAR (INT64_C(1704067200) * NS_PER_SEC)
#define POLLS    20
#define INTERVAL (4 * NS_PER_SEC)

/* A clock that is right, was polled often, and is known to 10 us. */
static struct mono settle(struct discipline *d, bool tuned, int64_t frequency_ppb)
{
	struct discipline_limits limits = discipline_default_limits;
	struct discipline_decision decision;
	struct discipline_poll poll = { .now = { START }, .answered = true, .synchronised = true };

	limits.mono_is_tuned = tuned;
	poll.measurement = (struct model_measurement){ 0, 10 * NS_PER_US, 20 * NS_PER_US };
	discipline_init(d, &limits, frequency_ppb, poll.now);
	for (int i = 0; i < POLLS; i++) {
		poll.now.ns += INTERVAL;
		discipline_poll(d, &poll, &decision);
	}
	return poll.now;
}

static struct bound_tracked clock_at(struct mono now)
{
	return (struct bound_tracked){
		.state = BOUND_SYNCHRONISED,
		.from = now,
		.to = now,
		.shown = NEW_YEAR,
		.rate_ppb = 1000,
		.reference_error = NS_PER_MS,
		.asleep = 7,
		.renewed_in = INTERVAL,
	};
}

static void all_errors_are_in_it(void **state)
{
	struct discipline d;
	const struct mono now = settle(&d, false, 0);
	struct bound_tracked c = clock_at(now);
	struct discipline_status status;
	struct bound b = bound_track(&d, &c);

	(void)state;
	discipline_status(&d, now, &status);
	assert_true(bound_valid(&b));
	assert_int_equal(b.state, BOUND_SYNCHRONISED);
	assert_between(now.ns, b.at.ns, now.ns + 1);
	assert_true(b.shown == NEW_YEAR && b.asleep == 7);
	assert_int_equal(b.rate, bound_share(1000));
	assert_between(NS_PER_MS + status.max_error, b.max_error,
		       NS_PER_MS + status.max_error + status.offset + 2);
	assert_int_equal(b.due.ns, b.at.ns + INTERVAL + BOUND_TRACK_GRACE);
	assert_int_equal(b.forgotten.ns, b.due.ns + BOUND_LASTS);

	/* A reading that took 10 us is 5 us uncertain, and counts for twice that. */
	c.to = mono_add(now, 10 * NS_PER_US);
	const struct bound late = bound_track(&d, &c);
	assert_between(b.max_error + 10 * NS_PER_US, late.max_error, b.max_error + 11 * NS_PER_US);
	assert_between(now.ns + 5 * NS_PER_US, late.at.ns, now.ns + 5 * NS_PER_US + 1);
}

/* The published growth is that of the discipline's own bound. */
static void it_grows_as_that_of_the_discipline(void **state)
{
	struct discipline d;
	const struct mono now = settle(&d, false, 0);
	const struct bound_tracked c = clock_at(now);
	const struct bound b = bound_track(&d, &c);
	const dur_ns age = 60 * NS_PER_SEC;
	struct discipline_status before, after;

	(void)state;
	discipline_status(&d, now, &before);
	discipline_status(&d, mono_add(now, age), &after);
	const dur_ns grown = after.max_error - before.max_error;
	assert_true(grown > drift_over(age, d.limits.drift_ppb) - 1);
	assert_between(grown, bound_share_of(age, b.growth), grown + NS_PER_US);
}

/* Where the frequency of the clock makes the monotonic clock slow, more time passes than it says.
 */
static void a_slow_monotonic_clock_lets_it_grow_faster(void **state)
{
	struct discipline d;
	const struct mono now = settle(&d, true, 0);
	const struct bound_tracked c = clock_at(now);
	const int64_t growth = bound_track(&d, &c).growth;

	(void)state;
	model_tunes(&d.model, -50000000); /* 5 % slow */
	assert_between(growth * 105 / 100, bound_track(&d, &c).growth, growth * 106 / 100);
	model_tunes(&d.model, 50000000);
	assert_between(growth * 95 / 100, bound_track(&d, &c).growth, growth);
}

/* A clock whose rate cannot be corrected. */
static void what_is_not_corrected_lets_it_grow(void **state)
{
	struct discipline d;
	const struct mono now = settle(&d, false, 0);
	const struct bound_tracked c = clock_at(now);
	const int64_t growth = bound_track(&d, &c).growth;

	(void)state;
	d.frequency_ppb -= 800000;
	model_tunes(&d.model, d.frequency_ppb);
	assert_between(growth + bound_share(890000), bound_track(&d, &c).growth,
		       growth + bound_share(910000));
}

static void a_slew_is_in_it(void **state)
{
	struct discipline d;
	const struct mono now = settle(&d, false, 0);
	struct bound_tracked c = clock_at(now);
	struct bound b;

	(void)state;
	b = bound_track(&d, &c);
	assert_true(b.slew == 0 && b.slew_end.ns == b.at.ns);
	model_tunes(&d.model, d.frequency_ppb - 500000);
	c.slew_for = 3 * NS_PER_SEC;
	b = bound_track(&d, &c);
	assert_int_equal(b.slew, bound_share(500000));
	assert_int_equal(b.slew_end.ns, b.at.ns + 3 * NS_PER_SEC);
}

static void a_reference_that_is_unknown(void **state)
{
	struct discipline d;
	const struct mono now = settle(&d, false, 0);
	struct bound_tracked c = clock_at(now);
	struct bound b;

	(void)state;
	c.reference_error = INT64_MAX;
	assert_int_equal(bound_track(&d, &c).state, BOUND_UNKNOWN);
	c.of_servers = true;
	b = bound_track(&d, &c);
	assert_int_equal(b.state, BOUND_SYNCHRONISED | BOUND_OF_SERVERS);
	assert_between(0, b.max_error, 100 * NS_PER_US);
	c.reference_error = NS_PER_MS; /* one that is known is used */
	b = bound_track(&d, &c);
	assert_int_equal(b.state, BOUND_SYNCHRONISED);
	assert_between(NS_PER_MS, b.max_error, 2 * NS_PER_MS);
}

static void a_discipline_that_knows_nothing(void **state)
{
	struct discipline d;
	struct bound_tracked c = clock_at((struct mono){ START });

	(void)state;
	discipline_init(&d, &discipline_default_limits, 0, c.from);
	assert_int_equal(bound_track(&d, &c).state, BOUND_UNKNOWN);
	(void)settle(&d, false, 0);
	c.from = c.to = d.model.since;
	c.state = BOUND_UNKNOWN;
	assert_int_equal(bound_track(&d, &c).state, BOUND_UNKNOWN);
}

/* At 23:59 of a day, and in the middle of the change to the next one. */
static void a_leap_second_ends_it(void **state)
{
	struct discipline d;
	struct bound_tracked c = clock_at(settle(&d, false, 0));
	struct bound b;

	(void)state;
	c.leap = true;
	c.shown = NEW_YEAR - 60 * NS_PER_SEC;
	c.renewed_in = 3600 * NS_PER_SEC;
	b = bound_track(&d, &c);
	assert_between(b.at.ns + 52 * NS_PER_SEC, b.forgotten.ns, b.at.ns + 53 * NS_PER_SEC);
	assert_int_equal(b.due.ns, b.forgotten.ns);
	c.shown = NEW_YEAR;
	b = bound_track(&d, &c);
	assert_int_equal(b.forgotten.ns, b.at.ns);
	c.shown = NEW_YEAR + 60 * NS_PER_SEC; /* it is over */
	b = bound_track(&d, &c);
	assert_int_equal(b.forgotten.ns, b.due.ns + BOUND_LASTS);
}

static void states_follow_from_phases(void **state)
{
	static const struct {
		enum discipline_phase phase;
		enum discipline_event event;
		enum bound_state state;
	} cases[] = {
		{ DISCIPLINE_STARTING, DISCIPLINE_NO_ANSWER, BOUND_UNKNOWN },
		{ DISCIPLINE_SYNCHRONISED, DISCIPLINE_TRACKING, BOUND_SYNCHRONISED },
		{ DISCIPLINE_CORRECTING, DISCIPLINE_FIRST, BOUND_SYNCHRONISED },
		{ DISCIPLINE_HOLDING_OVER, DISCIPLINE_NO_ANSWER, BOUND_HOLD_OVER },
		{ DISCIPLINE_HOLDING_OVER, DISCIPLINE_CONTRADICTION, BOUND_UNKNOWN },
		{ DISCIPLINE_REFUSED, DISCIPLINE_TRACKING, BOUND_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct discipline_decision decision = { .event = cases[i].event };
		const struct discipline_status status = { .phase = cases[i].phase };

		assert_int_equal(bound_track_state(&decision, &status), cases[i].state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_errors_are_in_it),
		cmocka_unit_test(it_grows_as_that_of_the_discipline),
		cmocka_unit_test(a_slow_monotonic_clock_lets_it_grow_faster),
		cmocka_unit_test(what_is_not_corrected_lets_it_grow),
		cmocka_unit_test(a_slew_is_in_it),
		cmocka_unit_test(a_reference_that_is_unknown),
		cmocka_unit_test(a_discipline_that_knows_nothing),
		cmocka_unit_test(a_leap_second_ends_it),
		cmocka_unit_test(states_follow_from_phases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
