/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a tracker publishes of its clock, in virtual time: over a million readings the true time is
 * never outside of the interval, while the tracker lives and after it was killed, also in the
 * middle of a slew; and nothing is known in the end.
 */
#include <stdlib.h>

#include "core/bound_track.h"
#include "core/drift.h"
#include "tests/sim/track.h"
#include "tests/support/between.h"

#define MINUTE    (60 * NS_PER_SEC)
#define READINGS  1000000
#define RELIED_ON (90 * NS_PER_SEC) /* on a server's word, by its clients */

static const struct track_world ordinary = {
	.ahead = 50 * NS_PER_MS,
	.drift_ppb = 80000,
	.wander_ppb = 1,
	.there = 200 * NS_PER_US,
	.back = 200 * NS_PER_US,
	.jitter = NS_PER_MS,
	.loss_percent = 5,
	.system = true,
};

struct reader {
	struct random random;
	struct bound page; /* published last */
	enum bound_state state;
	bool slewing;    /* when that was */
	bool ends_slews; /* the clock itself does, once a tracker has died */
	size_t readings, known, broken, false_claims;
	dur_ns widest; /* of those that are synchronised */
};

/* As track does, right after a poll or the end of a slew. */
static void publish(struct reader *r, const struct track *t, dur_ns renewed_in)
{
	const struct mono now = track_mono(t);
	const struct bound_tracked c = {
		.state = r->state,
		.from = { now.ns - random_between(&r->random, 0, 100) },
		.to = { now.ns + random_between(&r->random, 0, 100) },
		.shown = t->truth - track_offset(t),
		/* The monotonic clock of a system clock moves with it. */
		.rate_ppb = t->world.system ? 0 : (int64_t)t->rate_ppb + t->frequency_ppb,
		.slew_for = t->slewing ? t->decision.slew_for : 0,
		.renewed_in = renewed_in,
	};

	r->page = bound_track(&t->discipline, &c);
	r->slewing = t->slewing;
}

static void look(struct reader *r, const struct track *t)
{
	const struct bound_interval i = bound_at(&r->page, track_mono(t));

	if (i.earliest > t->truth || i.latest < t->truth) {
		print_error("at %" PRId64 " ms: off by %" PRId64 " ns, in %" PRId64 "..%" PRId64
			    " %s\n",
			    track_age(t) / NS_PER_MS, track_offset(t), i.earliest - t->truth,
			    i.latest - t->truth, bound_state_name(i.state));
		r->broken++;
	}
	r->readings++;
	r->known += i.state != BOUND_UNKNOWN;
	if (i.state == BOUND_SYNCHRONISED && i.latest - i.earliest > r->widest) {
		r->widest = i.latest - i.earliest;
	}
}

/* Poll once, and read for as long as that lasts. */
static void live(struct reader *r, struct track *t, dur_ns step)
{
	struct discipline_status status;

	track_poll(t);
	status = track_status(t);
	r->state = bound_track_state(&t->decision, &status);
	publish(r, t, t->decision.next_poll);
	for (dur_ns d = 0; d < t->decision.next_poll; d += step) {
		look(r, t);
		track_wait(t, random_between(&r->random, 1, 2 * step));
		if (r->slewing && !t->slewing) {
			look(r, t); /* the end is not published yet */
			publish(r, t, t->decision.next_poll);
		}
		look(r, t);
	}
}

/* How far from the true time the clock is at most, as a server says it to its clients. */
static dur_ns claim(const struct reader *r, const struct track *t)
{
	const struct bound_interval i = bound_at(&r->page, track_mono(t));
	const ts_ns shown = t->truth - track_offset(t);

	return i.state == BOUND_UNKNOWN ? INT64_MAX
					: arith_max(arith_distance(shown, i.earliest),
						    arith_distance(i.latest, shown));
}

/*
 * The tracker is gone. The slew that is under way ends by itself, or never. If it does, what the
 * server has just said of the clock holds for as long as a client may rely on it.
 */
static void die(struct reader *r, struct track *t)
{
	const dur_ns claimed = claim(r, t);
	struct bound_interval last;

	t->slewing = t->slewing && r->ends_slews;
	for (dur_ns d = 0; d < RELIED_ON; d += NS_PER_SEC / 4) {
		const dur_ns aged = arith_add(claimed, drift_over(d, DRIFT_WANDER_PPB));

		r->false_claims += arith_abs(track_offset(t)) > aged;
		look(r, t);
		track_wait(t, NS_PER_SEC / 4);
	}
	for (dur_ns d = RELIED_ON; d < BOUND_LASTS + 2 * MINUTE; d += NS_PER_SEC / 4) {
		track_wait(t, NS_PER_SEC / 4);
		look(r, t);
	}
	last = bound_at(&r->page, track_mono(t));
	assert_int_equal(last.state, BOUND_UNKNOWN);
}

/* Until there are so many readings. */
static struct reader check_worlds(const char *name, const struct track_world *world, dur_ns step,
				  size_t readings)
{
	struct reader r = { .random = random_from(1), .ends_slews = world->ends_slews };
	int killed_slewing = 0;

	for (uint64_t seed = 1; r.readings < readings; seed++) {
		struct track t;
		const dur_ns life = random_between(&r.random, 1, 30) * MINUTE;

		track_begin(&t, world, &discipline_default_limits, seed);
		t.rate_ppb = seed % 2 ? -t.rate_ppb : t.rate_ppb;
		t.ahead = seed % 3 ? -t.ahead : t.ahead;
		r.page = bound_unknown(track_mono(&t));
		r.state = BOUND_UNKNOWN;
		while (track_age(&t) < life) {
			live(&r, &t, step);
		}
		track_poll(&t); /* and be killed after it was published */
		const struct discipline_status status = track_status(&t);
		r.state = bound_track_state(&t.decision, &status);
		publish(&r, &t, t.decision.next_poll);
		killed_slewing += t.slewing;
		die(&r, &t);
	}
	print_message("%s: %zu readings, %zu of them known, %zu wrong; %d killed in a slew\n", name,
		      r.readings, r.known, r.broken, killed_slewing);
	assert_int_equal(r.broken, 0);
	assert_true(r.known > r.readings / 3);
	assert_true(killed_slewing > 0);
	return r;
}

static void the_true_time_is_inside(void **state)
{
	(void)state;
	check_worlds("a system clock", &ordinary, 100 * NS_PER_MS, READINGS);
}

static void it_is_for_a_clock_file(void **state)
{
	struct track_world w = ordinary;
	struct reader r;

	(void)state;
	w.system = false;
	w.wander_ppb = 0; /* a file does not */
	r = check_worlds("a clock file of version 3", &w, 100 * NS_PER_MS, READINGS / 5);
	assert_true(r.false_claims > 0); /* else this would not notice a slew without an end */
	w.ends_slews = true;
	r = check_worlds("a clock file", &w, 100 * NS_PER_MS, READINGS / 5);
	assert_int_equal(r.false_claims, 0);
}

static void it_is_far_away(void **state)
{
	struct track_world w = ordinary;

	(void)state;
	w.there = 2 * NS_PER_MS;
	w.back = 20 * NS_PER_MS;
	w.jitter = 10 * NS_PER_MS;
	w.loss_percent = 30;
	w.wander_ppb = 10;
	check_worlds("far away", &w, 100 * NS_PER_MS, READINGS / 5);
}

static void it_is_when_slews_end_late(void **state)
{
	struct track_world w = ordinary;

	(void)state;
	w.there = 20 * NS_PER_US;
	w.back = 20 * NS_PER_US;
	w.jitter = 20 * NS_PER_US;
	w.late = 2 * NS_PER_SEC;
	check_worlds("slews that end late", &w, 20 * NS_PER_MS, READINGS / 5);
}

static void it_is_from_an_hour_off(void **state)
{
	struct track_world w = ordinary;

	(void)state;
	w.ahead = 10 * MINUTE; /* the first correction is a step */
	check_worlds("ten minutes off", &w, 100 * NS_PER_MS, READINGS / 5);
}

/* --- leap seconds ----------------------------------------------------------------------------- */

/* A clock at 23:59:00 of a day, and a leap second is announced. */
static void after_a_leap_second_nothing_is_known(void **state)
{
	struct track t;
	struct bound_tracked c = { .state = BOUND_SYNCHRONISED, .leap = true };
	struct bound_interval i;

	(void)state;
	track_begin(&t, &ordinary, &discipline_default_limits, 1);
	for (int p = 0; p < 5; p++) {
		track_poll(&t);
		track_wait(&t, NS_PER_SEC);
	}
	c.from = c.to = track_mono(&t);
	c.shown = INT64_C(1704153600) * NS_PER_SEC - MINUTE;
	c.renewed_in = 10 * MINUTE;
	const struct bound b = bound_track(&t.discipline, &c);
	i = bound_at(&b, mono_add(c.to, 40 * NS_PER_SEC));
	assert_int_equal(i.state, BOUND_SYNCHRONISED);
	i = bound_at(&b, mono_add(c.to, MINUTE - NS_PER_SEC));
	assert_int_equal(i.state, BOUND_UNKNOWN);
	c.leap = false;
	const struct bound other = bound_track(&t.discipline, &c);
	i = bound_at(&other, mono_add(c.to, MINUTE));
	assert_int_equal(i.state, BOUND_SYNCHRONISED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_true_time_is_inside),
		cmocka_unit_test(it_is_for_a_clock_file),
		cmocka_unit_test(it_is_far_away),
		cmocka_unit_test(it_is_when_slews_end_late),
		cmocka_unit_test(it_is_from_an_hour_off),
		cmocka_unit_test(after_a_leap_second_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
