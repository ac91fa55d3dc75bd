/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/agent_steps.h"

#include <errno.h>
#include <string.h>

#include "core/arith.h"

/* How long to stay for the successor's election. */
#define PATIENCE NS_PER_SEC

static struct agent_context context_of(struct agent *a, struct mono now, struct agent_clock clock,
				       struct agent_effects *out)
{
	return (struct agent_context){
		.settings = &a->settings,
		.self = a->self,
		.now = now,
		.clock = clock,
		.election = &a->election,
		.members = &a->members,
		.counts = &a->counts,
		.save = &a->wants_save,
		.out = out,
	};
}

/* --- logged once --- */

/* Log when this member has got into its list of voters, or is no longer in it. */
static void say_membership(struct agent *a, const struct agent_context *c)
{
	const bool is_member = context_is_member(c, a->self);
	struct agent_note *note;

	if (is_member == a->is_member) {
		return;
	}
	a->is_member = is_member;
	note = effects_note(c->out, is_member ? AGENT_NOTE_MEMBER : AGENT_NOTE_NO_MEMBER);
	note->at = a->settings.self;
	note->number = context_voters(c)->n;
}

static void say_leader(struct agent *a, const struct agent_context *c)
{
	const member_id leader = election_leader(c->election, c->now);
	const struct group_member *m = context_find(c, leader);
	struct agent_note *note;

	if (leader == a->leader) {
		return;
	}
	a->leader = leader;
	a->leader_since = c->now;
	if (leader == MEMBER_NONE && !a->is_member) {
		return; /* it has none because it is no member: that has been logged */
	}
	note = effects_note(c->out, leader == a->self       ? AGENT_NOTE_LEADING
				    : leader == MEMBER_NONE ? AGENT_NOTE_NO_LEADER
							    : AGENT_NOTE_FOLLOWING);
	note->number = c->election->state.term;
	if (m) {
		note->at = m->at;
	}
}

/* --- time --- */

static void tick_election(struct agent *a, const struct agent_context *c)
{
	struct election_actions actions;

	if (mono_since(c->now, election_next(&a->election)) < 0) {
		return;
	}
	election_tick(&a->election, c->now, &actions);
	(void)context_perform(c, &actions, MEMBER_NONE, NULL);
}

/* A member without a clock leads nobody, and does not stand until the next look at it. */
static void leave_to_others(struct agent *a, const struct agent_context *c)
{
	struct election_actions actions;

	election_step_down(&a->election, a->settings.cycle + a->settings.lease, c->now, &actions);
	(void)context_perform(c, &actions, MEMBER_NONE, NULL);
}

/* A cycle is due. */
static void begin_cycle(struct agent *a, const struct agent_context *c)
{
	cycle_put_off(&a->cycle, c);
	if (a->leaving) {
		return;
	}
	if (!corrector_has_clock(&a->corrector, c)) {
		leave_to_others(a, c);
	} else if (election_may_act(&a->election, c->now)) {
		cycle_begin(&a->cycle, c);
		corrector_issue(&a->corrector, c, &a->cycle.own);
	}
}

static bool may_decide(struct agent *a, const struct agent_context *c)
{
	if (!election_may_act(&a->election, c->now) || !corrector_has_clock(&a->corrector, c)) {
		return false;
	}
	if (!corrector_clock_is_ours(&a->corrector, c)) {
		context_refuse(c, GROUP_COUNT_CLOCK_MOVED, a->self,
			       "somebody else has set the leader's clock during a cycle");
		return false;
	}
	return true;
}

/*
 * A new leader's first cycle is soon. But members allow a correction only half a cycle after the
 * one before, which was this member's own, or may have been made just now by another leader.
 */
static void hasten(struct agent *a, const struct agent_context *c)
{
	const struct corrector *k = &a->corrector;
	const bool leads = election_may_act(&a->election, c->now);
	const bool takes_over = a->leader != MEMBER_NONE && a->leader != a->self;
	struct mono soonest = mono_add(c->now, a->settings.lease / 8);

	if (k->corrected || takes_over) {
		soonest.ns = arith_max(soonest.ns, (k->corrected ? k->corrected_at : c->now).ns +
							   a->settings.cycle * 5 / 8);
	}
	if (leads && !a->led) {
		a->cycle.at.ns = arith_min(a->cycle.at.ns, soonest.ns);
	}
	a->led = leads;
}

static void tick_cycle(struct agent *a, const struct agent_context *c)
{
	struct group_report own_report;
	struct correction own;
	enum group_outcome outcome;

	hasten(a, c);
	if (cycle_is_due(&a->cycle, c->now)) {
		begin_cycle(a, c);
	}
	cycle_send(&a->cycle, c);
	if (cycle_is_measured(&a->cycle, c)) {
		own_report = corrector_report(&a->corrector, c);
		cycle_decide(&a->cycle, c, may_decide(a, c), &own_report);
	} else if (cycle_own_correction(&a->cycle, c, &own)) {
		a->own_correction = true;
		if (corrector_redeem(&a->corrector, c, &own, &outcome)) {
			cycle_finish(&a->cycle, c, outcome);
		}
	}
}

static void tick(struct agent *a, const struct agent_context *c)
{
	if (!a->wants_save && corrector_settle(&a->corrector, c)) {
		return; /* it is done before the rest, which does not wait long */
	}
	if (!a->wants_save) {
		tick_election(a, c);
	}
	if (a->election.unsaved) {
		/* The rest when that is saved; after a failure the election asks for it again. */
		a->wants_save = a->wants_save || !a->unsaved;
		return;
	}
	quorum_tick(&a->quorum, c);
	likeness_tick(&a->likeness, c);
	finder_tick(&a->finder, c);
	rivals_tick(&a->rivals, c);
	tick_cycle(a, c); /* last, as it may correct the clock */
}

/* --- leaving --- */

static void on_stop(struct agent *a, const struct agent_context *c)
{
	struct election_actions actions;
	const bool hands_over = a->election.role == ELECTION_LEADER && context_voters(c)->n > 1;

	if (a->leaving) {
		return;
	}
	a->leaving = true;
	a->leave_at = hands_over ? mono_add(c->now, PATIENCE) : c->now;
	election_step_down(&a->election, INT64_MAX, c->now, &actions);
	(void)context_perform(c, &actions, MEMBER_NONE, NULL);
	corrector_leave(&a->corrector, c);
}

/* Handed over, or there is nobody to hand over to. */
static bool may_end(const struct agent *a, struct mono now)
{
	const member_id leader = election_leader(&a->election, now);

	return a->leaving &&
	       ((leader != MEMBER_NONE && leader != a->self) || mono_since(now, a->leave_at) >= 0);
}

/* --- steps --- */

/* Whether to do it although the save failed; an administrator is told of the failure. */
static bool survives(struct agent_effect *e)
{
	const bool is_change = e->kind == AGENT_REPLY &&
			       (e->reply.proc == GROUP_JOIN || e->reply.proc == GROUP_LEAVE ||
				e->reply.proc == GROUP_STEP_DOWN || e->reply.proc == GROUP_RECOVER);

	if (is_change) {
		e->reply.answer = GROUP_NOT_SAVED;
	} else if (e->kind == AGENT_NOTE && e->note.kind == AGENT_NOTE_CHANGE) {
		e->note.other = GROUP_NOT_SAVED;
	}
	/* Effects whose answers a part waits for; and the clock is settled in any case. */
	return is_change || e->kind == AGENT_CORRECT || e->kind == AGENT_REMEMBER ||
	       e->kind == AGENT_NOTE || e->kind == AGENT_MEASURE ||
	       (e->kind == AGENT_SEND && e->send.tag.part != AGENT_PART_ELECTION);
}

/* Release the effects that were held back; after a failure, only those that survive it. */
static void on_saved(struct agent *a, const struct agent_context *c, int error)
{
	struct agent_effects *held = &a->held;

	if (error != 0 && !a->unsaved) {
		effects_note(c->out, AGENT_NOTE_UNSAVED)->error = error;
	} else if (error == 0 && a->unsaved) {
		(void)effects_note(c->out, AGENT_NOTE_SAVED_AGAIN);
	}
	a->unsaved = error != 0;
	if (error == 0) {
		election_saved(&a->election);
	} else {
		corrector_void(&a->corrector);
	}
	for (size_t i = 0; i < held->n; i++) {
		if (error == 0 || survives(&held->effect[i])) {
			*effects_add(c->out, held->effect[i].kind) = held->effect[i];
		}
	}
	held->n = 0;
}

static void on_corrected(struct agent *a, const struct agent_context *c, int error)
{
	enum group_outcome outcome;

	if (!corrector_applied(&a->corrector, c, error, &outcome)) {
		return;
	}
	if (a->own_correction) {
		cycle_finish(&a->cycle, c, outcome);
	} else {
		agent_answer_adjust(c, &a->adjust, outcome);
	}
}

static void handle(struct agent *a, const struct agent_context *c, const struct agent_event *event)
{
	switch (event->kind) {
	case AGENT_WAKE:
		break;
	case AGENT_STOP:
		on_stop(a, c);
		break;
	case AGENT_CALL:
		agent_on_call(a, c, &event->call);
		break;
	case AGENT_ANSWER:
		agent_on_answer(a, c, &event->answer);
		break;
	case AGENT_UNSENT:
		cycle_unsent(&a->cycle, c, &event->tag);
		break;
	case AGENT_MEASURED:
		cycle_measured(&a->cycle, c, &event->measured.tag,
			       event->measured.answered ? &event->measured.sample : NULL);
		break;
	case AGENT_FOUND:
		finder_found(&a->finder, c, &event->at);
		rivals_found(&a->rivals, c, &event->at);
		break;
	case AGENT_SEARCHED:
		finder_searched(&a->finder, c, event->error);
		rivals_searched(&a->rivals, c, event->error);
		break;
	case AGENT_SAVED:
		on_saved(a, c, event->error);
		break;
	case AGENT_CORRECTED:
		on_corrected(a, c, event->error);
		break;
	case AGENT_REFUSED:
		context_refuse(c, event->refused.what, event->refused.from, event->refused.why);
		break;
	}
}

/* Whether there is time for more than the event: a call wants its answer first. */
static bool has_turn(const struct agent_event *event)
{
	return event->kind == AGENT_WAKE || event->kind == AGENT_ANSWER ||
	       event->kind == AGENT_MEASURED;
}

/* A step that ends by itself. */
static void conclude(struct agent *a, const struct agent_context *c)
{
	if (!a->election.unsaved) {
		say_membership(a, c);
		say_leader(a, c);
	}
	if (may_end(a, c->now)) {
		(void)effects_add(c->out, AGENT_END);
	}
}

void agent_step(struct agent *a, struct mono now, struct agent_clock clock,
		const struct agent_event *event, struct agent_effects *out)
{
	const struct agent_context c = context_of(a, now, clock, out);

	out->n = 0;
	out->overrun = false;
	a->wants_save = false;
	corrector_observe(&a->corrector, &c);
	handle(a, &c, event);
	if (has_turn(event)) {
		tick(a, &c);
	}
	if (a->wants_save) {
		a->held = *out;
		out->n = 0;
		(void)effects_add(out, AGENT_SAVE);
	} else if (!a->corrector.busy) {
		conclude(a, &c);
	}
}

struct mono agent_next(const struct agent *a, struct mono now)
{
	/* The context of a step that does nothing. */
	const struct agent_context c = {
		.settings = &a->settings,
		.now = now,
		.members = (struct group_members *)(uintptr_t)&a->members,
	};
	const struct mono times[] = { cycle_next(&a->cycle, &c), finder_next(&a->finder, &c),
				      rivals_next(&a->rivals, &c),
				      likeness_next(&a->likeness, &c) };
	const struct mono settle = corrector_next(&a->corrector);
	struct mono next = election_next(&a->election);

	next = settle.ns < next.ns ? settle : next;
	/* The other parts have no turn until the election's state is saved. */
	for (size_t i = 0; !a->election.unsaved && i < sizeof(times) / sizeof(times[0]); i++) {
		next = times[i].ns < next.ns ? times[i] : next;
	}
	return a->leaving && a->leave_at.ns < next.ns ? a->leave_at : next;
}

struct servo_memory agent_memory(const struct agent *a)
{
	/* Before its first look at the clock, it only has the memory that it was given. */
	return a->corrector.begun || !a->corrector.has_memory ? servo_memory(&a->corrector.servo)
							      : a->corrector.memory;
}

/* --- the beginning --- */

static int add_named(struct agent *a, const struct agent_setup *setup)
{
	const struct voters nobody = { .n = 0 };
	int rc = group_members_add(&a->members, &setup->settings.self, &nobody, a->self);

	for (size_t i = 0; rc >= 0 && i < setup->n_named; i++) {
		rc = group_members_add(&a->members, &setup->named[i], &nobody, a->self);
	}
	return rc < 0 ? rc : 0;
}

/*
 * Begin with the saved state; without one, with the voters that the user named, if any. Then nobody
 * can tell whether the member is new or has lost its state: see docs/groups-protocol.md.
 */
static int start_election(struct agent *a, const struct agent_setup *setup, struct mono now)
{
	const struct agent_settings *s = &setup->settings;
	struct election_setup election = { .self = a->self, .lease = s->lease };
	struct election_state state = { .term = 0 };
	member_id ids[MEMBERS_MAX];
	int rc = 0;

	s->random(s->random_arg, &election.seed, sizeof(election.seed));
	if (setup->saved) {
		state = *setup->saved;
	} else {
		election.forgot = true;
		for (size_t i = 0; i < setup->n_named; i++) {
			ids[i] = member_id_of(&setup->named[i]);
		}
		rc = voters_make(&state.voters, 0, 0, ids, setup->n_named);
	}
	return rc == 0 ? election_init(&a->election, &election, &state, now) : rc;
}

int agent_init(struct agent *a, const struct agent_setup *setup, struct mono now)
{
	struct agent_context c;
	int rc = setup->n_named <= MEMBERS_MAX ? 0 : -E2BIG;

	memset(a, 0, sizeof(*a));
	a->settings = setup->settings;
	a->self = member_id_of(&setup->settings.self);
	a->members.member = setup->members;
	a->members.max = setup->members_max;
	if (rc == 0) {
		rc = add_named(a, setup);
	}
	if (rc == 0) {
		rc = start_election(a, setup, now);
	}
	if (rc != 0) {
		return rc;
	}
	if (setup->memory) {
		a->corrector.has_memory = true;
		a->corrector.memory = *setup->memory;
	}
	a->is_member = a->election.state.voters.n > 0;
	a->cycle.at = now;
	a->leader_since = now;
	a->likeness.at = mono_add(now, setup->settings.lease);
	c = context_of(a, now, (struct agent_clock){ .whole = true }, NULL); /* without effects */
	finder_start(&a->finder, &c);
	rivals_start(&a->rivals, &c);
	return 0;
}
