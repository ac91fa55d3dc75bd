/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void random_octets(void *arg, void *out, size_t n)
{
	struct world *w = arg;

	for (size_t i = 0; i < n; i++) {
		((uint8_t *)out)[i] =
			(uint8_t)(w->octet >= 0 ? (uint64_t)w->octet : random_next(&w->random));
	}
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w) {
		return -1;
	}
	w->settings = (struct agent_settings){
		.name = WORLD_GROUP,
		.lease = WORLD_LEASE,
		.cycle = WORLD_CYCLE,
		.tolerance = 60 * NS_PER_SEC,
		.max_error = 60 * NS_PER_SEC,
		.random = random_octets,
		.random_arg = w,
	};
	w->now.ns = 5000 * NS_PER_SEC;
	w->clock = (struct agent_clock){
		.whole = true,
		.epoch = 7,
		.max_error = GROUP_UNKNOWN_ERROR,
	};
	w->report = (struct group_report){ .unsettled = true, .max_error = GROUP_UNKNOWN_ERROR };
	w->octet = -1;
	w->random = random_from(1);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	free(*state);
	return 0;
}

struct member_address world_at(unsigned i)
{
	const uint8_t octets[4] = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i };

	return (struct member_address){
		.host = host_of_v4(octets),
		.is_v4 = true,
		.port = 700,
	};
}

struct member_address world_at_v6(unsigned i)
{
	struct member_address at = { .port = 700 };

	at.host.octets[0] = 0xfd;
	at.host.octets[14] = (uint8_t)(i >> 8);
	at.host.octets[15] = (uint8_t)i;
	return at;
}

member_id world_id(unsigned i)
{
	const struct member_address at = world_at(i);

	return member_id_of(&at);
}

void world_init(struct world *w, const struct member_address *named, size_t n,
		const struct election_state *saved)
{
	const struct agent_setup setup = {
		.settings = w->settings,
		.members = w->members,
		.members_max = MEMBERS_MAX,
		.named = named,
		.n_named = n,
		.saved = saved,
	};

	assert_int_equal(agent_init(&w->agent, &setup, w->now), 0);
	w->n = 0;
	w->question = (struct election_message){ .serial = 0 };
}

/* What it begins with it saves with the first that the election does, if not at once. */
static void settle(struct world *w)
{
	static const struct agent_event saved = { .kind = AGENT_SAVED };

	world_wake(w);
	if (w->agent.election.unsaved) {
		world_event(w, &saved);
	}
	w->saves = 0;
}

void world_begin(struct world *w, unsigned self, unsigned n)
{
	struct member_address named[MEMBERS_MAX];

	for (unsigned i = 0; i < n; i++) {
		named[i] = world_at(i + 1);
	}
	w->settings.self = world_at(self);
	world_init(w, named, n, NULL);
	settle(w);
}

void world_restart(struct world *w, const struct election_state *saved)
{
	const struct election_state copy = *saved;

	world_init(w, &w->settings.self, 1, &copy);
	settle(w);
}

/* --- what happens --- */

static void note(struct world *w, const struct agent_effect *e)
{
	assert_true(w->n < WORLD_LOG);
	w->log[w->n++] = *e;
	if (e->kind == AGENT_SEND && e->send.proc == GROUP_ELECTION &&
	    e->send.tag.to == MEMBER_NONE) {
		w->question = e->send.election.message;
	}
}

/* What comes of the effects of a step at once: true if there is such an event. */
static bool carry_out(struct world *w, const struct agent_effects *out, struct agent_event *next)
{
	assert_false(out->overrun);
	assert_true(out->n <= AGENT_EFFECTS_MAX);
	for (size_t i = 0; i < out->n; i++) {
		const struct agent_effect *e = &out->effect[i];

		note(w, e);
		if (e->kind == AGENT_SAVE) {
			assert_int_equal(out->n, 1);
			w->saves++;
			next->kind = AGENT_SAVED;
			next->error = w->save_error;
			return true;
		}
		if (e->kind == AGENT_CORRECT) {
			assert_int_equal(i, out->n - 1);
			w->corrections += !w->agent.corrector.settling;
			w->correct = *e;
			next->kind = AGENT_CORRECTED;
			next->error = w->correct_error;
			return true;
		}
	}
	return false;
}

static void happen(struct world *w, const struct agent_event *event)
{
	struct agent_effects *out = malloc(sizeof(*out));
	struct agent_event next = *event;
	bool more = true;

	assert_non_null(out);
	while (more) {
		const struct agent_event now = next;

		agent_step(&w->agent, w->now, w->clock, &now, out);
		more = carry_out(w, out, &next);
	}
	free(out);
}

void world_event(struct world *w, const struct agent_event *event)
{
	w->n = 0;
	happen(w, event);
}

void world_wake(struct world *w)
{
	const struct agent_event wake = { .kind = AGENT_WAKE };

	world_event(w, &wake);
}

void world_pass(struct world *w, dur_ns time)
{
	w->now = mono_add(w->now, time);
	world_wake(w);
}

bool world_run(struct world *w, dur_ns time, unsigned most)
{
	static const struct agent_event wake = { .kind = AGENT_WAKE };
	const struct mono end = mono_add(w->now, time);

	w->n = 0;
	for (unsigned i = 0; i < most; i++) {
		const struct mono next = agent_next(&w->agent, w->now);

		if (mono_since(next, end) > 0) {
			w->now = end;
			return true;
		}
		w->now = mono_since(next, w->now) > 0 ? next : w->now;
		happen(w, &wake);
	}
	return false;
}

void world_turns(struct world *w)
{
	static const struct agent_event wake = { .kind = AGENT_WAKE };

	w->n = 0;
	do {
		happen(w, &wake);
	} while (mono_since(agent_next(&w->agent, w->now), w->now) <= 0 && w->n < WORLD_LOG / 2);
}

struct group_head world_head(const struct world *w, member_id from)
{
	return (struct group_head){
		.group = WORLD_GROUP,
		.from = from,
		.to = w->agent.self,
		.term = w->agent.election.state.term,
	};
}

const struct agent_reply *world_call(struct world *w, const struct agent_call *call)
{
	const struct agent_event e = { .kind = AGENT_CALL, .call = *call };

	world_event(w, &e);
	assert_true(world_count(w, AGENT_REPLY) <= 1);
	return world_reply(w);
}

const struct agent_reply *world_poll(struct world *w, unsigned from, uint64_t term, uint64_t serial)
{
	struct group_poll_call poll = { .head = world_head(w, world_id(from)), .serial = serial };
	struct agent_call call = { .proc = GROUP_POLL, .poll = &poll };

	poll.head.term = term;
	call.head = poll.head;
	return world_call(w, &call);
}

const struct agent_reply *world_adjust(struct world *w, unsigned from, struct ticket_nonce nonce,
				       dur_ns amount)
{
	const struct group_adjust adjust = {
		.head = world_head(w, world_id(from)),
		.nonce = nonce,
		.correction = amount,
	};
	const struct agent_call call = {
		.proc = GROUP_ADJUST,
		.head = adjust.head,
		.adjust = &adjust,
	};

	return world_call(w, &call);
}

const struct agent_reply *world_election(struct world *w, const struct election_message *m)
{
	struct group_election question = { .message = *m };
	struct agent_call call = { .proc = GROUP_ELECTION, .election = &question };

	call.head = world_head(w, m->from);
	call.head.to = m->to;
	call.head.term = m->term;
	return world_call(w, &call);
}

const struct group_status *world_status(struct world *w, uint32_t first, size_t members)
{
	const struct group_status_args args = {
		.head = world_head(w, MEMBER_NONE),
		.first = first,
		.members = members,
	};
	const struct agent_call call = {
		.proc = GROUP_STATUS,
		.head = args.head,
		.status = &args,
	};
	const struct agent_reply *r = world_call(w, &call);

	assert_non_null(r);
	assert_false(r->misdirected);
	return r->status;
}

enum group_answer world_change(struct world *w, enum group_procedure proc, unsigned member)
{
	const struct group_change change = {
		.head = world_head(w, MEMBER_NONE),
		.nonce = world_status(w, 0, 0)->nonce,
		.address = world_at(member),
	};
	const struct agent_call call = { .proc = proc, .head = change.head, .change = &change };
	const struct agent_reply *r = world_call(w, &call);

	return r ? r->answer : GROUP_ANSWERS;
}

/* --- the election --- */

struct election_message world_message(const struct world *w, enum election_kind kind, unsigned from,
				      uint64_t term)
{
	const struct election *e = &w->agent.election;

	return (struct election_message){
		.kind = kind,
		.from = world_id(from),
		.to = w->agent.self,
		.term = term,
		.serial = kind == ELECTION_HEARTBEAT ? e->heard + 1 : e->serial,
		.lease = w->settings.lease,
		.stamp = e->state.voters.stamp,
	};
}

void world_follow(struct world *w, unsigned from, uint64_t term)
{
	const struct election_message heartbeat = world_message(w, ELECTION_HEARTBEAT, from, term);

	assert_non_null(world_election(w, &heartbeat));
	assert_true(w->agent.election.leader == heartbeat.from);
}

static enum election_kind answer_to(enum election_kind question)
{
	return question == ELECTION_PROBE  ? ELECTION_PROBE_ANSWER
	       : question == ELECTION_VOTE ? ELECTION_VOTE_ANSWER
					   : ELECTION_HEARTBEAT_ANSWER;
}

static void agree(struct world *w, unsigned from)
{
	struct group_election answer = { .message = { .kind = answer_to(w->question.kind) } };
	struct agent_event e = {
		.kind = AGENT_ANSWER,
		.answer = {
			.tag = { .part = AGENT_PART_ELECTION, .to = world_id(from) },
			.proc = GROUP_ELECTION,
			.answered = true,
			.head = world_head(w, world_id(from)),
			.election = &answer,
		},
	};

	answer.message.from = world_id(from);
	answer.message.to = w->agent.self;
	answer.message.term = w->question.term;
	answer.message.serial = w->question.serial;
	answer.message.lease = w->question.lease;
	answer.message.stamp = w->question.stamp;
	happen(w, &e);
}

void world_agree(struct world *w, unsigned from)
{
	w->n = 0;
	agree(w, from);
}

/* So many that there is a majority, as long as they are asked the same. */
static void agree_enough(struct world *w)
{
	const struct voters *all = &w->agent.election.state.voters;
	const struct election_message asked = w->question;
	size_t left = voters_majority(all) - 1;

	for (unsigned i = 1; left > 0 && w->question.serial == asked.serial; i++) {
		if (world_id(i) != w->agent.self) {
			agree(w, i);
			left--;
		}
	}
}

void world_keep(struct world *w)
{
	w->n = 0;
	agree_enough(w);
}

void world_elect(struct world *w)
{
	static const struct agent_event wake = { .kind = AGENT_WAKE };
	const struct mono start = w->now;
	uint64_t answered = 0;

	w->n = 0;
	while (!election_may_act(&w->agent.election, w->now)) {
		const struct mono next = election_next(&w->agent.election);

		assert_true(mono_since(w->now, start) < 20 * w->settings.lease);
		if (w->question.serial > answered) {
			answered = w->question.serial;
			agree_enough(w);
		} else {
			w->now = mono_since(next, w->now) > 0 ? next : w->now;
			happen(w, &wake);
		}
	}
}

/* --- answers --- */

struct agent_answer world_answer(const struct world *w, const struct agent_send *to)
{
	return (struct agent_answer){
		.tag = to->tag,
		.proc = to->proc,
		.answered = true,
		.head = world_head(w, to->tag.to),
	};
}

void world_answered(struct world *w, const struct agent_answer *answer)
{
	const struct agent_event e = { .kind = AGENT_ANSWER, .answer = *answer };

	world_event(w, &e);
}

void world_silence(struct world *w, const struct agent_send *to)
{
	const struct agent_answer none = { .tag = to->tag, .proc = to->proc };

	world_answered(w, &none);
}

void world_tells(struct world *w, const struct agent_send *to, const struct group_status *s)
{
	struct agent_answer answer = world_answer(w, to);

	answer.status = s;
	world_answered(w, &answer);
}

/* --- a cycle --- */

void world_cycle(struct world *w)
{
	const struct mono start = w->now;

	do {
		assert_true(mono_since(w->now, start) < 3 * w->settings.cycle);
		world_keep(w);
		world_pass(w, w->settings.lease / 6);
	} while (world_sends(w, GROUP_POLL) == 0);
}

struct ticket_nonce world_nonce(member_id of)
{
	struct ticket_nonce nonce = { { 0xee } };

	memcpy(nonce.byte + 1, &of, sizeof(of));
	return nonce;
}

/* It is served for 100 us, at an instant of no meaning. */
static struct sample sample_of(dur_ns offset, dur_ns delay)
{
	const ts_ns t1 = INT64_C(1700000000) * NS_PER_SEC;
	const ts_ns t2 = t1 + offset + delay / 2;

	return (struct sample){
		.kind = SAMPLE_TIMESTAMPS,
		.t1 = t1,
		.t2 = t2,
		.t3 = t2 + 100 * NS_PER_US,
		.t4 = t1 + delay + 100 * NS_PER_US,
	};
}

void world_polled(struct world *w, const struct agent_send *to, dur_ns offset, dur_ns delay)
{
	const struct sample s = sample_of(offset, delay);
	const struct group_poll_result result = {
		.nonce = world_nonce(to->tag.to),
		.ts2 = s.t2,
		.ts3 = s.t3,
		.report = w->report,
	};
	struct agent_answer answer = world_answer(w, to);

	answer.poll = &result;
	answer.departed = s.t1;
	answer.arrived = s.t4;
	world_answered(w, &answer);
}

void world_measured(struct world *w, const struct agent_measure *to, dur_ns offset, dur_ns delay)
{
	struct agent_event e = { .kind = AGENT_MEASURED };

	e.measured.tag = to->tag;
	e.measured.answered = true;
	e.measured.sample = sample_of(offset, delay);
	world_event(w, &e);
}

void world_unmeasured(struct world *w, const struct agent_tag *tag)
{
	struct agent_event e = { .kind = AGENT_MEASURED };

	e.measured.tag = *tag;
	world_event(w, &e);
}

/* --- what it did --- */

size_t world_count(const struct world *w, enum agent_effect_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		n += w->log[i].kind == kind;
	}
	return n;
}

size_t world_sends(const struct world *w, enum group_procedure proc)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		n += w->log[i].kind == AGENT_SEND && w->log[i].send.proc == proc;
	}
	return n;
}

const struct agent_send *world_sent(const struct world *w, enum group_procedure proc, member_id to)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct agent_effect *e = &w->log[i];

		if (e->kind == AGENT_SEND && e->send.proc == proc &&
		    (to == MEMBER_NONE || e->send.tag.to == to)) {
			return &e->send;
		}
	}
	return NULL;
}

const struct agent_send *world_says(const struct world *w, enum election_kind kind)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct agent_effect *e = &w->log[i];

		if (e->kind == AGENT_SEND && e->send.proc == GROUP_ELECTION &&
		    e->send.election.message.kind == kind) {
			return &e->send;
		}
	}
	return NULL;
}

static const struct agent_effect *first(const struct world *w, enum agent_effect_kind kind)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->log[i].kind == kind) {
			return &w->log[i];
		}
	}
	return NULL;
}

const struct agent_measure *world_measure(const struct world *w)
{
	const struct agent_effect *e = first(w, AGENT_MEASURE);

	return e ? &e->measure : NULL;
}

const struct agent_reply *world_reply(const struct world *w)
{
	const struct agent_effect *e = first(w, AGENT_REPLY);

	return e ? &e->reply : NULL;
}

const struct agent_note *world_note(const struct world *w, enum agent_note_kind kind)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->log[i].kind == AGENT_NOTE && w->log[i].note.kind == kind) {
			return &w->log[i].note;
		}
	}
	return NULL;
}
