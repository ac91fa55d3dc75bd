/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "group/wire/envelope.h"
#include "os/entropy.h"
#include "rpc/server/svc_dgram.h"
#include "rpc/server/svc_stream.h"
#include "rpc/server/time_service.h"
#include "timegroup.h"
#include "timesync.h"

/* The longest call and reply with their RPC headers. */
#define MESSAGE_MAX (GROUP_BODY_MAX + 1024)
/* The most that can be limited, calls a second. */
#define RATE_MAX 1000000

/* rpcgen defines its dispatchers, but declares them nowhere. */
void timesync_prog_1(struct svc_req *rq, SVCXPRT *xprt);
void timegroup_prog_1(struct svc_req *rq, SVCXPRT *xprt);

static const struct svc_program programs[] = {
	{ TIMESYNC_PROG, TIMESYNC_V1, timesync_prog_1 },
	{ TIMEGROUP_PROG, TIMEGROUP_V1, timegroup_prog_1 },
};

static const struct svc_stream_limits local_limits = {
	.connections = 16,
	.connections_per_address = 16,
	.idle_timeout = 10 * NS_PER_SEC,
	.busy_timeout = 5 * NS_PER_SEC,
};

/* The context of one socket's handlers; `service` comes first, for those of TIMESYNC_PROG. */
struct context {
	struct service service;
	struct group_service *owner;
	struct mac *mac; /* null: without MACs, as for this machine's administrator */
	uint8_t body[GROUP_BODY_MAX];
};

struct group_service {
	struct group_service_setup setup;
	struct context shared, local;
	struct access everyone; /* on the local socket, which is for us only anyway */
	struct counters counters;
	struct ratelimit limiter;
	struct admission admission, local_admission;
	struct svc_dgram *dgram;
	struct svc_stream *stream;
};

/* --- bodies --- */

/* The decoded body of a call, for the event to point to. */
union decoded {
	struct group_poll_call poll;
	struct group_adjust adjust;
	struct group_election election;
	struct group_change change;
	struct group_status_args status;
};

/* False when it is none of a call to that procedure. */
static bool decode(struct agent_call *out, union decoded *to, const struct group_envelope *m)
{
	switch (out->proc) {
	case GROUP_POLL:
		out->poll = &to->poll;
		return group_decode_poll(&to->poll, m->body, m->n);
	case GROUP_ADJUST:
		out->adjust = &to->adjust;
		return group_decode_adjust(&to->adjust, m->body, m->n);
	case GROUP_ELECTION:
		out->election = &to->election;
		return group_decode_election(&out->head, &to->election, m->body, m->n) &&
		       !election_is_answer(&to->election.message);
	case GROUP_STATUS:
		out->status = &to->status;
		return group_decode_status_args(&to->status, m->body, m->n);
	case GROUP_JOIN:
	case GROUP_LEAVE:
	case GROUP_STEP_DOWN:
	case GROUP_RECOVER:
		out->change = &to->change;
		return group_decode_change(&to->change, m->body, m->n);
	}
	return false;
}

static size_t encode_poll(const struct context *x, const struct agent_reply *r, ts_ns arrival,
			  uint8_t *out)
{
	struct group_poll_result result = r->poll;

	result.head = r->head;
	result.ts2 = arrival;
	result.ts3 = clock_now(x->service.clock);
	return group_encode_poll_result(out, GROUP_BODY_MAX, &result);
}

/* With what the transports have counted. */
static size_t encode_status(const struct context *x, struct group_status *s, uint8_t *out)
{
	const struct counters *counters = &x->owner->counters;

	s->counts[GROUP_COUNT_RATE_LIMITED] = counters_read(counters, COUNTER_RATE_LIMITED);
	s->counts[GROUP_COUNT_DENIED] = counters_read(counters, COUNTER_DENIED);
	return group_encode_status(out, GROUP_BODY_MAX, s);
}

/* The length of the reply's body, or 0. */
static size_t encode(struct context *x, const struct agent_reply *r, ts_ns arrival)
{
	uint8_t *out = x->body;

	switch (r->proc) {
	case GROUP_POLL:
		return encode_poll(x, r, arrival, out);
	case GROUP_ADJUST:
		return group_encode_adjust_result(out, GROUP_BODY_MAX, &r->head, r->outcome);
	case GROUP_ELECTION:
		return group_encode_election_result(out, GROUP_BODY_MAX, &r->head,
						    r->election.has_answer ? &r->election.message
									   : NULL);
	case GROUP_STATUS:
		return encode_status(x, r->status, out);
	case GROUP_JOIN:
	case GROUP_LEAVE:
	case GROUP_STEP_DOWN:
	case GROUP_RECOVER:
		return group_encode_change_result(out, GROUP_BODY_MAX, &r->head, r->answer);
	}
	return 0;
}

/* --- calls --- */

static void refuse(const struct context *x, enum group_count what, member_id from, const char *why)
{
	const struct agent_event e = {
		.kind = AGENT_REFUSED,
		.refused = { .what = what, .from = from, .why = why },
	};

	(void)x->owner->setup.ask(x->owner->setup.arg, &e, NULL);
}

/* Verify the MAC, and only then decode the body. */
static bool open_call(const struct context *x, struct agent_call *call, union decoded *to,
		      const struct group_envelope *m, struct svc_req *rq)
{
	if (!group_check_call(m, x->mac, call->proc)) {
		refuse(x, GROUP_COUNT_BAD_MAC, MEMBER_NONE,
		       "a call has no MAC by a key of the group");
		svcerr_auth(rq->rq_xprt, AUTH_BADCRED);
		return false;
	}
	if (!group_decode_head(&call->head, m->body, m->n) || !decode(call, to, m)) {
		refuse(x, GROUP_COUNT_MALFORMED, MEMBER_NONE, "a call's body is none");
		svcerr_decode(rq->rq_xprt);
		return false;
	}
	return true;
}

/* False when the caller gets no answer, or an error that it has got. */
static bool ask(const struct context *x, const struct agent_event *e, struct agent_reply *reply,
		struct svc_req *rq)
{
	if (!x->owner->setup.ask(x->owner->setup.arg, e, reply)) {
		return false;
	}
	if (reply->misdirected) {
		svcerr_auth(rq->rq_xprt, AUTH_REJECTEDCRED);
	}
	return !reply->misdirected;
}

static bool_t serve(enum group_procedure proc, const timegroup_envelope *args,
		    timegroup_envelope *result, struct svc_req *rq)
{
	struct context *x = svc_message_context(rq);
	struct group_envelope call = { .key_id = args->key_id,
				       .body = (const uint8_t *)args->body.body_val,
				       .n = args->body.body_len };
	struct group_envelope answer = { .body = x->body };
	struct agent_event e = { .kind = AGENT_CALL, .call = { .proc = proc } };
	struct agent_reply reply;
	union decoded body;

	memcpy(call.mac, args->mac, MAC_SIZE);
	if (!open_call(x, &e.call, &body, &call, rq) || !ask(x, &e, &reply, rq)) {
		return FALSE;
	}
	answer.n = encode(x, &reply, svc_message_call(rq)->arrival);
	if (answer.n == 0 || group_authenticate_reply(&answer, x->mac, proc, call.mac) != 0) {
		svcerr_systemerr(rq->rq_xprt);
		return FALSE;
	}
	result->key_id = answer.key_id;
	result->body.body_val = (char *)x->body;
	result->body.body_len = (u_int)answer.n;
	memcpy(result->mac, answer.mac, MAC_SIZE);
	return TRUE;
}

bool_t timegroupproc_null_1_svc(void *result, struct svc_req *rq)
{
	(void)result;
	(void)rq;
	return TRUE;
}

#define PROCEDURE(name, which)                                                               \
	bool_t timegroup_##name##_1_svc(timegroup_envelope args, timegroup_envelope *result, \
					struct svc_req *rq)                                  \
	{                                                                                    \
		return serve((which), &args, result, rq);                                    \
	}

PROCEDURE(poll, GROUP_POLL)
PROCEDURE(adjust, GROUP_ADJUST)
PROCEDURE(election, GROUP_ELECTION)
PROCEDURE(join, GROUP_JOIN)
PROCEDURE(leave, GROUP_LEAVE)
PROCEDURE(status, GROUP_STATUS)
PROCEDURE(step_down, GROUP_STEP_DOWN)
PROCEDURE(recover, GROUP_RECOVER)

/* Results lie in the context. */
int timegroup_prog_1_freeresult(SVCXPRT *xprt, xdrproc_t decode_unused, caddr_t result)
{
	(void)xprt;
	(void)decode_unused;
	(void)result;
	return TRUE;
}

/* --- opened and closed --- */

static int open_admission(struct group_service *s, struct admission *admission, struct context *x,
			  bool local)
{
	x->service.clock = s->setup.clock;
	x->owner = s;
	x->mac = local ? NULL : s->setup.mac;
	*admission = (struct admission){
		.clock = s->setup.clock,
		.access = local ? &s->everyone : s->setup.access,
		.counters = &s->counters,
		.call_max = MESSAGE_MAX,
		.reply_max = MESSAGE_MAX,
	};
	return svc_message_open(&admission->message, programs,
				sizeof(programs) / sizeof(programs[0]), x);
}

static int limit_rate(struct group_service *s)
{
	const int64_t rate = s->setup.rate < RATE_MAX ? s->setup.rate : RATE_MAX;
	uint64_t seed;
	int rc;

	if (rate == 0) {
		return 0;
	}
	rc = entropy_fill(&seed, sizeof(seed));
	if (rc == 0) {
		ratelimit_init(&s->limiter, rate, rate, seed);
		s->admission.limiter = &s->limiter;
	}
	return rc;
}

static int open_local(struct group_service *s)
{
	int rc = open_admission(s, &s->local_admission, &s->local, true);

	if (rc == 0) {
		rc = svc_stream_open(&s->stream, &s->local_admission, &local_limits);
	}
	return rc == 0 ? svc_stream_listen(s->stream, s->setup.local_fd) : rc;
}

int group_service_open(struct group_service **out, const struct group_service_setup *setup)
{
	struct group_service *s = calloc(1, sizeof(*s));
	int rc;

	*out = s;
	if (!s) {
		return -ENOMEM;
	}
	s->setup = *setup;
	rc = open_admission(s, &s->admission, &s->shared, false);
	if (rc == 0) {
		rc = limit_rate(s);
	}
	if (rc == 0) {
		rc = svc_dgram_open(&s->dgram, setup->fd, &s->admission);
	}
	return rc == 0 && setup->local_fd >= 0 ? open_local(s) : rc;
}

void group_service_close(struct group_service *s)
{
	if (s) {
		svc_stream_close(s->stream);
		svc_message_close(s->local_admission.message);
		svc_dgram_close(s->dgram);
		svc_message_close(s->admission.message);
		free(s);
	}
}

void group_service_serve(struct group_service *s)
{
	svc_dgram_serve(s->dgram);
}

int group_service_local_fd(const struct group_service *s)
{
	return s->stream ? svc_stream_fd(s->stream) : -1;
}

void group_service_serve_local(struct group_service *s)
{
	svc_stream_serve(s->stream);
}

dur_ns group_service_expire(struct group_service *s, struct mono now)
{
	return svc_stream_expire(s->stream, now);
}
