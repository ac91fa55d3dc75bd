/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whatever happens, in whatever order: an agent waits for no call that is not under way, acts as
 * the leader only while it may, says nothing that is not saved, and lets its process sleep.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

#define MEMBERS 5 /* of the list; more that are not on it follow */
#define OTHERS  9
#define CALLS   4096
#define EVENTS  3000

/* A call that is under way, or a measurement. */
struct under_way {
	bool measures;
	struct agent_send send;
	struct agent_measure measure;
};

struct chaos {
	struct world *w;
	struct random r;
	size_t n;
	struct under_way calls[CALLS];
	struct election_state saved; /* what would be there after a restart */
	struct ticket_nonce nonce, change_nonce;
	bool ended, broken;
	unsigned idle; /* turns that were wanted, and for nothing */
};

static int64_t upto(struct chaos *c, int64_t most)
{
	return random_between(&c->r, 0, most);
}

static unsigned somebody(struct chaos *c)
{
	return (unsigned)random_between(&c->r, 1, OTHERS);
}

/* --- the properties --- */

static void check(struct chaos *c, bool ok, const char *what)
{
	if (!ok && !c->broken) {
		print_error("%s\n", what);
		c->broken = true;
	}
}

static void look_at_reply(struct chaos *c, const struct agent_reply *r)
{
	if (r->misdirected) {
		return;
	}
	if (r->proc == GROUP_ELECTION && r->election.has_answer) {
		const struct election_message *m = &r->election.message;

		check(c, m->term <= c->saved.term, "a message of a term that is not saved");
		check(c,
		      m->kind != ELECTION_VOTE_ANSWER || m->verdict != ELECTION_YES ||
			      c->saved.voted_for == m->to,
		      "a vote that is not saved");
	}
	if (r->proc == GROUP_POLL && !r->poll.refused) {
		check(c, r->head.term == c->saved.term, "a ticket of a term that is not saved");
		c->nonce = r->poll.nonce;
	}
	if (r->proc == GROUP_STATUS) {
		c->change_nonce = r->status->nonce;
	}
}

static void look_at_send(struct chaos *c, const struct agent_send *s)
{
	const struct election *e = &c->w->agent.election;

	if (s->tag.part == AGENT_PART_CYCLE) {
		check(c, election_may_act(e, c->w->now), "a cycle of one that must not lead");
		check(c, s->head.term == c->saved.term, "a cycle of a term that is not saved");
	}
	if (s->tag.part == AGENT_PART_ELECTION) {
		const struct election_message *m = &s->election.message;

		check(c, m->term <= c->saved.term, "a message of a term that is not saved");
		check(c, m->kind != ELECTION_VOTE || c->saved.voted_for == c->w->agent.self,
		      "a candidate whose own vote is not saved");
	}
	if (s->tag.to == MEMBER_NONE) {
		for (unsigned i = 1; i <= MEMBERS; i++) {
			assert_true(c->n < CALLS);
			c->calls[c->n].measures = false;
			c->calls[c->n].send = *s;
			c->calls[c->n++].send.tag.to = world_id(i);
		}
		return;
	}
	assert_true(c->n < CALLS);
	c->calls[c->n].measures = false;
	c->calls[c->n++].send = *s;
}

static void look_at_calls(struct chaos *c)
{
	const struct agent *a = &c->w->agent;
	size_t cycle = 0, asked = 0, wanted = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct agent_tag *tag =
			c->calls[i].measures ? &c->calls[i].measure.tag : &c->calls[i].send.tag;

		cycle += tag->part == AGENT_PART_CYCLE;
		asked += tag->part == AGENT_PART_FINDER || tag->part == AGENT_PART_RIVALS ||
			 tag->part == AGENT_PART_NEWCOMERS;
	}
	check(c, a->cycle.outstanding == cycle, "a cycle that waits for nothing");
	for (size_t i = 0; i < CANDIDATES; i++) {
		wanted += a->finder.candidates.candidate[i].asked;
		wanted += a->rivals.candidates.candidate[i].asked;
	}
	for (size_t i = 0; i < NEWCOMERS; i++) {
		wanted += a->change.newcomers.newcomer[i].state == NEWCOMER_ASKED;
	}
	check(c, wanted == asked, "a question that nobody is asked");
}

static void look(struct chaos *c)
{
	struct world *w = c->w;

	for (size_t i = 0; i < w->n; i++) {
		const struct agent_effect *e = &w->log[i];

		if (e->kind == AGENT_SAVE && w->save_error == 0) {
			c->saved = w->agent.election.state;
		} else if (e->kind == AGENT_SEND) {
			look_at_send(c, &e->send);
		} else if (e->kind == AGENT_MEASURE) {
			assert_true(c->n < CALLS);
			c->calls[c->n].measures = true;
			c->calls[c->n++].measure = e->measure;
		} else if (e->kind == AGENT_REPLY) {
			look_at_reply(c, &e->reply);
		} else if (e->kind == AGENT_CORRECT) {
			check(c, w->agent.corrector.settling || !w->agent.election.unsaved,
			      "a correction while unsaved");
		}
		c->ended = c->ended || e->kind == AGENT_END;
	}
	look_at_calls(c);
}

/* --- what happens --- */

static void some_election_call(struct chaos *c)
{
	struct world *w = c->w;
	const uint64_t term = w->agent.election.state.term + (upto(c, 9) == 0);
	struct election_message m = world_message(
		w, (enum election_kind)upto(c, ELECTION_KINDS - 1), somebody(c), term);

	if (m.kind == ELECTION_VOTERS) {
		return;
	}
	m.serial += (uint64_t)upto(c, 1);
	m.stamp.term = upto(c, 3) == 0 ? m.term : m.stamp.term;
	m.successor = world_id(somebody(c));
	m.takeover = upto(c, 1) == 0;
	m.verdict = (enum election_verdict)upto(c, 1);
	(void)world_election(w, &m);
}

static void some_voters(struct chaos *c)
{
	struct world *w = c->w;
	struct voters all = w->agent.election.state.voters;
	struct election_message m =
		world_message(w, ELECTION_VOTERS, somebody(c), w->agent.election.state.term);

	if (upto(c, 1) == 0) {
		(void)voters_add(&all, world_id(somebody(c)));
	} else if (all.n > 3) {
		(void)voters_remove(&all, world_id(somebody(c)));
	}
	all.stamp.term = m.term;
	m.serial = 0;
	m.stamp = all.stamp;
	m.voters = &all;
	(void)world_election(w, &m);
}

static void some_call(struct chaos *c)
{
	struct world *w = c->w;
	const uint64_t term = w->agent.election.state.term + (upto(c, 9) == 0);

	switch (upto(c, 6)) {
	case 0:
		(void)world_poll(w, somebody(c), term, (uint64_t)upto(c, 50));
		break;
	case 1:
		(void)world_adjust(w, somebody(c), c->nonce, upto(c, NS_PER_SEC) - NS_PER_MS);
		break;
	case 2:
		(void)world_change(w,
				   upto(c, 3) == 0 ? GROUP_STEP_DOWN
				   : upto(c, 1)    ? GROUP_JOIN
						   : GROUP_LEAVE,
				   somebody(c));
		break;
	case 3:
		(void)world_status(w, 0, 10);
		break;
	case 4:
		some_voters(c);
		break;
	default:
		some_election_call(c);
		break;
	}
}

static void answer_election(struct chaos *c, const struct agent_send *s, struct agent_answer *a,
			    struct group_election *m)
{
	const struct election_message *q = &s->election.message;

	if (q->kind != ELECTION_PROBE && q->kind != ELECTION_VOTE &&
	    q->kind != ELECTION_HEARTBEAT) {
		return;
	}
	m->message = (struct election_message){
		.kind = q->kind + 1,
		.from = s->tag.to,
		.to = c->w->agent.self,
		.term = upto(c, 300) == 0 ? q->term + 1 : q->term,
		.serial = q->serial,
		.lease = q->lease,
		.stamp = q->stamp,
		.verdict = upto(c, 9) == 0 ? ELECTION_LEADER_LIVES : ELECTION_YES,
	};
	a->election = m;
}

/* Whoever was asked answers, mostly. */
static void answer_send(struct chaos *c, const struct agent_send *s)
{
	struct world *w = c->w;
	struct agent_answer a = world_answer(w, s);
	struct group_election m = { .told.n = 0 };
	struct group_status status = {
		.lease = upto(c, 3) ? w->settings.lease : 1,
		.leads = upto(c, 1) == 0,
		.leader = world_id(somebody(c)),
		.total = 2,
	};

	a.outcome = GROUP_SLEWED;
	if (s->proc == GROUP_POLL && upto(c, 4) > 0) {
		world_polled(w, s, 2 * upto(c, NS_PER_MS), 2 * upto(c, NS_PER_MS));
		return;
	}
	if (s->proc == GROUP_POLL || upto(c, 9) == 0) {
		world_silence(w, s);
		return;
	}
	if (s->proc == GROUP_ELECTION) {
		a.election = NULL;
		answer_election(c, s, &a, &m);
	} else if (s->proc == GROUP_STATUS) {
		a.status = &status;
	} else if (s->proc == GROUP_JOIN) {
		a.change = (enum group_answer)upto(c, GROUP_ANSWERS - 1);
	}
	world_answered(w, &a);
}

/* The oldest ones mostly, as packets do come in order. */
static void some_answer(struct chaos *c)
{
	struct agent_event unsent = { .kind = AGENT_UNSENT };
	struct under_way call;
	size_t i;

	if (c->n == 0) {
		return;
	}
	i = (size_t)upto(c, (int64_t)(c->n < 6 ? c->n : 6) - 1);
	call = c->calls[i];
	memmove(&c->calls[i], &c->calls[i + 1], (--c->n - i) * sizeof(c->calls[0]));
	if (call.measures && upto(c, 3) > 0) {
		world_measured(c->w, &call.measure, 2 * upto(c, NS_PER_MS), 2 * upto(c, NS_PER_US));
	} else if (call.measures) {
		world_unmeasured(c->w, &call.measure.tag);
	} else if (call.send.tag.part == AGENT_PART_CYCLE && upto(c, 9) == 0) {
		unsent.tag = call.send.tag;
		world_event(c->w, &unsent);
	} else {
		answer_send(c, &call.send);
	}
}

/* Time goes on to the next alarm; alarms must not go on for nothing for ever. */
static void some_time(struct chaos *c)
{
	struct world *w = c->w;
	const dur_ns wait = mono_since(agent_next(&w->agent, w->now), w->now);
	const dur_ns most = upto(c, 200) == 0 ? 2 * WORLD_LEASE : NS_PER_SEC / 10;

	if (wait > most) {
		w->now = mono_add(w->now, upto(c, most));
	} else if (wait > 0) {
		w->now = mono_add(w->now, wait);
	}
	world_wake(w);
	c->idle = wait <= 0 && w->n == 0 ? c->idle + 1 : 0;
	check(c, c->idle < 8, "it is woken for nothing");
}

static void something_else(struct chaos *c)
{
	struct world *w = c->w;
	struct agent_event e = { .kind = AGENT_FOUND, .at = world_at(somebody(c)) };

	switch (upto(c, 6)) {
	case 0:
		w->save_error = upto(c, 4) ? 0 : -EIO;
		break;
	case 1:
		w->correct_error = upto(c, 4) ? 0 : -ESTALE;
		break;
	case 2:
		w->clock.epoch += (uint64_t)upto(c, 1);
		break;
	case 3:
		w->clock.whole = upto(c, 9) != 0;
		break;
	default:
		break;
	}
	if (upto(c, 200) == 0) {
		e = (struct agent_event){ .kind = AGENT_STOP };
	} else if (upto(c, 1)) {
		e = (struct agent_event){ .kind = AGENT_SEARCHED };
	}
	world_event(w, &e);
}

static void begin(struct chaos *c)
{
	struct world *w = c->w;

	w->save_error = w->correct_error = 0;
	w->clock = (struct agent_clock){ .whole = true };
	w->settings.watch = upto(c, 1) == 0;
	w->settings.discover = upto(c, 3) == 0;
	w->settings.cycle = random_between(&c->r, 1, 10) * NS_PER_SEC;
	world_begin(w, (unsigned)random_between(&c->r, 1, MEMBERS),
		    w->settings.discover ? 0 : MEMBERS);
	c->saved = w->agent.election.state;
	look(c);
}

static bool holds(struct random *r)
{
	struct chaos *c = calloc(1, sizeof(*c));
	void *state;
	bool ok;

	assert_non_null(c);
	assert_int_equal(world_setup(&state), 0);
	c->w = state;
	c->r = *r;
	begin(c);
	for (int i = 0; i < EVENTS && !c->ended && !c->broken; i++) {
		const int64_t what = upto(c, 99);

		c->w->n = 0;
		if (what < 64) {
			some_answer(c);
		} else if (what < 96) {
			some_time(c);
		} else if (what < 98) {
			some_call(c);
		} else {
			something_else(c);
		}
		look(c);
	}
	ok = !c->broken;
	(void)world_teardown(&state);
	free(c);
	return ok;
}

static void whatever_happens(void **state)
{
	(void)state;
	assert_true(random_holds("agent", holds, 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
