/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/cycle.h"

#include "core/arith.h"
#include "core/drift.h"
#include "core/drift_limits.h"
#include "group/core/common_rate.h"

#define BURST 4
/* So many calls, then others have their turn. */
#define SENDS_A_TURN 32
/* The frequency of a clock that counted is remembered for so many cycles without it. */
#define FREQUENCY_LASTS 64

/*
 * A bound on the offset at any instant of the measurement. The clocks drift apart all the time that
 * it takes, also while the member works on it, and there the delay, a difference of two clocks, is
 * wrong by that too. A clock file may run 10 % too fast, and another 10 % too slow.
 */
static dur_ns bound_of(const struct sample *s)
{
	return sample_bound(s) + drift_over(s->t4 - s->t1, DRIFT_FARTHEST_PPB);
}

bool cycle_is_due(const struct cycle *y, struct mono now)
{
	return y->phase == CYCLE_IDLE && y->outstanding == 0 && mono_since(now, y->at) >= 0;
}

void cycle_put_off(struct cycle *y, const struct agent_context *c)
{
	y->at = mono_add(c->now, c->settings->cycle);
}

/* --- polling --- */

static bool takes_part(const struct agent_context *c, const struct group_member *m)
{
	return m->id != c->self && context_is_member(c, m->id);
}

/* A leader begins its term with an open mind. */
static void begin_term(struct cycle *y, const struct agent_context *c)
{
	y->term = c->election->state.term;
	y->rate = 0;
	for (size_t i = 0; i < c->members->n; i++) {
		c->members->member[i].agreed = 0;
		c->members->member[i].counted = false;
	}
	source_begin_term(&y->source, c);
}

void cycle_begin(struct cycle *y, const struct agent_context *c)
{
	const struct voters *all = context_voters(c);

	for (size_t i = 0; i < all->n; i++) {
		(void)context_find(c, all->id[i]);
	}
	group_members_begin_cycle(c->members);
	y->serial++;
	y->phase = CYCLE_POLLING;
	y->next = 0;
	y->began = c->now;
	y->own = context_nonce(c);
	if (y->term != c->election->state.term) {
		begin_term(y, c);
	}
}

static struct agent_tag tag_of(const struct cycle *y, const struct agent_context *c,
			       const struct group_member *m)
{
	return (struct agent_tag){
		.part = AGENT_PART_CYCLE,
		.to = m->id,
		.place = (size_t)(m - c->members->member),
		.cycle = y->serial,
	};
}

static void poll_member(struct cycle *y, const struct agent_context *c, struct group_member *m)
{
	struct agent_send *s = context_call(c, AGENT_PART_CYCLE, &m->at, GROUP_POLL);

	s->tag = tag_of(y, c, m);
	s->poll.serial = y->serial;
	s->poll.once = context_nonce(c);
	m->poll.part = GROUP_NO_ANSWER; /* until there is one */
	y->outstanding++;
}

static void send_polls(struct cycle *y, const struct agent_context *c)
{
	struct group_members *m = c->members;

	if (!election_may_act(c->election, c->now)) { /* nor may it poll in the name of its term */
		y->next = m->n;
	}
	for (int sent = 0; sent < SENDS_A_TURN && y->next < m->n; y->next++) {
		struct group_member *next = &m->member[y->next];

		if (takes_part(c, next) && next->poll.part == GROUP_UNMEASURED) {
			poll_member(y, c, next);
			sent++;
		}
	}
}

/* The member that a call of this cycle went to; null if the call is of an earlier cycle. */
static struct group_member *member_of(struct cycle *y, const struct agent_context *c,
				      const struct agent_tag *tag)
{
	if (tag->cycle != y->serial) {
		return NULL;
	}
	y->outstanding--;
	return group_members_at(c->members, tag->place, tag->to);
}

static void burst(struct cycle *y, const struct agent_context *c, const struct group_member *m)
{
	for (int i = 0; i < BURST; i++) {
		struct agent_measure *s = &effects_add(c->out, AGENT_MEASURE)->measure;

		s->tag = tag_of(y, c, m);
		s->at = m->at;
		s->timeout = context_timeout(c);
		y->outstanding++;
	}
}

static void take(struct group_poll *p, const struct sample *s)
{
	p->offset = sample_offset(s);
	p->max_error = bound_of(s);
	p->delay = sample_delay(s);
}

static void take_report(struct group_poll *p, const struct group_report *report)
{
	p->report = *report;
	p->report.frequency_ppb = arith_clamp(report->frequency_ppb, SERVO_MAX_PPB);
	p->report.learned_ppb = arith_clamp(report->learned_ppb, SERVO_MAX_PPB);
}

void cycle_polled(struct cycle *y, const struct agent_context *c, const struct agent_tag *tag,
		  const struct group_poll_result *answer, ts_ns departed, ts_ns arrived)
{
	struct group_member *m = member_of(y, c, tag);
	struct sample s = { .kind = SAMPLE_TIMESTAMPS, .t1 = departed, .t4 = arrived };

	if (!m || !answer || y->phase != CYCLE_POLLING) {
		return;
	}
	s.t2 = answer->ts2;
	s.t3 = answer->ts3;
	if (sample_check(&s) != SAMPLE_OK) {
		return;
	}
	m->poll.answered = true;
	m->poll.nonce = answer->nonce;
	take_report(&m->poll, &answer->report);
	m->poll.authentic_offset = sample_offset(&s);
	m->poll.authentic_error = bound_of(&s);
	take(&m->poll, &s);
	burst(y, c, m);
}

static bool agrees(const struct group_poll *p, const struct sample *s)
{
	const dur_ns apart = sample_offset(s) - p->authentic_offset;
	const dur_ns most = p->authentic_error + bound_of(s);

	return apart <= most && apart >= -most;
}

void cycle_measured(struct cycle *y, const struct agent_context *c, const struct agent_tag *tag,
		    const struct sample *s)
{
	struct group_member *m = member_of(y, c, tag);
	struct group_poll *p = m ? &m->poll : NULL;

	/* A call whose bound is no smaller than that of the authentic answer tells nothing. */
	if (p && s && p->answered && agrees(p, s) && bound_of(s) < p->max_error) {
		take(p, s);
	}
}

/* --- deciding --- */

bool cycle_is_measured(const struct cycle *y, const struct agent_context *c)
{
	return y->phase == CYCLE_POLLING && y->next >= c->members->n && y->outstanding == 0;
}

static enum group_part part_of(enum berkeley_part part)
{
	static const enum group_part parts[] = {
		[BERKELEY_IN_MEAN] = GROUP_IN_MEAN,     [BERKELEY_TOO_FAR] = GROUP_TOO_FAR,
		[BERKELEY_TOO_VAGUE] = GROUP_TOO_VAGUE, [BERKELEY_NEW] = GROUP_NEW,
		[BERKELEY_REFUSED] = GROUP_TOO_LARGE,   [BERKELEY_KEPT] = GROUP_IS_REFERENCE,
	};

	return parts[part];
}

static void add_clock(struct cycle *y, const struct group_member *m)
{
	y->of[y->n] = m->id;
	y->clocks[y->n++] = (struct berkeley_clock){
		.offset = m->poll.offset,
		.max_error = m->poll.max_error,
		.trusted = m->agreed == CYCLE_TRUSTED,
		.unsettled = m->poll.report.unsettled,
		.kept = m->poll.report.reference,
	};
}

/* The leader's own clock first. */
static void collect(struct cycle *y, const struct agent_context *c, const struct group_report *own)
{
	struct group_member *self = group_members_known(c->members, c->self);
	dur_ns least = INT64_MAX;

	y->n = 0;
	self->poll.answered = true;
	take_report(&self->poll, own);
	add_clock(y, self);
	for (size_t i = 0; i < c->members->n; i++) {
		const struct group_member *m = &c->members->member[i];

		if (takes_part(c, m) && m->poll.answered) {
			add_clock(y, m);
			least = arith_min(least, m->poll.delay);
		}
	}
	y->own_delay = y->n > 1 ? least : 0;
}

/* A clock that is kept, or too vague, neither agrees nor disagrees. */
static void note_agreement(const struct cycle *y, struct group_member *m,
			   const struct berkeley_clock *clock)
{
	if (clock->agrees) {
		m->agreed += m->agreed < CYCLE_TRUSTED;
	} else if (clock->part != BERKELEY_TOO_VAGUE && clock->part != BERKELEY_KEPT) {
		m->agreed = 0;
		m->counted = false;
	}
	if (clock->part == BERKELEY_IN_MEAN) {
		const struct group_report *r = &m->poll.report;

		m->counted = true;
		m->counted_in = y->serial;
		m->counted_learned = r->learned;
		m->counted_ppb = r->frequency_ppb - (r->learned ? r->learned_ppb : 0);
	}
}

static void refuse(const struct agent_context *c, struct group_member *m)
{
	m->poll.outcome = GROUP_REFUSED;
	context_refuse(c, GROUP_COUNT_TOO_LARGE, m->id,
		       "its clock needs more than --max-correction: leaves it alone");
}

static void note_decision(struct cycle *y, const struct agent_context *c)
{
	for (size_t i = 0; i < y->n; i++) {
		struct group_member *m = group_members_known(c->members, y->of[i]);

		if (!m) {
			continue;
		}
		m->poll.part = part_of(y->clocks[i].part);
		m->poll.correction = y->clocks[i].correction;
		note_agreement(y, m, &y->clocks[i]);
		if (m->poll.part == GROUP_TOO_LARGE) {
			refuse(c, m);
		}
	}
}

/* It counts, or did lately, and nobody knows better. */
static bool has_rate(const struct cycle *y, const struct group_member *m)
{
	return m->counted && y->serial - m->counted_in <= FREQUENCY_LASTS;
}

/*
 * An island goes on at the rates that were learned from references, if there are any; else at the
 * mean of the members' own rates.
 */
static int64_t next_rate(const struct cycle *y, const struct agent_context *c)
{
	int64_t ppb[BERKELEY_MAX_CLOCKS];
	bool learned = false;
	size_t n = 0;

	for (size_t i = 0; i < c->members->n; i++) {
		const struct group_member *m = &c->members->member[i];

		learned = learned || (has_rate(y, m) && m->counted_learned);
	}
	for (size_t i = 0; i < c->members->n; i++) {
		const struct group_member *m = &c->members->member[i];

		if (has_rate(y, m) && m->counted_learned == learned) {
			ppb[n++] = m->counted_ppb;
		}
	}
	return common_rate_next(y->rate, ppb, n);
}

/* By the clocks alone, or towards a given time. */
static int decide(struct cycle *y, const struct agent_context *c, bool has_target,
		  struct berkeley_result *result)
{
	const struct berkeley_options options = {
		.tolerance = c->settings->tolerance,
		.max_error = c->settings->max_error,
		.max_correction = c->settings->max_correction,
		.has_target = has_target,
		.target = has_target ? y->source.result.offset : 0,
	};

	return berkeley_decide(result, y->clocks, y->n, &options);
}

static int decide_with_references(struct cycle *y, const struct agent_context *c,
				  struct berkeley_result *result)
{
	int rc;

	source_select(&y->source, c);
	rc = decide(y, c, false, result);
	if (rc == 0) {
		y->rate = source_conclude(&y->source, c, result, y->rate);
	}
	return rc == 0 && y->source.straight ? decide(y, c, true, result) : rc;
}

void cycle_decide(struct cycle *y, const struct agent_context *c, bool may,
		  const struct group_report *own)
{
	struct berkeley_result result;

	y->phase = CYCLE_IDLE;
	if (!may) {
		return;
	}
	collect(y, c, own);
	if (decide_with_references(y, c, &result) != 0) {
		(void)effects_note(c->out, AGENT_NOTE_UNDECIDED);
		return;
	}
	note_decision(y, c);
	if (!source_follows(&y->source)) {
		y->rate = next_rate(y, c);
	}
	source_aim(&y->source, c, result.mean, y->rate, y->began);
	y->result = (struct cycle_result){ .mean = result.mean, .used = result.used };
	y->phase = CYCLE_ADJUSTING;
	y->next = 1;
}

/* --- correcting --- */

/* Each time this asks first whether this member may act as the leader. */
static void adjust_member(struct cycle *y, const struct agent_context *c, struct group_member *m)
{
	struct agent_send *s;

	if (!election_may_act(c->election, c->now)) {
		return;
	}
	s = context_call(c, AGENT_PART_CYCLE, &m->at, GROUP_ADJUST);
	s->tag = tag_of(y, c, m);
	s->adjust.nonce = m->poll.nonce;
	s->adjust.correction = m->poll.correction;
	s->adjust.delay = m->poll.delay;
	s->adjust.rate = y->rate;
	s->adjust.turn = y->source.approach.turn;
	s->adjust.time = source_tell(&y->source, &m->poll);
	m->poll.outcome = GROUP_UNANSWERED;
	y->outstanding++;
}

/* A clock that is too vague, and may be right, gets no correction. */
static bool is_told(const struct group_member *m)
{
	return m->poll.outcome == GROUP_NOT_SENT &&
	       (m->poll.part != GROUP_TOO_VAGUE || m->poll.correction != 0);
}

/* The leader's own clock comes last, when all calls are sent and none has to be sent again. */
static void send_adjustments(struct cycle *y, const struct agent_context *c)
{
	if (y->next >= y->n && (y->n == 1 || y->clocks[0].part == BERKELEY_REFUSED)) {
		cycle_finish(y, c, y->n == 1 ? GROUP_RIGHT : GROUP_REFUSED);
		return;
	}
	if (y->next >= y->n) {
		y->phase = CYCLE_SELF;
	}
	for (int sent = 0; sent < SENDS_A_TURN && y->next < y->n; sent++, y->next++) {
		struct group_member *m = group_members_known(c->members, y->of[y->next]);

		if (m && is_told(m)) {
			adjust_member(y, c, m);
		}
	}
}

void cycle_send(struct cycle *y, const struct agent_context *c)
{
	y->stalled = false;
	if (y->phase == CYCLE_POLLING) {
		send_polls(y, c);
	} else if (y->phase == CYCLE_ADJUSTING) {
		send_adjustments(y, c);
	}
}

void cycle_adjusted(struct cycle *y, const struct agent_context *c, const struct agent_tag *tag,
		    enum group_outcome outcome)
{
	struct group_member *m = member_of(y, c, tag);

	if (m) {
		m->poll.outcome = outcome;
		/* Most answers come when the cycle has ended. */
		m->last.outcome = y->phase == CYCLE_IDLE ? outcome : m->last.outcome;
	}
}

void cycle_unsent(struct cycle *y, const struct agent_context *c, const struct agent_tag *tag)
{
	struct group_member *m = member_of(y, c, tag);
	size_t place;

	if (!m) {
		return;
	}
	y->stalled = true;
	y->retry = mono_add(c->now, context_timeout(c));
	if (y->phase == CYCLE_POLLING) {
		m->poll.part = GROUP_UNMEASURED;
		place = (size_t)(m - c->members->member);
	} else {
		m->poll.outcome = GROUP_NOT_SENT;
		for (place = 1; place < y->n && y->of[place] != m->id; place++) {
		}
	}
	y->next = place < y->next ? place : y->next;
}

bool cycle_own_correction(const struct cycle *y, const struct agent_context *c,
			  struct correction *out)
{
	const struct group_member *self = group_members_known(c->members, c->self);

	*out = (struct correction){
		.from = c->self,
		.to = c->self,
		.term = c->election->state.term,
		.nonce = y->own,
		.amount = y->clocks[0].correction,
		.delay = y->own_delay,
		.rate = y->rate,
		.turn = y->source.approach.turn,
	};
	if (y->phase == CYCLE_SELF) {
		out->time = source_tell(&y->source, &self->poll);
	}
	return y->phase == CYCLE_SELF;
}

void cycle_finish(struct cycle *y, const struct agent_context *c, enum group_outcome outcome)
{
	struct group_member *self = group_members_known(c->members, c->self);

	y->phase = CYCLE_IDLE;
	y->finished = true;
	y->ended = c->now;
	y->result.took = mono_since(c->now, y->began);
	y->last = y->result;
	if (self) {
		self->poll.outcome = outcome;
	}
	group_members_end_cycle(c->members);
	c->counts->count[GROUP_COUNT_CYCLES]++;
}

struct mono cycle_next(const struct cycle *y, const struct agent_context *c)
{
	const bool sending = (y->phase == CYCLE_POLLING && y->next < c->members->n) ||
			     y->phase == CYCLE_ADJUSTING || y->phase == CYCLE_SELF;

	if (sending) {
		return y->stalled ? y->retry : c->now;
	}
	return y->outstanding > 0 ? mono_add(c->now, c->settings->cycle) : y->at;
}
