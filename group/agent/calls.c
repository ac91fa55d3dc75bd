/* SPDX-License-Identifier: BSD-3-Clause */
/* What the agent asks other members, and what comes back. */
#include <errno.h>
#include <string.h>

#include "core/sample.h"
#include "rpc/client/exchange.h"
#include "rpc/wire.h"
#include "group/agent/private.h"

#define STAMPS_SIZE    24 /* of a result of GET_TIMESTAMPS */
#define GET_TIMESTAMPS 1

static struct group_call *take_call(struct group *g)
{
	struct group_call *c = g->free_calls;

	if (c) {
		g->free_calls = c->next;
	}
	return c;
}

static void give_back(struct group *g, struct group_call *c)
{
	c->next = g->free_calls;
	g->free_calls = c;
}

static void note_timeout(struct group *g, dur_ns timeout)
{
	const struct mono at = mono_add(clock_mono(g->clock), timeout);

	if (mono_since(at, g->expire_at) < 0) {
		g->expire_at = at;
	}
}

/* --- answers --- */

/* Whether the body is from that member, to us, about this group. */
static bool is_for_us(struct group *g, const struct group_member *from,
		      const struct group_sealed *m)
{
	struct group_head head;

	if (!group_decode_head(&head, m->body, m->n)) {
		group_count(g, GROUP_COUNT_MALFORMED, from->id, "an answer is none");
		return false;
	}
	if (strcmp(head.group, g->settings->name) != 0 || head.from != from->id ||
	    head.to != g->self->id) {
		group_count(g, GROUP_COUNT_MISDIRECTED, from->id,
			    "an answer is not its, or not for us");
		return false;
	}
	return true;
}

/* Whether it is sealed as the answer to this call; if not, that may still come. */
static bool is_sealed(void *arg, const struct fanout_outcome *o)
{
	const struct group_call *c = arg;
	struct group_sealed m;

	if (group_parse_sealed(&m, o->result, o->len) &&
	    group_check_reply(&m, c->group->seal, c->proc, c->seal)) {
		return true;
	}
	group_count(c->group, GROUP_COUNT_BAD_SEAL, c->to->id,
		    "an answer is not sealed with our key, or is not to our call");
	return false;
}

/* Of those that are sealed as they should be. */
static bool open_answer(struct group *g, const struct group_call *c, const struct fanout_outcome *o,
			struct group_sealed *m)
{
	if (o->rc != 0 || !group_parse_sealed(m, o->result, o->len) || !is_for_us(g, c->to, m)) {
		return false;
	}
	c->to->was_heard = true;
	c->to->heard = group_now();
	return true;
}

static void polled(struct group *g, const struct group_call *c, const struct fanout_outcome *o)
{
	struct group_poll_result r;
	struct group_sealed m;
	const bool ok = open_answer(g, c, o, &m) && group_decode_poll_result(&r, m.body, m.n);

	if (ok && r.refused) {
		group_election_receive(g, &r.refusal);
	}
	group_cycle_polled(g, c->to, ok && !r.refused ? &r : NULL, o);
}

static void adjusted(struct group *g, const struct group_call *c, const struct fanout_outcome *o)
{
	enum group_outcome outcome = GROUP_UNANSWERED;
	struct group_head head;
	struct group_sealed m;

	if (open_answer(g, c, o, &m) && !group_decode_adjust_result(&head, &outcome, m.body, m.n)) {
		outcome = GROUP_UNANSWERED;
	}
	group_cycle_adjusted(g, c->to, outcome);
}

static void answered(struct group *g, const struct group_call *c, const struct fanout_outcome *o)
{
	struct group_election answer;
	struct group_head head;
	struct group_sealed m;
	bool has_answer;

	if (open_answer(g, c, o, &m) &&
	    group_decode_election_result(&head, &has_answer, &answer, m.body, m.n) && has_answer) {
		group_election_receive(g, &answer.message);
	}
}

static void told_status(struct group *g, const struct group_call *c, const struct fanout_outcome *o)
{
	struct group_status s;
	struct group_sealed m;
	const bool ok = open_answer(g, c, o, &m) && group_decode_status(&s, m.body, m.n);

	if (group_newcomers_asked(g, c->to)) {
		group_newcomers_told(g, c->to, ok ? &s : NULL);
	} else if (group_rivals_asked(g, c->to)) {
		group_rivals_told(g, c->to, ok ? &s : NULL);
	} else {
		group_finder_status(g, c->to, ok ? &s : NULL);
	}
}

static void let_in(struct group *g, const struct group_call *c, const struct fanout_outcome *o)
{
	enum group_answer answer;
	struct group_head head;
	struct group_sealed m;
	const bool ok =
		open_answer(g, c, o, &m) && group_decode_change_result(&head, &answer, m.body, m.n);

	group_finder_joined(g, c->to, ok ? &answer : NULL);
}

static void done(void *arg, const struct fanout_outcome *o)
{
	const struct group_call c = *(struct group_call *)arg;

	give_back(c.group, arg);
	switch (c.proc) {
	case GROUP_POLL:
		polled(c.group, &c, o);
		break;
	case GROUP_ADJUST:
		adjusted(c.group, &c, o);
		break;
	case GROUP_ELECTION:
		answered(c.group, &c, o);
		break;
	case GROUP_STATUS:
		told_status(c.group, &c, o);
		break;
	case GROUP_JOIN:
		let_in(c.group, &c, o);
		break;
	case GROUP_LEAVE:
	case GROUP_STEP_DOWN:
		break; /* are never sent by members */
	}
	c.to->calls--;
}

int group_calls_send(struct group *g, struct group_member *to, enum group_procedure proc,
		     const uint8_t *body, size_t n, dur_ns timeout)
{
	struct group_sealed m = { .body = body, .n = n };
	struct group_call *c = take_call(g);
	int rc;

	if (!c) {
		return -EAGAIN;
	}
	rc = n == 0 ? -EMSGSIZE : group_seal_call(&m, g->seal, proc);
	c->to = to;
	c->proc = proc;
	memcpy(c->seal, m.seal, SEAL_SIZE);
	if (rc == 0) {
		const struct fanout_call call = {
			.to = to->at,
			.prog = GROUP_PROGRAM,
			.vers = GROUP_VERSION,
			.proc = proc,
			.encode = (xdrproc_t)group_xdr_sealed,
			.args = &m,
			.timeout = timeout,
			.takes = is_sealed,
			.done = done,
			.arg = c,
		};
		rc = fanout_send(g->fanout, &call);
	}
	if (rc != 0) {
		give_back(g, c);
		return rc;
	}
	to->calls++;
	note_timeout(g, timeout);
	return 0;
}

int group_calls_ask_status(struct group *g, struct group_member *to)
{
	const struct group_status_args args = { .head = group_head_to(g, to->id),
						.once = group_nonce() };
	uint8_t body[GROUP_BODY_MAX];

	return group_calls_send(g, to, GROUP_STATUS, body,
				group_encode_status_args(body, sizeof(body), &args), g->timeout);
}

/* --- measurements --- */

static int64_t get_hyper(const uint8_t *at)
{
	return (int64_t)((uint64_t)wire_get_u32(at) << 32 | wire_get_u32(at + 4));
}

static void measured(void *arg, const struct fanout_outcome *o)
{
	struct group_member *m = arg;
	struct sample s = { .kind = SAMPLE_TIMESTAMPS };
	bool ok = o->rc == 0 && o->len == STAMPS_SIZE;

	if (ok) {
		s.t1 = get_hyper(o->result);
		s.t2 = get_hyper(o->result + 8);
		s.t3 = get_hyper(o->result + 16);
		s.t4 = o->arrived;
		ok = s.t1 == o->departed && sample_check(&s) == SAMPLE_OK;
	}
	group_cycle_measured(m->owner, m, ok ? &s : NULL);
	m->calls--;
}

static bool_t encode_hyper(XDR *xdr, int64_t *value)
{
	return xdr_int64_t(xdr, value);
}

int group_calls_measure(struct group *g, struct group_member *to)
{
	int64_t ts1 = 0;
	const struct fanout_call call = {
		.to = to->at,
		.prog = EXCHANGE_PROGRAM,
		.vers = EXCHANGE_VERSION,
		.proc = GET_TIMESTAMPS,
		.encode = (xdrproc_t)encode_hyper,
		.args = &ts1,
		.stamp = true,
		.timeout = g->timeout,
		.done = measured,
		.arg = to,
	};
	int rc;

	to->owner = g;
	rc = fanout_send(g->fanout, &call);
	if (rc == 0) {
		to->calls++;
		note_timeout(g, g->timeout);
	}
	return rc;
}
