/* SPDX-License-Identifier: BSD-3-Clause */
/* The procedures of TIMEGROUP_PROG, on the server's side. */
#include <string.h>

#include "group/agent/private.h"
#include "timegroup.h"
#include "timesync.h"

/* rpcgen defines its dispatchers, but declares them nowhere. */
void timesync_prog_1(struct svc_req *rq, SVCXPRT *xprt);
void timegroup_prog_1(struct svc_req *rq, SVCXPRT *xprt);

const struct svc_program group_programs[GROUP_PROGRAMS] = {
	{ TIMESYNC_PROG, TIMESYNC_V1, timesync_prog_1 },
	{ TIMEGROUP_PROG, TIMEGROUP_V1, timegroup_prog_1 },
};

/* A call, authentic and for us, that is being answered into its context's body. */
struct question {
	struct group *g;
	const struct svc_req *rq;
	enum group_procedure proc;
	struct group_head head;
	const uint8_t *body;
	size_t n;
	uint8_t *out; /* GROUP_BODY_MAX octets */
	struct mono now;
};

/* What is not worth an answer: the caller has had one, or has gone on. */
#define NO_ANSWER SIZE_MAX

/* Makes the answer's body. Its length, NO_ANSWER, or 0 when the question's body is no such thing.
 */
typedef size_t answer_fn(struct question *q);

/* Learn where members of the electorate are, and the sender: no others, who would take up room. */
static void learn(struct group *g, const struct group_election *e)
{
	const struct electorate *all = &g->election.state.electorate;

	for (size_t i = 0; i < e->told.n; i++) {
		const member_id id = group_members_id(&e->told.at[i]);

		if (id == e->message.from || electorate_find(all, id) >= 0) {
			(void)group_members_add(&g->members, &e->told.at[i]);
		}
	}
}

/* The sender is there, as it has said something new: what is repeated may be by anybody. */
static void note_heard(struct question *q)
{
	struct group_member *from = group_members_known(&q->g->members, q->head.from);

	if (from) {
		from->was_heard = true;
		from->heard = q->now;
	}
}

/* If that was news from the leader. */
static void note_leader(struct question *q)
{
	const struct election *e = &q->g->election;

	if (q->head.from == e->leader && mono_since(e->heard_at, q->now) == 0) {
		note_heard(q);
	}
}

static size_t answer_election(struct question *q)
{
	const struct group_head head = group_head_to(q->g, q->head.from);
	struct election_message answer;
	struct election_actions out;
	struct group_election question;
	struct group_head ignored;
	enum election_verdict verdict;
	bool has_answer;

	if (!group_decode_election(&ignored, &question, q->body, q->n) ||
	    group_election_is_answer(&question.message)) {
		return 0;
	}
	verdict = election_receive(&q->g->election, &question.message, q->now, &out);
	note_leader(q);
	if (verdict != ELECTION_YES) {
		q->g->counts[GROUP_COUNT_ELECTION]++;
	}
	learn(q->g, &question); /* of the electorate that it may have brought */
	has_answer = group_election_perform(q->g, &out, q->head.from, &answer);
	return group_encode_election_result(q->out, GROUP_BODY_MAX, &head,
					    has_answer ? &answer : NULL);
}

static size_t answer_poll(struct question *q)
{
	struct group *g = q->g;
	struct group_poll_result r = { .ts2 = svc_message_call(q->rq)->arrival };
	struct group_poll_call poll;
	struct election_actions out;
	enum election_verdict verdict;

	if (!group_decode_poll(&poll, q->body, q->n)) {
		return 0;
	}
	verdict = election_obey(&g->election, poll.head.from, poll.head.term, poll.serial, q->now,
				&out);
	if (verdict == ELECTION_REPEATED) {
		group_count(g, GROUP_COUNT_REPLAYED, q->head.from,
			    "a poll that is no newer than the one before");
		return NO_ANSWER;
	}
	note_leader(q);
	r.refused = group_election_perform(g, &out, q->head.from, &r.refusal);
	if (verdict == ELECTION_YES && !group_has_clock(g)) {
		return NO_ANSWER;
	}
	r.head = group_head_to(g, q->head.from);
	if (verdict != ELECTION_YES) {
		group_count(g, GROUP_COUNT_OLD_TERM, q->head.from, election_verdict_text(verdict));
	} else {
		r.nonce = group_nonce();
		group_correct_issue(g, &r.nonce, q->now);
	}
	r.ts3 = clock_now(g->clock);
	return group_encode_poll_result(q->out, GROUP_BODY_MAX, &r);
}

static size_t answer_adjust(struct question *q)
{
	struct group_adjust a;
	enum group_outcome outcome;
	struct group_head head;

	if (!group_decode_adjust(&a, q->body, q->n)) {
		return 0;
	}
	outcome = group_correct(q->g,
				&(struct correction){
					.from = a.head.from,
					.to = a.head.to,
					.term = a.head.term,
					.nonce = a.nonce,
					.amount = a.correction,
				},
				q->now);
	head = group_head_to(q->g, q->head.from);
	return group_encode_adjust_result(q->out, GROUP_BODY_MAX, &head, outcome);
}

static size_t answer_status(struct question *q)
{
	struct group_status s;
	struct group_status_args args;

	if (!group_decode_status_args(&args, q->body, q->n)) {
		return 0;
	}
	group_rivals_suspect(q->g, q->head.from, q->now);
	group_status_fill(q->g, &s, &args, q->now);
	return group_encode_status(q->out, GROUP_BODY_MAX, &s);
}

static size_t answer_change(struct question *q)
{
	enum group_answer answer;
	struct group_change c;
	struct group_head head;

	if (!group_decode_change(&c, q->body, q->n)) {
		return 0;
	}
	answer = group_change(q->g, q->proc, &c, q->now);
	head = group_head_to(q->g, q->head.from);
	return group_encode_change_result(q->out, GROUP_BODY_MAX, &head, answer);
}

/* --- what all have in common --- */

/* Whether the call is about our group and for us; who may send it. */
static bool is_for_us(struct question *q)
{
	const bool admin = q->proc == GROUP_STATUS || q->proc == GROUP_JOIN ||
			   q->proc == GROUP_LEAVE || q->proc == GROUP_STEP_DOWN;
	const struct group_head *h = &q->head;

	/* Who asks for the status need not know yet which group and member it is. */
	if ((strcmp(h->group, q->g->settings->name) != 0 &&
	     !(q->proc == GROUP_STATUS && h->group[0] == '\0')) ||
	    (h->to != q->g->self->id && !(q->proc == GROUP_STATUS && h->to == MEMBER_NONE)) ||
	    h->from == q->g->self->id || (h->from == MEMBER_NONE && !admin)) {
		group_count(q->g, GROUP_COUNT_MISDIRECTED, h->from,
			    "a call is for another member or group");
		return false;
	}
	/* Places are few, so whoever else has asked something must not get one by that. */
	if (electorate_find(&q->g->election.state.electorate, h->from) >= 0) {
		(void)group_members_find(&q->g->members, h->from);
	}
	return true;
}

static answer_fn *const answers[] = {
	[GROUP_POLL] = answer_poll,         [GROUP_ADJUST] = answer_adjust,
	[GROUP_ELECTION] = answer_election, [GROUP_JOIN] = answer_change,
	[GROUP_LEAVE] = answer_change,      [GROUP_STATUS] = answer_status,
	[GROUP_STEP_DOWN] = answer_change,
};

static bool refuse(struct svc_req *rq, enum auth_stat why)
{
	svcerr_auth(rq->rq_xprt, why);
	return false;
}

/* Verify, and only then look at what is in it. */
static bool open_call(struct question *q, const struct group_context *context,
		      const struct group_sealed *m, struct svc_req *rq)
{
	if (!group_check_call(m, context->local ? NULL : q->g->seal, q->proc)) {
		group_count(q->g, GROUP_COUNT_BAD_SEAL, MEMBER_NONE,
			    "a call is not sealed with a key of the group");
		return refuse(rq, AUTH_BADCRED);
	}
	if (!group_decode_head(&q->head, m->body, m->n)) {
		group_count(q->g, GROUP_COUNT_MALFORMED, MEMBER_NONE, "a call has no head");
		svcerr_decode(rq->rq_xprt);
		return false;
	}
	return is_for_us(q) || refuse(rq, AUTH_REJECTEDCRED);
}

static bool_t serve(enum group_procedure proc, const timegroup_sealed *args,
		    timegroup_sealed *result, struct svc_req *rq)
{
	struct group_context *context = svc_message_context(rq);
	struct group_sealed call = { .key_id = args->key_id,
				     .body = (const uint8_t *)args->body.body_val,
				     .n = args->body.body_len };
	struct question q = { .g = context->group,
			      .rq = rq,
			      .proc = proc,
			      .body = call.body,
			      .n = call.n,
			      .out = context->body,
			      .now = group_now() };
	struct group_sealed reply = { .body = context->body };

	memcpy(call.seal, args->seal, SEAL_SIZE);
	if (!open_call(&q, context, &call, rq)) {
		return FALSE;
	}
	reply.n = answers[proc](&q);
	if (reply.n == NO_ANSWER) {
		return FALSE;
	}
	if (reply.n == 0) {
		group_count(q.g, GROUP_COUNT_MALFORMED, q.head.from, "a call's body is none");
		svcerr_decode(rq->rq_xprt);
		return FALSE;
	}
	if (group_seal_reply(&reply, context->local ? NULL : q.g->seal, proc, call.seal) != 0) {
		svcerr_systemerr(rq->rq_xprt);
		return FALSE;
	}
	result->key_id = reply.key_id;
	result->body.body_val = (char *)context->body;
	result->body.body_len = (u_int)reply.n;
	memcpy(result->seal, reply.seal, SEAL_SIZE);
	return TRUE;
}

bool_t timegroupproc_null_1_svc(void *result, struct svc_req *rq)
{
	(void)result;
	(void)rq;
	return TRUE;
}

#define PROCEDURE(name, which)                                                           \
	bool_t timegroup_##name##_1_svc(timegroup_sealed args, timegroup_sealed *result, \
					struct svc_req *rq)                              \
	{                                                                                \
		return serve((which), &args, result, rq);                                \
	}

PROCEDURE(poll, GROUP_POLL)
PROCEDURE(adjust, GROUP_ADJUST)
PROCEDURE(election, GROUP_ELECTION)
PROCEDURE(join, GROUP_JOIN)
PROCEDURE(leave, GROUP_LEAVE)
PROCEDURE(status, GROUP_STATUS)
PROCEDURE(step_down, GROUP_STEP_DOWN)

/* Results lie in the context. */
int timegroup_prog_1_freeresult(SVCXPRT *xprt, xdrproc_t decode, caddr_t result)
{
	(void)xprt;
	(void)decode;
	(void)result;
	return TRUE;
}
