/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls from others to an agent, and their answers to its own. */
#include <string.h>

#include "group/core/agent_steps.h"

/* --- calls --- */

static struct agent_reply *reply_to(const struct agent_context *c, const struct agent_call *call)
{
	struct agent_reply *r = &effects_add(c->out, AGENT_REPLY)->reply;

	r->proc = call->proc;
	r->head = context_head(c, call->head.from);
	return r;
}

/* Only news from the leader counts: anybody may repeat old messages. */
static void note_leader(const struct agent_context *c, member_id from)
{
	if (from == c->election->leader && mono_since(c->election->heard_at, c->now) == 0) {
		group_members_heard(c->members, from, c->now);
	}
}

/* Learn where voters are, and the sender: no others, who would take up room. */
static void learn(const struct agent_context *c, const struct group_election *e)
{
	for (size_t i = 0; i < e->told.n; i++) {
		const member_id id = member_id_of(&e->told.at[i]);

		if (id == e->message.from || context_is_member(c, id)) {
			(void)group_members_add(c->members, &e->told.at[i], context_voters(c),
						c->self);
		}
	}
}

static void on_election(struct agent *a, const struct agent_context *c,
			const struct agent_call *call)
{
	const struct group_election *question = call->election;
	struct election_message answer;
	struct election_actions actions;
	struct agent_reply *r;
	bool has_answer;

	if (election_receive(&a->election, &question->message, c->now, &actions) != ELECTION_YES) {
		a->counts.count[GROUP_COUNT_ELECTION]++;
	}
	note_leader(c, call->head.from);
	learn(c, question); /* of the list of voters that it may have brought */
	has_answer = context_perform(c, &actions, call->head.from, &answer);
	r = reply_to(c, call);
	r->election.has_answer = has_answer;
	if (has_answer) {
		r->election.message = answer;
	}
}

static void on_poll(struct agent *a, const struct agent_context *c, const struct agent_call *call)
{
	const struct group_poll_call *poll = call->poll;
	struct election_actions actions;
	struct election_message refusal;
	struct agent_reply *r;
	const enum election_verdict verdict = election_obey(
		&a->election, call->head.from, call->head.term, poll->serial, c->now, &actions);
	bool refused;

	refused = context_perform(c, &actions, call->head.from, &refusal);
	if (verdict == ELECTION_REPEATED) {
		context_refuse(c, GROUP_COUNT_REPLAYED, call->head.from,
			       "a poll that is no newer than the one before");
		return;
	}
	note_leader(c, call->head.from);
	if (verdict != ELECTION_YES) {
		context_refuse(c, GROUP_COUNT_OLD_TERM, call->head.from,
			       election_verdict_text(verdict));
		if (refused) {
			r = reply_to(c, call);
			r->poll.refused = true;
			r->poll.refusal = refusal;
		}
	} else if (corrector_has_clock(&a->corrector, c)) {
		r = reply_to(c, call);
		r->poll.nonce = context_nonce(c);
		r->poll.report = corrector_report(&a->corrector, c);
		corrector_issue(&a->corrector, c, &r->poll.nonce);
	}
}

void agent_answer_adjust(const struct agent_context *c, const struct group_head *head,
			 enum group_outcome outcome)
{
	const struct agent_call call = { .proc = GROUP_ADJUST, .head = *head };

	reply_to(c, &call)->outcome = outcome;
}

static void on_adjust(struct agent *a, const struct agent_context *c, const struct agent_call *call)
{
	const struct correction what = {
		.from = call->head.from,
		.to = call->head.to,
		.term = call->head.term,
		.nonce = call->adjust->nonce,
		.amount = call->adjust->correction,
		.delay = call->adjust->delay,
		.rate = call->adjust->rate,
		.turn = call->adjust->turn,
		.time = call->adjust->time,
	};
	enum group_outcome outcome = GROUP_REFUSED;

	a->own_correction = false;
	a->adjust = call->head;
	if (a->election.unsaved || corrector_redeem(&a->corrector, c, &what, &outcome)) {
		agent_answer_adjust(c, &call->head, outcome);
	}
}

static void on_change(struct agent *a, const struct agent_context *c, const struct agent_call *call)
{
	struct election_actions actions;
	const enum group_answer answer =
		change_make(&a->change, c, call->proc, call->change, &actions);
	struct agent_note *note;

	(void)context_perform(c, &actions, MEMBER_NONE, NULL);
	reply_to(c, call)->answer = answer;
	if (answer != GROUP_TRY_AGAIN && answer != GROUP_OLD_NONCE) { /* it will ask again */
		note = effects_note(c->out, AGENT_NOTE_CHANGE);
		note->number = call->proc;
		note->other = answer;
	}
}

/* --- status --- */

static dur_ns age(bool ever, struct mono at, struct mono now)
{
	return ever ? mono_since(now, at) : -1;
}

static struct group_member_status status_of(const struct agent_context *c, member_id id)
{
	const struct group_member *m = context_find(c, id);

	if (!m) {
		return (struct group_member_status){
			.id = id,
			.heard = -1,
			.part = GROUP_UNMEASURED,
			.max_error = GROUP_UNKNOWN_ERROR,
		};
	}
	return (struct group_member_status){
		.id = m->id,
		.address = m->at,
		.heard = m->id == c->self ? 0 : age(m->was_heard, m->heard, c->now),
		.part = m->last.part,
		.offset = m->last.offset,
		.delay = m->last.delay,
		.correction = m->last.correction,
		.outcome = m->last.outcome,
		.reference = m->last.reference,
		.max_error = m->last.answered ? m->last.report.max_error : GROUP_UNKNOWN_ERROR,
		.frequency_ppb = m->last.report.frequency_ppb,
		.unlike = m->unlike,
	};
}

/* The requested page, as far as there is room. */
static void status_fill(struct agent *a, const struct agent_context *c,
			const struct group_status_args *args)
{
	const struct voters *all = context_voters(c);
	struct group_status *s = &a->status;

	*s = (struct group_status){
		.head = context_head(c, args->head.from),
		.nonce = change_nonce(&a->change, c),
		.leader = election_leader(c->election, c->now),
		.leader_for = mono_since(c->now, a->leader_since),
		.leads = election_may_act(c->election, c->now),
		.insecure = a->settings.insecure,
		.lease = a->settings.lease,
		.cycle = a->settings.cycle,
		.tolerance = a->settings.tolerance,
		.max_correction = a->settings.max_correction,
		.cycle_ended = age(a->cycle.finished, a->cycle.ended, c->now),
		.cycle_took = a->cycle.last.took,
		.mean = a->cycle.last.mean,
		.used = (uint32_t)a->cycle.last.used,
		.reference = a->settings.reference,
		.follows = a->corrector.claim.by_reference,
		.source_for = age(a->corrector.claim.told, a->corrector.claim.since, c->now),
		.max_error = corrector_max_error(&a->corrector, c),
		.corrected = age(a->corrector.corrected, a->corrector.corrected_at, c->now),
		.correction = a->corrector.correction,
		.total = (uint32_t)all->n,
	};
	memcpy(s->counts, a->counts.count, sizeof(s->counts));
	for (size_t i = args->first; i < all->n && s->n < args->members; i++) {
		s->members[s->n++] = status_of(c, all->id[i]);
	}
}

/* --- all calls --- */

/* Whether the call is about our group and for us; who may send it. */
static bool is_for_us(const struct agent_context *c, const struct agent_call *call)
{
	const struct group_head *h = &call->head;
	const bool status = call->proc == GROUP_STATUS;
	const bool admin = status || call->proc == GROUP_JOIN || call->proc == GROUP_LEAVE ||
			   call->proc == GROUP_STEP_DOWN || call->proc == GROUP_RECOVER;

	/* An administrator asks for the status to learn which group and member this is. */
	if ((strcmp(h->group, c->settings->name) != 0 && !(status && h->group[0] == '\0')) ||
	    (h->to != c->self && !(status && h->to == MEMBER_NONE)) || h->from == c->self ||
	    (h->from == MEMBER_NONE && !admin)) {
		return false;
	}
	/* Places are few: a stranger must not get one by asking. */
	if (context_is_member(c, h->from)) {
		(void)context_find(c, h->from);
	}
	return true;
}

void agent_on_call(struct agent *a, const struct agent_context *c, const struct agent_call *call)
{
	if (!is_for_us(c, call)) {
		reply_to(c, call)->misdirected = true;
		context_refuse(c, GROUP_COUNT_MISDIRECTED, call->head.from,
			       "a call is for another member or group");
		return;
	}
	switch (call->proc) {
	case GROUP_POLL:
		on_poll(a, c, call);
		break;
	case GROUP_ADJUST:
		on_adjust(a, c, call);
		break;
	case GROUP_ELECTION:
		on_election(a, c, call);
		break;
	case GROUP_STATUS:
		rivals_suspect(&a->rivals, c, call->head.from);
		status_fill(a, c, call->status);
		reply_to(c, call)->status = &a->status;
		break;
	case GROUP_JOIN:
	case GROUP_LEAVE:
	case GROUP_STEP_DOWN:
	case GROUP_RECOVER:
		on_change(a, c, call);
		break;
	}
}

/* --- answers --- */

/* Whether it is from the member that was asked, to us, about this group. */
static bool is_its_answer(const struct agent_context *c, const struct agent_answer *answer)
{
	const struct group_head *h = &answer->head;

	if (strcmp(h->group, c->settings->name) != 0 || h->from != answer->tag.to ||
	    h->to != c->self) {
		context_refuse(c, GROUP_COUNT_MISDIRECTED, answer->tag.to,
			       "an answer is not its, or not for us");
		return false;
	}
	group_members_heard(c->members, h->from, c->now);
	return true;
}

static void on_election_answer(struct agent *a, const struct agent_context *c,
			       const struct election_message *m)
{
	struct election_actions actions;

	(void)election_receive(&a->election, m, c->now, &actions);
	(void)context_perform(c, &actions, MEMBER_NONE, NULL);
}

static void on_cycle_answer(struct agent *a, const struct agent_context *c,
			    const struct agent_answer *answer, bool ok)
{
	const struct group_poll_result *poll;

	if (answer->proc == GROUP_ADJUST) {
		cycle_adjusted(&a->cycle, c, &answer->tag, ok ? answer->outcome : GROUP_UNANSWERED);
		return;
	}
	poll = ok ? answer->poll : NULL;
	if (poll && poll->refused) {
		on_election_answer(a, c, &poll->refusal);
		poll = NULL;
	}
	cycle_polled(&a->cycle, c, &answer->tag, poll, answer->departed, answer->arrived);
}

void agent_on_answer(struct agent *a, const struct agent_context *c,
		     const struct agent_answer *answer)
{
	const bool ok = answer->answered && is_its_answer(c, answer);
	const struct group_status *status =
		ok && answer->proc == GROUP_STATUS ? answer->status : NULL;

	switch (answer->tag.part) {
	case AGENT_PART_NONE:
		break;
	case AGENT_PART_ELECTION:
		if (ok && answer->election) {
			on_election_answer(a, c, &answer->election->message);
		}
		break;
	case AGENT_PART_CYCLE:
		on_cycle_answer(a, c, answer, ok);
		break;
	case AGENT_PART_FINDER:
		if (answer->proc == GROUP_JOIN) {
			finder_joined(&a->finder, c, &answer->tag, ok ? &answer->change : NULL);
		} else {
			finder_status(&a->finder, c, &answer->tag, status);
		}
		break;
	case AGENT_PART_RIVALS:
		rivals_status(&a->rivals, c, &answer->tag, status);
		break;
	case AGENT_PART_NEWCOMERS:
		newcomers_status(&a->change.newcomers, c, &answer->tag, status);
		break;
	case AGENT_PART_LIKENESS:
		likeness_status(c, &answer->tag, status);
		break;
	}
}
