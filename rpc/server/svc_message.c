/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/svc_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/auth_mac.h"
#include "rpc/wire.h"

/* xid, REPLY, MSG_ACCEPTED, an empty verifier (flavour and length), SUCCESS: then the result. */
#define ACCEPTED_HEADER_SIZE 24

struct svc_message {
	SVCXPRT xprt;
	const struct svc_program *programs;
	size_t n_programs;
	void *context;
	struct mac *mac;                     /* null: authenticated calls are refused */
	bool authenticated_only;             /* others are, but NULL */
	char accepted[ACCEPTED_HEADER_SIZE]; /* of every reply with a result, except the xid */

	/* Of the message being answered. */
	const struct svc_call *call;
	struct svc_reply *reply;
	struct rpc_msg msg;
	uint32_t xid;
	bool authentic;
	XDR in; /* follows the call's header */
	char cred[MAX_AUTH_BYTES];
	char verf[MAX_AUTH_BYTES];
};

static struct svc_message *of(const SVCXPRT *x)
{
	return x->xp_p1;
}

/* The dispatcher is handed its message whole; there is nothing to receive or to wait for. */
static bool_t op_recv(SVCXPRT *x, struct rpc_msg *msg)
{
	(void)x;
	(void)msg;
	return FALSE;
}

static enum xprt_stat op_stat(SVCXPRT *x)
{
	(void)x;
	return XPRT_IDLE;
}

static bool_t op_getargs(SVCXPRT *x, xdrproc_t decode, void *args)
{
	struct svc_message *m = of(x);

	return decode(&m->in, args) && xdr_getpos(&m->in) == m->call->len;
}

static bool_t op_freeargs(SVCXPRT *x, xdrproc_t decode, void *args)
{
	XDR xdr = { .x_op = XDR_FREE };

	(void)x;
	return decode(&xdr, args);
}

static enum svc_outcome outcome_of(const struct rpc_msg *msg)
{
	if (msg->rm_reply.rp_stat == MSG_ACCEPTED && msg->acpted_rply.ar_stat == SUCCESS) {
		return SVC_RESULT;
	}
	return msg->rm_reply.rp_stat == MSG_DENIED ? SVC_CREDENTIALS : SVC_ERROR;
}

/* Have libtirpc encode, once, the header of all replies with a result. */
static void prepare_header(struct svc_message *m)
{
	struct rpc_msg msg = { .rm_direction = REPLY };
	XDR xdr;

	msg.rm_reply.rp_stat = MSG_ACCEPTED;
	msg.acpted_rply.ar_verf = _null_auth;
	msg.acpted_rply.ar_stat = SUCCESS;
	msg.acpted_rply.ar_results.proc = wire_void;
	xdrmem_create(&xdr, m->accepted, sizeof(m->accepted), XDR_ENCODE);
	(void)xdr_replymsg(&xdr, &msg); /* it fits: that is RFC 5531 */
}

/* A result after the existing header, or an error as libtirpc encodes it. */
static bool encode_reply(struct svc_message *m, XDR *xdr, struct rpc_msg *msg)
{
	if (outcome_of(msg) != SVC_RESULT) {
		return xdr_replymsg(xdr, msg);
	}
	return xdr_opaque(xdr, m->accepted, sizeof(m->accepted)) &&
	       msg->acpted_rply.ar_results.proc(xdr, msg->acpted_rply.ar_results.where);
}

static size_t reply_room(const struct svc_message *m)
{
	return m->reply->large ? m->call->reply_max : sizeof(m->reply->bytes);
}

/* Have the reply authenticated when it is complete, if it has room for that. */
static void authenticate(struct svc_message *m)
{
	struct svc_reply *reply = m->reply;
	const size_t more = auth_mac_widen_reply(svc_reply_bytes(reply), &reply->len, reply_room(m),
						 m->call->len);

	if (more > 0) {
		reply->mac = m->mac;
		reply->call = m->call->bytes;
		reply->tx_at += reply->tx_at > 0 ? more : 0;
	}
}

static bool_t op_reply(SVCXPRT *x, struct rpc_msg *msg)
{
	struct svc_message *m = of(x);
	const size_t max = reply_room(m);
	uint8_t *bytes = svc_reply_bytes(m->reply);
	XDR xdr;

	xdrmem_create(&xdr, (char *)bytes, (u_int)max, XDR_ENCODE);
	if (!encode_reply(m, &xdr, msg)) {
		m->reply->len = 0;
		return FALSE;
	}
	wire_put_u32(bytes, m->xid);
	m->reply->len = xdr_getpos(&xdr);
	m->reply->outcome = outcome_of(msg);
	if (m->authentic) {
		authenticate(m);
	}
	return TRUE;
}

static void op_destroy(SVCXPRT *x)
{
	(void)x;
}

static bool_t op_control(SVCXPRT *x, const u_int request, void *arg)
{
	(void)x;
	(void)request;
	(void)arg;
	return FALSE;
}

static const struct xp_ops message_ops = {
	.xp_recv = op_recv,
	.xp_stat = op_stat,
	.xp_getargs = op_getargs,
	.xp_reply = op_reply,
	.xp_freeargs = op_freeargs,
	.xp_destroy = op_destroy,
};

static const struct xp_ops2 message_ops2 = { .xp_control = op_control };

int svc_message_open(struct svc_message **out, const struct svc_program *programs, size_t n,
		     void *context)
{
	struct svc_message *m = calloc(1, sizeof(*m));

	if (!m) {
		return -ENOMEM;
	}
	m->xprt.xp_fd = -1;
	m->xprt.xp_ops = &message_ops;
	m->xprt.xp_ops2 = &message_ops2;
	m->xprt.xp_p1 = m;
	m->programs = programs;
	m->n_programs = n;
	m->context = context;
	prepare_header(m);
	*out = m;
	return 0;
}

void svc_message_close(struct svc_message *m)
{
	free(m);
}

void svc_message_authenticate(struct svc_message *m, struct mac *mac, bool only)
{
	m->mac = mac;
	m->authenticated_only = only;
}

/* The dispatcher of that version, or null with the error already answered. */
static const struct svc_program *find_program(struct svc_message *m, rpcprog_t prog, rpcvers_t vers)
{
	rpcvers_t low = UINT32_MAX, high = 0;

	for (size_t i = 0; i < m->n_programs; i++) {
		const struct svc_program *p = &m->programs[i];

		if (p->prog != prog) {
			continue;
		}
		if (p->vers == vers) {
			return p;
		}
		low = p->vers < low ? p->vers : low;
		high = p->vers > high ? p->vers : high;
	}
	if (low > high) {
		svcerr_noprog(&m->xprt);
	} else {
		svcerr_progvers(&m->xprt, low, high);
	}
	return NULL;
}

/* Decode the call's header from its own octets. */
static bool decode_header(struct svc_message *m)
{
	struct rpc_msg *msg = &m->msg;

	memset(msg, 0, sizeof(*msg));
	msg->rm_call.cb_cred.oa_base = m->cred;
	msg->rm_call.cb_verf.oa_base = m->verf;
	/* XDR_DECODE does not write to its buffer. */
	xdrmem_create(&m->in, (char *)(uintptr_t)m->call->bytes, (u_int)m->call->len, XDR_DECODE);
	return xdr_callmsg(&m->in, msg) && msg->rm_direction == CALL &&
	       msg->rm_call.cb_rpcvers == RPC_MSG_VERSION;
}

bool svc_message_begin(struct svc_message *m, const struct svc_call *call, struct svc_reply *reply)
{
	m->call = call;
	m->reply = reply;
	reply->len = 0;
	reply->tx_at = 0;
	reply->remember = false;
	reply->mac = NULL;
	reply->large = call->reply;
	reply->outcome = SVC_NO_CALL;
	if (!decode_header(m)) {
		return false;
	}
	m->xid = m->msg.rm_xid;
	reply->proc = m->msg.rm_call.cb_proc;
	return true;
}

/* Whether the call may be answered, by its credentials. */
static enum auth_stat judge_credentials(const struct svc_message *m)
{
	const struct call_body *head = &m->msg.rm_call;

	switch (head->cb_cred.oa_flavor) {
	case AUTH_NONE:
	case AUTH_SYS: /* a claim that nobody here asks about, and its body is not even parsed */
		return m->authenticated_only && head->cb_proc != NULLPROC ? AUTH_TOOWEAK : AUTH_OK;
	case AUTH_MAC:
		return m->mac ? auth_mac_check_call(m->mac, m->call->bytes, m->call->len)
			      : AUTH_REJECTEDCRED;
	default:
		return AUTH_REJECTEDCRED;
	}
}

bool svc_message_finish(struct svc_message *m)
{
	const struct call_body *head = &m->msg.rm_call;
	struct svc_reply *reply = m->reply;
	struct svc_req rq;
	const enum auth_stat stat = judge_credentials(m);
	const struct svc_program *p;

	m->xprt.xp_verf = _null_auth;
	m->authentic = stat == AUTH_OK && head->cb_cred.oa_flavor == AUTH_MAC;
	if (stat != AUTH_OK) {
		svcerr_auth(&m->xprt, stat);
		return reply->len > 0;
	}
	p = find_program(m, head->cb_prog, head->cb_vers);
	if (p) {
		memset(&rq, 0, sizeof(rq));
		rq.rq_prog = head->cb_prog;
		rq.rq_vers = head->cb_vers;
		rq.rq_proc = head->cb_proc;
		rq.rq_cred = head->cb_cred;
		rq.rq_xprt = &m->xprt;
		p->dispatch(&rq, &m->xprt);
	}
	return reply->len > 0;
}

bool svc_message_answer(struct svc_message *m, const struct svc_call *call, struct svc_reply *reply)
{
	return svc_message_begin(m, call, reply) && svc_message_finish(m);
}

void svc_reply_depart(struct svc_reply *reply, ts_ns now)
{
	if (reply->tx_at > 0) {
		wire_put_ts(svc_reply_bytes(reply) + reply->tx_at, now);
	}
	if (reply->mac) {
		auth_mac_finish_reply(reply->mac, reply->call, svc_reply_bytes(reply), reply->len);
	}
}

void *svc_message_context(const struct svc_req *rq)
{
	return of(rq->rq_xprt)->context;
}

const struct svc_call *svc_message_call(const struct svc_req *rq)
{
	return of(rq->rq_xprt)->call;
}

void svc_message_stamp_tx(const struct svc_req *rq, size_t result_offset)
{
	of(rq->rq_xprt)->reply->tx_at = ACCEPTED_HEADER_SIZE + result_offset;
}

void svc_message_remember(const struct svc_req *rq)
{
	of(rq->rq_xprt)->reply->remember = true;
}

ts_ns svc_message_tx_stamp(const struct svc_req *rq, ts_ns arrival)
{
	const struct svc_call *call = svc_message_call(rq);

	return call->tx_stamps ? tx_stamps_find(call->tx_stamps, call->peer, arrival) : 0;
}
