/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "rpc/client/call_private.h"
#include "rpc/auth_mac.h"
#include "rpc/wire.h"
#include "os/entropy.h"

#define MIN_REPLY_SIZE 8 /* xid and direction */

static void remember(struct call *c, uint32_t xid)
{
	c->newest = (c->newest + 1) % CALL_HISTORY;
	c->past[c->newest] = (struct call_past){ .xid = xid, .sent = true };
}

/* Put the header of a call into c->out. 0 or -errno. */
static int put_header(struct call *c, uint32_t xid, rpcproc_t proc)
{
	if (c->mac) {
		return auth_mac_put_call(c->mac, c->out, xid, c->target.prog, c->target.vers, proc);
	}
	wire_put_call(c->out, xid, c->target.prog, c->target.vers, proc);
	return 0;
}

bool call_encode(struct call *c, rpcproc_t proc, xdrproc_t encode, void *args)
{
	const size_t head = c->mac ? AUTH_MAC_CALL_SIZE : WIRE_CALL_SIZE;
	XDR xdr;
	uint32_t xid;
	int rc = entropy_fill(&xid, sizeof(xid));

	if (rc == 0) {
		rc = put_header(c, xid, proc);
	}
	if (rc != 0) {
		call_fail(c, RPC_CANTSEND, -rc);
		return false;
	}
	xdrmem_create(&xdr, (char *)c->out + head, (u_int)(sizeof(c->out) - head), XDR_ENCODE);
	if (!encode(&xdr, args)) {
		call_fail(c, RPC_CANTENCODEARGS, 0);
		return false;
	}
	c->out_len = head + xdr_getpos(&xdr);
	c->out_tx_at = c->stamp_next ? head + c->stamp_offset : 0;
	c->stamp_next = false;
	remember(c, xid);
	return true;
}

void call_depart(struct call *c)
{
	c->departed = clock_now(c->clock);
	c->transmitted = 0;
	if (c->out_tx_at > 0) {
		wire_put_ts(c->out + c->out_tx_at, c->departed);
	}
	if (c->mac) {
		auth_mac_finish_call(c->mac, c->out, c->out_len);
	}
}

static struct call_past *find_past(struct call *c, uint32_t xid)
{
	for (unsigned i = 0; i < CALL_HISTORY; i++) {
		if (c->past[i].sent && c->past[i].xid == xid) {
			return &c->past[i];
		}
	}
	return NULL;
}

/* A reply with the xid of the call is not authentic: note the error, in case no other follows. */
static void doubt(struct call *c)
{
	const enum clnt_stat status = call_decode(c, wire_void, NULL);

	c->doubted = true;
	if (status == RPC_SUCCESS || status == RPC_CANTDECODERES) {
		call_fail(c, RPC_AUTHERROR, 0);
		c->error.re_why = AUTH_INVALIDRESP;
	}
}

enum call_match call_classify(struct call *c)
{
	struct call_past *past;

	if (c->in_len < MIN_REPLY_SIZE || wire_get_u32(c->in + 4) != REPLY) {
		c->counts.stray++;
		return CALL_NO_MATCH;
	}
	past = find_past(c, wire_get_u32(c->in));
	if (!past) {
		c->counts.stray++;
		return CALL_NO_MATCH;
	}
	if (past->answered) {
		c->counts.duplicate++;
		return CALL_NO_MATCH;
	}
	if (past != &c->past[c->newest]) {
		past->answered = true;
		c->counts.late++;
		return CALL_NO_MATCH;
	}
	if (c->mac && !auth_mac_open_reply(c->mac, c->out, c->out_len, c->in, &c->in_len)) {
		c->counts.stray++;
		doubt(c);
		return CALL_NO_MATCH;
	}
	past->answered = true;
	c->counts.received++;
	return CALL_MATCH;
}

enum clnt_stat call_decode(struct call *c, xdrproc_t decode, void *result)
{
	char verf[MAX_AUTH_BYTES];
	struct rpc_msg msg;
	XDR xdr;

	memset(&msg, 0, sizeof(msg));
	msg.acpted_rply.ar_verf.oa_base = verf;
	msg.acpted_rply.ar_results.where = result;
	msg.acpted_rply.ar_results.proc = decode;
	xdrmem_create(&xdr, (char *)c->in, (u_int)c->in_len, XDR_DECODE);
	if (!xdr_replymsg(&xdr, &msg) || xdr_getpos(&xdr) != c->in_len) {
		xdr_free(decode, result); /* free a partly decoded result */
		return call_fail(c, RPC_CANTDECODERES, 0);
	}
	_seterr_reply(&msg, &c->error);
	return c->error.re_status;
}

enum clnt_stat call_fail(struct call *c, enum clnt_stat status, int error)
{
	memset(&c->error, 0, sizeof(c->error));
	c->error.re_status = status;
	c->error.re_errno = error;
	return status;
}
