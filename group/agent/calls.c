/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/sample.h"
#include "group/wire/envelope.h"
#include "rpc/client/exchange.h"
#include "rpc/client/fanout.h"
#include "rpc/wire.h"

#define STAMPS_SIZE    24 /* of a result of GET_TIMESTAMPS */
#define GET_TIMESTAMPS 1

/* A call that is under way. */
struct call {
	struct call *next; /* free */
	struct calls *owner;
	struct agent_tag tag;
	member_id to;
	enum group_procedure proc;
	uint8_t mac[MAC_SIZE];
};

struct calls {
	struct calls_setup setup;
	struct fanout *fanout;
	struct call *all, *unused;
	struct mono expire_at;
};

static struct call *take(struct calls *s, const struct agent_tag *tag)
{
	struct call *c = s->unused;

	if (c) {
		s->unused = c->next;
		c->tag = *tag;
	}
	return c;
}

static void give_back(struct call *c)
{
	c->next = c->owner->unused;
	c->owner->unused = c;
}

static void note_timeout(struct calls *s, dur_ns timeout)
{
	const struct mono at = mono_add(clock_mono(s->setup.clock), timeout);

	if (mono_since(at, s->expire_at) < 0) {
		s->expire_at = at;
	}
}

/* --- answers --- */

static void refuse(struct calls *s, enum group_count what, member_id from, const char *why)
{
	const struct agent_event e = {
		.kind = AGENT_REFUSED,
		.refused = { .what = what, .from = from, .why = why },
	};

	s->setup.event(s->setup.arg, &e);
}

/* Whether it has the MAC of the answer to this call; if not, that may still come. */
static bool is_authentic(void *arg, const struct fanout_outcome *o)
{
	const struct call *c = arg;
	struct group_envelope m;

	if (group_parse_envelope(&m, o->result, o->len) &&
	    group_check_reply(&m, c->owner->setup.mac, c->proc, c->mac)) {
		return true;
	}
	refuse(c->owner, GROUP_COUNT_BAD_MAC, c->to,
	       "an answer does not have a MAC by our key, or is not to our call");
	return false;
}

/* The decoded body of an answer, for the event to point to. */
union decoded {
	struct group_poll_result poll;
	struct group_election election;
	struct group_status status;
};

/* False when the body is none of an answer to that procedure. */
static bool decode(struct agent_answer *out, union decoded *to, const struct group_envelope *m)
{
	bool has_answer;

	switch (out->proc) {
	case GROUP_POLL:
		out->poll = &to->poll;
		return group_decode_poll_result(&to->poll, m->body, m->n);
	case GROUP_ADJUST:
		return group_decode_adjust_result(&out->head, &out->outcome, m->body, m->n);
	case GROUP_ELECTION:
		if (!group_decode_election_result(&out->head, &has_answer, &to->election, m->body,
						  m->n)) {
			return false;
		}
		out->election = has_answer ? &to->election : NULL;
		return true;
	case GROUP_STATUS:
		out->status = &to->status;
		return group_decode_status(&to->status, m->body, m->n);
	case GROUP_JOIN:
	case GROUP_LEAVE:
	case GROUP_STEP_DOWN:
	case GROUP_RECOVER:
		return group_decode_change_result(&out->head, &out->change, m->body, m->n);
	}
	return false;
}

static bool open_answer(struct calls *s, struct agent_answer *out, union decoded *to,
			const struct fanout_outcome *o)
{
	struct group_envelope m;

	if (o->rc != 0 || !group_parse_envelope(&m, o->result, o->len)) {
		return false;
	}
	if (!group_decode_head(&out->head, m.body, m.n) || !decode(out, to, &m)) {
		refuse(s, GROUP_COUNT_MALFORMED, out->tag.to, "an answer's body is none");
		return false;
	}
	return true;
}

static void answered(void *arg, const struct fanout_outcome *o)
{
	struct call *c = arg;
	struct calls *s = c->owner;
	struct agent_event e = { .kind = AGENT_ANSWER };
	union decoded body;

	e.answer.tag = c->tag;
	e.answer.tag.to = c->to;
	e.answer.proc = c->proc;
	give_back(c);
	e.answer.answered = open_answer(s, &e.answer, &body, o);
	e.answer.departed = o->departed;
	e.answer.arrived = o->arrived;
	s->setup.event(s->setup.arg, &e);
}

/* --- calls --- */

static size_t encode(uint8_t buf[GROUP_BODY_MAX], const struct agent_send *send, member_id to)
{
	struct group_head head = send->head;
	struct election_message election;
	struct group_poll_call poll;
	struct group_adjust adjust;
	struct group_change change;
	struct group_status_args status;

	head.to = to;
	switch (send->proc) {
	case GROUP_POLL:
		poll = send->poll;
		poll.head = head;
		return group_encode_poll(buf, GROUP_BODY_MAX, &poll);
	case GROUP_ADJUST:
		adjust = send->adjust;
		adjust.head = head;
		return group_encode_adjust(buf, GROUP_BODY_MAX, &adjust);
	case GROUP_ELECTION:
		election = send->election.message;
		election.to = to;
		return group_encode_election(buf, GROUP_BODY_MAX, head.group, &election,
					     &send->election.told);
	case GROUP_STATUS:
		status = send->status;
		status.head = head;
		return group_encode_status_args(buf, GROUP_BODY_MAX, &status);
	case GROUP_JOIN:
	case GROUP_LEAVE:
	case GROUP_STEP_DOWN:
	case GROUP_RECOVER:
		change = send->change;
		change.head = head;
		return group_encode_change(buf, GROUP_BODY_MAX, &change);
	}
	return 0;
}

static int send_envelope(struct calls *s, struct call *c, const struct agent_send *send,
			 const struct member_address *at)
{
	uint8_t body[GROUP_BODY_MAX];
	struct group_envelope m = { .body = body, .n = encode(body, send, c->to) };
	const int rc = m.n == 0 ? -EMSGSIZE : group_authenticate_call(&m, s->setup.mac, c->proc);
	const struct fanout_call call = {
		.to = group_socket_address(at),
		.prog = GROUP_PROGRAM,
		.vers = GROUP_VERSION,
		.proc = c->proc,
		.encode = (xdrproc_t)group_xdr_envelope,
		.args = &m,
		.timeout = send->timeout,
		.takes = is_authentic,
		.done = answered,
		.arg = c,
	};

	memcpy(c->mac, m.mac, MAC_SIZE);
	return rc == 0 ? fanout_send(s->fanout, &call) : rc;
}

int calls_send(struct calls *s, const struct agent_send *send, member_id to,
	       const struct member_address *at)
{
	struct call *c = take(s, &send->tag);
	int rc;

	if (!c) {
		return -EAGAIN;
	}
	c->to = to;
	c->proc = send->proc;
	rc = send_envelope(s, c, send, at);
	if (rc != 0) {
		give_back(c);
		return rc;
	}
	note_timeout(s, send->timeout);
	return 0;
}

/* --- measurements --- */

static int64_t get_hyper(const uint8_t *at)
{
	return (int64_t)((uint64_t)wire_get_u32(at) << 32 | wire_get_u32(at + 4));
}

static void measured(void *arg, const struct fanout_outcome *o)
{
	struct call *c = arg;
	struct calls *s = c->owner;
	struct agent_event e = { .kind = AGENT_MEASURED };
	struct sample *m = &e.measured.sample;

	e.measured.tag = c->tag;
	give_back(c);
	m->kind = SAMPLE_TIMESTAMPS;
	if (o->rc == 0 && o->len == STAMPS_SIZE) {
		m->t1 = get_hyper(o->result);
		m->t2 = get_hyper(o->result + 8);
		m->t3 = get_hyper(o->result + 16);
		m->t4 = o->arrived;
		e.measured.answered = m->t1 == o->departed && sample_check(m) == SAMPLE_OK;
	}
	s->setup.event(s->setup.arg, &e);
}

static bool_t encode_hyper(XDR *xdr, int64_t *value)
{
	return xdr_int64_t(xdr, value);
}

int calls_measure(struct calls *s, const struct agent_measure *measure)
{
	struct call *c = take(s, &measure->tag);
	int64_t ts1 = 0;
	const struct fanout_call call = {
		.to = group_socket_address(&measure->at),
		.prog = EXCHANGE_PROGRAM,
		.vers = EXCHANGE_VERSION,
		.proc = GET_TIMESTAMPS,
		.encode = (xdrproc_t)encode_hyper,
		.args = &ts1,
		.stamp = true,
		.timeout = measure->timeout,
		.done = measured,
		.arg = c,
	};
	int rc = c ? fanout_send(s->fanout, &call) : -EAGAIN;

	if (rc == 0) {
		note_timeout(s, measure->timeout);
	} else if (c) {
		give_back(c);
	}
	return rc;
}

/* --- all of them --- */

int calls_open(struct calls **out, const struct calls_setup *setup)
{
	struct calls *s = calloc(1, sizeof(*s));
	int rc;

	*out = s;
	if (!s) {
		return -ENOMEM;
	}
	s->setup = *setup;
	s->expire_at = (struct mono){ INT64_MAX };
	rc = fanout_open(&s->fanout, &setup->from, setup->max, setup->clock);
	s->all = calloc(setup->max, sizeof(*s->all));
	for (size_t i = 0; s->all && i < setup->max; i++) {
		s->all[i].owner = s;
		give_back(&s->all[i]);
	}
	return rc == 0 && !s->all ? -ENOMEM : rc;
}

void calls_close(struct calls *s)
{
	if (s) {
		fanout_close(s->fanout);
		free(s->all);
		free(s);
	}
}

int calls_fd(const struct calls *s)
{
	return fanout_fd(s->fanout);
}

void calls_serve(struct calls *s)
{
	fanout_serve(s->fanout);
}

void calls_expire(struct calls *s, struct mono now)
{
	dur_ns left;

	s->expire_at = (struct mono){ INT64_MAX };
	left = fanout_expire(s->fanout, now);
	if (left >= 0) {
		note_timeout(s, left);
	}
}

dur_ns calls_wait(const struct calls *s, struct mono now)
{
	return s->expire_at.ns == INT64_MAX ? INT64_MAX : mono_since(s->expire_at, now);
}
