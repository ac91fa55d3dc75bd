/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/servo.h"

#include <math.h>
#include <string.h>

#include "core/arith.h"
#include "core/drift_limits.h"

/* The standard deviation of a quartz's rate before any measurement. */
#define UNKNOWN_PPB 50000

/* After a restart: the errors of a clock that was right, and of its rate. */
#define REMEMBERED     (100 * NS_PER_US)
#define REMEMBERED_PPB 1000
/* A clock that has run on has a frequency correction this close to the remembered one. */
#define HAS_RUN_PPB 10000

/* A measurement may be wrong by half of its delay, and by this: see APART of berkeley.c. */
#define MARGIN (50 * NS_PER_US)

/* An estimate is wrong by less than so many standard deviations. */
#define SURELY 3

/* A clock that has agreed that often is right. */
#define ENOUGH 8

/* A clock that was not right is stepped if a slew would take more cycles. */
#define SLEW_CYCLES 8

/* A clock whose rate was out of reach that often cannot follow. */
#define TOO_OFTEN 3

#define PPT_PER_PPB 1000.0 /* 1e-12 */

#define NEVER ((struct mono){ INT64_MAX })

static double seconds(dur_ns d)
{
	return (double)d / NS_PER_SEC;
}

dur_ns servo_measurement_error(dur_ns delay)
{
	return delay / 2 + MARGIN;
}

/* --- the clock, as it was steered ------------------------------------------------------------- */

struct servo_instant servo_instant(const struct servo *s, struct mono now)
{
	const dur_ns passed = mono_since(now, s->since.at);
	const dur_ns slewed = arith_min(passed, mono_since(s->slew_stops, s->since.at));

	return (struct servo_instant){
		.at = now,
		.added = s->since.added + (double)s->frequency_ppb * seconds(passed) +
			 (double)s->slew_ppb * seconds(slewed),
	};
}

static dur_ns whole(double ns)
{
	return (dur_ns)llround(ns);
}

static int64_t turn_ppb(const struct servo *s)
{
	return whole((double)s->turn / PPT_PER_PPB);
}

/* The clock was right, and nobody has set it since, unless measurements will say so. */
static void recall(struct servo *s, struct mono now, const struct servo_memory *memory)
{
	/* A clock that has run on meanwhile knows better. */
	const bool has_run = arith_distance(s->frequency_ppb, memory->frequency_ppb) < HAS_RUN_PPB;
	const int64_t frequency_ppb =
		arith_clamp(has_run ? s->frequency_ppb : memory->frequency_ppb, SERVO_MAX_PPB);
	const struct kalman_estimate known = {
		.value_error = REMEMBERED,
		.rate_ppb = (double)frequency_ppb,
		.rate_error_ppb = REMEMBERED_PPB,
	};

	kalman_begin(&s->kalman, now, &known);
	s->knows = s->remembers = true;
	s->decided.frequency_ppb = frequency_ppb;
	s->term = memory->term;
}

void servo_begin(struct servo *s, dur_ns cycle, struct mono now, const struct servo_clock *clock,
		 const struct servo_memory *memory)
{
	memset(s, 0, sizeof(*s));
	s->cycle = cycle;
	s->since.at = now;
	s->frequency_ppb = clock->frequency_ppb;
	s->slew_ppb = s->own_ppb = clock->slew_ppb;
	s->ends_slews = clock->ends_slews;
	s->slew_stops = NEVER;
	s->slew_ends = now;
	s->decided.frequency_ppb = clock->frequency_ppb;
	if (memory) {
		s->learned = memory->learned;
		s->learned_ppb = memory->learned_ppb;
	}
	if (memory && memory->right) {
		recall(s, now, memory);
	}
}

bool servo_is_settled(const struct servo *s)
{
	return s->knows && s->agreed == ENOUGH;
}

int64_t servo_rate_error(const struct servo *s)
{
	/* The frequency correction may be as wrong as the quartz. */
	const int64_t unknown = DRIFT_LIKELY_PPB + arith_abs(s->frequency_ppb);
	const double error =
		s->knows ? kalman_at(&s->kalman, s->kalman.at).rate_error_ppb : INFINITY;
	const double surely = DRIFT_WANDER_PPB + SURELY * error;

	/* Any quartz is within half of what two drift apart: a rate known worse is not known. */
	return servo_is_settled(s) && 2 * surely <= DRIFT_QUARTZES_PPB ? whole(surely) : unknown;
}

void servo_done(struct servo *s, struct mono now)
{
	s->since = servo_instant(s, now);
	s->frequency_ppb = s->decided.frequency_ppb;
	s->slew_ppb = s->decided.slew_ppb;
	s->slew_stops = s->ends_slews ? mono_add(now, s->decided.slew_for) : NEVER;
	s->slew_ends = mono_add(now, s->decided_for);
	s->decided.step = 0;
}

void servo_failed(struct servo *s, struct mono now)
{
	/* The estimates take a step for granted that was not made. */
	s->knows = s->knows && s->decided.step == 0;
	s->has_anchor = s->has_anchor && s->decided.step == 0;
	s->decided = (struct servo_steering){
		.frequency_ppb = s->frequency_ppb,
		.slew_ppb = s->slew_ppb,
	};
	s->own_ppb = s->slew_ppb - turn_ppb(s);
	s->slew_ends = mono_add(now, s->cycle); /* when to try again */
}

/* The slew: its own part, for decided_for, and the turn; until the first of them ends. */
static void decide_slew(struct servo *s, struct mono now)
{
	const dur_ns own = s->own_ppb != 0 ? s->decided_for : INT64_MAX;
	const dur_ns turn = s->turn != 0 ? mono_since(s->turn_ends, now) : INT64_MAX;

	s->decided.slew_ppb = s->own_ppb + turn_ppb(s);
	s->decided.slew_for = s->decided.slew_ppb != 0 ? arith_min(own, turn) : 0;
}

/* The turn ends when the leader has not repeated it. */
static void end_turn(struct servo *s, struct mono now)
{
	if (s->turn == 0 || mono_since(now, s->turn_ends) < 0) {
		return;
	}
	if (s->knows) {
		kalman_bend(&s->kalman, now, -(double)s->turn / PPT_PER_PPB);
	}
	s->turn = 0;
}

bool servo_settle(struct servo *s, struct mono now)
{
	if (mono_since(now, servo_due(s)) < 0) {
		return false;
	}
	end_turn(s, now);
	if (mono_since(now, s->slew_ends) >= 0) {
		s->own_ppb = 0;
	}
	s->decided_for = arith_max(mono_since(s->slew_ends, now), 0);
	decide_slew(s, now);
	return true;
}

struct mono servo_due(const struct servo *s)
{
	const bool is_other =
		s->frequency_ppb != s->decided.frequency_ppb || s->slew_ppb != turn_ppb(s);
	const struct mono slew_ends = is_other ? s->slew_ends : NEVER;

	return s->turn != 0 && s->turn_ends.ns < slew_ends.ns ? s->turn_ends : slew_ends;
}

/* --- the line ----------------------------------------------------------------------------------
 */

/* The need of the free clock, as measured, and how wrong that is at most. */
struct point {
	struct mono at;
	dur_ns value, max_error, error;
};

/* The leader turns all clocks alike: the estimates follow at once, without a measurement. */
static void follow_rate(struct servo *s, const struct servo_measurement *m, struct mono now)
{
	/* A rate heard in this term before a restart is forgotten, but was followed. */
	const int64_t last = s->heard_rate ? s->rate : m->rate;
	const int64_t before = s->term == m->term ? last : 0;

	if (s->knows) {
		kalman_bend(&s->kalman, now,
			    (double)(m->rate - before + m->turn - s->turn) / PPT_PER_PPB);
	}
	s->heard_rate = true;
	s->term = m->term;
	s->rate = m->rate;
	s->turn = m->turn;
	s->turn_ends = mono_add(now, SERVO_TURN_CYCLES * s->cycle);
}

static bool contradicts(const struct servo *s, const struct point *p)
{
	const struct kalman_estimate e = kalman_at(&s->kalman, p->at);
	const dur_ns most =
		arith_add(p->max_error, SURELY * arith_min(e.value_error, TS_LIMIT / 4));

	return arith_distance(p->value, e.value) > most;
}

/* Whether to step a clock whose estimates are void. */
static bool is_far(const struct servo *s, dur_ns correction, dur_ns max_error)
{
	const dur_ns in_time = s->cycle / NS_PER_MS * SERVO_MAX_PPB * SLEW_CYCLES / 1000;
	const dur_ns above = s->right ? SERVO_STEP_ABOVE : arith_min(in_time, SERVO_STEP_ABOVE);

	return arith_abs(correction) - max_error > above;
}

static void begin_anew(struct servo *s, const struct servo_measurement *m, const struct point *p)
{
	struct kalman_estimate known = {
		.value = p->value,
		.value_error = p->error,
		.rate_ppb = (double)(s->frequency_ppb + turn_ppb(s)),
		/* One that contradicts soon again is no ordinary quartz. */
		.rate_error_ppb = s->knows && s->agreed < ENOUGH ? SERVO_MAX_PPB : UNKNOWN_PPB,
	};

	if (is_far(s, m->correction, p->max_error)) {
		s->decided.step = m->correction;
		known.value -= m->correction;
		s->anchor -= m->correction;
	}
	kalman_begin(&s->kalman, p->at, &known);
	s->knows = true;
	s->doubts = s->remembers = false;
	s->agreed = 0;
}

static enum servo_verdict take(struct servo *s, const struct servo_measurement *m,
			       const struct point *p)
{
	const bool is_contrary = s->knows && contradicts(s, p);

	if (is_contrary && !s->doubts) {
		s->doubts = true;
		return SERVO_COASTED;
	}
	if (is_contrary || !s->knows) {
		begin_anew(s, m, p);
		return SERVO_BEGUN;
	}
	s->doubts = false;
	s->agreed += s->agreed < ENOUGH;
	s->right = s->right || s->agreed == ENOUGH;
	(void)kalman_add(&s->kalman, p->at, p->value, p->error);
	return SERVO_STEERED;
}

/* --- whether the clock can follow ---------------------------------------------------------------
 */

/*
 * Whether its rate is surely out of reach, again and again, and always by about the same: jumps are
 * not rates.
 */
static bool cannot_follow(struct servo *s, const struct point *p)
{
	const double apart = seconds(mono_since(p->at, s->anchored_at));
	const double rate = apart > 0 ? (double)(p->value - s->anchor) / apart : 0;
	const double error =
		apart > 0 ? (double)(p->max_error + s->anchor_error) / apart : INFINITY;
	const bool is_beyond = fabs(rate) - error > SERVO_MAX_PPB;
	const bool is_same = fabs(rate - (double)s->needs_ppb) < 2 * error + SERVO_MAX_PPB;

	if (s->has_anchor && !is_beyond && fabs(rate) + error >= SERVO_MAX_PPB) {
		return s->beyond == TOO_OFTEN && fabs(rate) > SERVO_MAX_PPB; /* not decided yet */
	}
	if (!s->has_anchor || !is_beyond) {
		s->beyond = 0;
	} else if (s->beyond == 0 || is_same) {
		s->beyond += s->beyond < TOO_OFTEN;
	} else {
		s->beyond = 1;
	}
	s->needs_ppb = whole(fmax(-1e12, fmin(rate, 1e12)));
	s->has_anchor = true;
	s->anchored_at = p->at;
	s->anchor = p->value;
	s->anchor_error = p->max_error;
	return s->beyond == TOO_OFTEN;
}

/* --- steering -----------------------------------------------------------------------------------
 */

static void steer(struct servo *s, struct mono now)
{
	const struct kalman_estimate e = kalman_at(&s->kalman, now);
	const double left = (double)e.value - servo_instant(s, now).added;
	const double rate_ppb = e.rate_ppb - (double)s->turn / PPT_PER_PPB;

	s->decided.frequency_ppb = arith_clamp(whole(rate_ppb), SERVO_MAX_PPB);
	s->own_ppb = arith_clamp(whole(left / seconds(s->cycle)), SERVO_MAX_PPB);
	/* A cycle, or longer if the fastest slew takes longer. */
	s->decided_for = arith_max(s->cycle, whole(fabs(left) / SERVO_MAX_PPB * NS_PER_SEC));
	decide_slew(s, now);
}

enum servo_verdict servo_measured(struct servo *s, struct mono now,
				  const struct servo_measurement *m)
{
	struct point p = {
		.at = m->when.at,
		.value = m->correction + whole(m->when.added),
		.max_error = servo_measurement_error(m->delay),
	};
	enum servo_verdict verdict;

	delays_add(&s->delays, m->delay);
	p.error = delays_error(&s->delays);
	follow_rate(s, m, now);
	if (cannot_follow(s, &p)) {
		s->knows = s->doubts = s->remembers = false;
		s->decided.frequency_ppb = arith_clamp(s->needs_ppb, SERVO_MAX_PPB);
		s->turn = 0;
		s->own_ppb = 0;
		s->decided_for = 0;
		decide_slew(s, now);
		return SERVO_UNABLE;
	}
	verdict = take(s, m, &p);
	steer(s, now);
	if (m->learns && servo_is_settled(s)) {
		s->learned = true;
		s->learned_ppb = s->decided.frequency_ppb;
	}
	return verdict;
}

struct servo_memory servo_memory(const struct servo *s)
{
	return (struct servo_memory){
		.right = s->knows && !s->doubts && (s->remembers || s->agreed == ENOUGH),
		.frequency_ppb = s->decided.frequency_ppb,
		.learned = s->learned,
		.learned_ppb = s->learned_ppb,
	};
}
