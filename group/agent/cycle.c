/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The leader's cycle (Gusella & Zatti 1989): poll every member and measure its clock, all at once;
 * decide; send everybody its own correction.
 *
 * A poll is sealed, and so is its answer with two of the four timestamps: that bounds where the
 * member's clock can be. The burst of GET_TIMESTAMPS that follows is not sealed, but finer. It is
 * believed as far as it lies within what the sealed answer allows.
 */
#include <errno.h>

#include "core/sample.h"
#include "group/agent/private.h"
#include "os/log.h"

#define BURST 4
/* So many calls, then the sockets are served again. */
#define SENDS_A_TURN 32
/* Two clocks drift apart by this part of the time that a measurement takes, at most. */
#define DRIFT_PART 5000

/* A sample's bound, with what both clocks can have drifted meanwhile. */
static dur_ns bound_of(const struct sample *s)
{
	return sample_bound(s) + sample_delay(s) / DRIFT_PART + 1;
}

static void abandon(struct group *g)
{
	g->cycle.polling = false;
	g->cycle.adjusting = false;
}

/* --- polling --- */

static bool takes_part(const struct group *g, const struct group_member *m)
{
	return m != g->self && electorate_find(&g->election.state.electorate, m->id) >= 0;
}

static void begin(struct group *g, struct mono now)
{
	const struct electorate *all = &g->election.state.electorate;
	struct group_cycle *c = &g->cycle;

	for (size_t i = 0; i < all->n; i++) {
		(void)group_members_find(&g->members, all->id[i]);
	}
	group_members_begin_cycle(&g->members);
	c->serial++;
	c->polling = true;
	c->next = 0;
	c->outstanding = 0;
	c->began = now;
	c->at = mono_add(now, g->settings->cycle);
	c->own = group_nonce();
	group_correct_issue(g, &c->own, now);
}

static int poll_member(struct group *g, struct group_member *m)
{
	const struct group_poll_call poll = {
		.head = group_head_to(g, m->id),
		.serial = g->cycle.serial,
		.once = group_nonce(),
	};
	uint8_t body[GROUP_BODY_MAX];
	int rc = group_calls_send(g, m, GROUP_POLL, body,
				  group_encode_poll(body, sizeof(body), &poll), g->timeout);

	if (rc == 0) {
		m->poll.part = GROUP_NO_ANSWER; /* until there is one */
	}
	return rc;
}

void group_cycle_polled(struct group *g, struct group_member *m,
			const struct group_poll_result *answer, const struct fanout_outcome *o)
{
	struct sample s = { .kind = SAMPLE_TIMESTAMPS };

	g->cycle.outstanding--;
	if (!answer || !g->cycle.polling) {
		return;
	}
	s.t1 = o->departed;
	s.t2 = answer->ts2;
	s.t3 = answer->ts3;
	s.t4 = o->arrived;
	if (sample_check(&s) != SAMPLE_OK) {
		return;
	}
	m->poll.answered = true;
	m->poll.nonce = answer->nonce;
	m->poll.sealed_offset = sample_offset(&s);
	m->poll.sealed_error = bound_of(&s);
	m->poll.offset = m->poll.sealed_offset;
	m->poll.delay = sample_delay(&s);
	for (int i = 0; i < BURST; i++) {
		g->cycle.outstanding += group_calls_measure(g, m) == 0;
	}
}

static bool agrees(const struct group_poll *p, const struct sample *s)
{
	const dur_ns apart = sample_offset(s) - p->sealed_offset;
	const dur_ns most = p->sealed_error + bound_of(s);

	return apart <= most && apart >= -most;
}

void group_cycle_measured(struct group *g, struct group_member *m, const struct sample *s)
{
	struct group_poll *p = &m->poll;

	g->cycle.outstanding--;
	/* One that took longer than the sealed answer says nothing that is not known better. */
	if (s && p->answered && agrees(p, s) && sample_delay(s) < p->delay) {
		p->offset = sample_offset(s);
		p->delay = sample_delay(s);
	}
}

/* --- deciding --- */

static enum group_part part_of(enum berkeley_part part)
{
	return part == BERKELEY_IN_MEAN   ? GROUP_IN_MEAN
	       : part == BERKELEY_TOO_FAR ? GROUP_TOO_FAR
					  : GROUP_TOO_VAGUE;
}

static void collect(struct group *g)
{
	struct group_cycle *c = &g->cycle;

	c->n = 1;
	c->of[0] = g->self;
	c->clocks[0] = (struct berkeley_clock){ .offset = 0 };
	for (size_t i = 0; i < g->members.n; i++) {
		struct group_member *m = &g->members.member[i];

		if (takes_part(g, m) && m->poll.answered) {
			c->of[c->n] = m;
			c->clocks[c->n++] = (struct berkeley_clock){
				.offset = m->poll.offset,
				.max_error = m->poll.delay / 2 + 1 + m->poll.delay / DRIFT_PART,
			};
		}
	}
}

/* All answers are there, or too late. */
static void decide(struct group *g, struct mono now)
{
	const struct berkeley_options options = { g->settings->tolerance,
						  g->settings->max_correction };
	struct group_cycle *c = &g->cycle;
	struct berkeley_result result;

	abandon(g);
	if (!election_may_act(&g->election, now) || !group_has_clock(g)) {
		return;
	}
	if (!group_correct_clock_is_ours(g)) {
		group_count(g, GROUP_COUNT_CLOCK_MOVED, g->self->id,
			    "somebody else has set the leader's clock during a cycle");
		return;
	}
	collect(g);
	if (berkeley_decide(&result, c->clocks, c->n, &options) != 0) {
		log_error("group %s: cannot decide on corrections", g->settings->name);
		return;
	}
	for (size_t i = 0; i < c->n; i++) {
		c->of[i]->poll.part = part_of(c->clocks[i].part);
		c->of[i]->poll.correction = c->clocks[i].correction;
	}
	c->result = (struct group_cycle_result){ .mean = result.mean, .used = result.used };
	c->adjusting = true;
	c->next = 1;
}

/* --- correcting --- */

static int adjust_member(struct group *g, struct group_member *m)
{
	const struct group_adjust a = {
		.head = group_head_to(g, m->id),
		.nonce = m->poll.nonce,
		.correction = m->poll.correction,
	};
	uint8_t body[GROUP_BODY_MAX];
	int rc;

	if (!election_may_act(&g->election, group_now())) {
		return -EPERM;
	}
	rc = group_calls_send(g, m, GROUP_ADJUST, body, group_encode_adjust(body, sizeof(body), &a),
			      g->timeout);
	if (rc == 0) {
		m->poll.outcome = GROUP_UNANSWERED;
	}
	return rc;
}

void group_cycle_adjusted(struct group *g, struct group_member *m, enum group_outcome outcome)
{
	g->cycle.outstanding--;
	m->poll.outcome = outcome;
	m->last.outcome =
		g->cycle.adjusting ? m->last.outcome : outcome; /* it has ended meanwhile */
}

static void finish(struct group *g, struct mono now)
{
	struct group_cycle *c = &g->cycle;
	const struct correction own = {
		.from = g->self->id,
		.to = g->self->id,
		.term = g->election.state.term,
		.nonce = c->own,
		.amount = g->self->poll.correction,
	};

	abandon(g);
	g->self->poll.outcome = group_correct(g, &own, now);
	c->finished = true;
	c->ended = now;
	c->result.took = mono_since(now, c->began);
	c->last = c->result;
	group_members_end_cycle(&g->members);
	g->counts[GROUP_COUNT_CYCLES]++;
}

/* --- taking turns --- */

/* Send the next polls. Whether there are more to send. */
static bool send_polls(struct group *g)
{
	struct group_cycle *c = &g->cycle;

	for (int sent = 0; sent < SENDS_A_TURN && c->next < g->members.n; c->next++) {
		struct group_member *m = &g->members.member[c->next];
		int rc = takes_part(g, m) ? poll_member(g, m) : 1;

		if (rc == -EAGAIN) {
			c->stalled = true;
			return true;
		}
		c->outstanding += rc == 0;
		sent += rc <= 0;
	}
	return c->next < g->members.n;
}

static bool send_adjustments(struct group *g)
{
	struct group_cycle *c = &g->cycle;

	for (int sent = 0; sent < SENDS_A_TURN && c->next < c->n; sent++, c->next++) {
		int rc = adjust_member(g, c->of[c->next]);

		if (rc == -EAGAIN) {
			c->stalled = true;
			return true;
		}
		c->outstanding += rc == 0;
	}
	return c->next < c->n;
}

/* Who has no clock leads nobody, and does not stand until the next look at it. */
static void leave_to_others(struct group *g, struct mono now)
{
	struct election_actions out;

	election_step_down(&g->election, g->settings->cycle + g->settings->lease, now, &out);
	(void)group_election_perform(g, &out, MEMBER_NONE, NULL);
}

void group_cycle_tick(struct group *g, struct mono now)
{
	struct group_cycle *c = &g->cycle;

	c->stalled = false;
	if (!c->polling && !c->adjusting && c->outstanding == 0 && mono_since(now, c->at) >= 0) {
		c->at = mono_add(now, g->settings->cycle);
		if (!g->leaving && !group_has_clock(g)) {
			leave_to_others(g, now);
		} else if (!g->leaving && election_may_act(&g->election, now)) {
			begin(g, now);
		}
	}
	if (c->polling && !send_polls(g) && c->outstanding == 0) {
		decide(g, group_now());
	}
	if (c->adjusting && !send_adjustments(g)) {
		finish(g, group_now());
	}
}

struct mono group_cycle_next(const struct group *g, struct mono now)
{
	const struct group_cycle *c = &g->cycle;

	/* While there is something to send: at once. While answers are awaited: when one comes. */
	if (!c->stalled && ((c->polling && c->next < g->members.n) || c->adjusting)) {
		return now;
	}
	return c->outstanding > 0 || c->stalled ? mono_add(now, g->timeout) : c->at;
}
