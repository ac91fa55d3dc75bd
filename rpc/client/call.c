/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/call_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rpc/auth_mac.h"
#include "rpc/stamp.h"

static bool is_stream(const struct call *c)
{
	return c->target.socktype == SOCK_STREAM;
}

/* After this many messages that are not the awaited reply, other waiters get their turn. */
#define STRAYS_A_TURN 16

/* Whether a stream has brought more than an honest server can have sent. */
static bool is_senseless(const struct call *c)
{
	return is_stream(c) && c->counts.stray + c->counts.duplicate >= CALL_MAX_STRAYS;
}

/* Receive messages until the reply awaited is among them, or the deadline has passed. */
static int await_reply(struct call *c, struct mono deadline)
{
	for (unsigned i = 1;; i++) {
		int rc = is_stream(c) ? call_stream_receive(c, deadline)
				      : call_dgram_receive(c, deadline);

		if (rc != 0 || call_classify(c) == CALL_MATCH) {
			return rc;
		}
		if (is_senseless(c)) {
			return call_break(c, -EPROTO);
		}
		if (call_expired(c, deadline)) {
			return -ETIMEDOUT;
		}
		if (i % STRAYS_A_TURN == 0 && (rc = call_wait(c, POLLIN, deadline)) != 0) {
			return rc;
		}
	}
}

/* Of a call that begins now. */
static struct mono deadline_of(const struct call *c)
{
	const struct mono own = mono_add(clock_mono(c->clock), c->timeout);

	return c->limited && mono_since(own, c->end) > 0 ? c->end : own;
}

static enum clnt_stat op_call(CLIENT *client, rpcproc_t proc, xdrproc_t encode, void *args,
			      xdrproc_t decode, void *result, struct timeval stub_timeout)
{
	struct call *c = call_of(client);
	struct mono deadline;
	int rc;

	(void)stub_timeout;   /* the same 25 s for every program: call_open says better */
	if (c->broken != 0) { /* and c->error says why, since then */
		return c->error.re_status;
	}
	c->doubted = false;
	if (!call_encode(c, proc, encode, args)) {
		return c->error.re_status;
	}
	deadline = deadline_of(c);
	rc = is_stream(c) ? call_stream_send(c, deadline) : call_dgram_send(c, deadline);
	if (rc != 0) {
		return call_fail(c, rc == -ETIMEDOUT ? RPC_TIMEDOUT : RPC_CANTSEND, -rc);
	}
	c->counts.sent++;
	rc = await_reply(c, deadline);
	if (rc != 0) {
		c->counts.lost++;
		if (c->doubted && rc == -ETIMEDOUT) {
			return c->error.re_status;
		}
		return call_fail(c, rc == -ETIMEDOUT ? RPC_TIMEDOUT : RPC_CANTRECV, -rc);
	}
	return call_decode(c, decode, result);
}

static void op_abort(CLIENT *client)
{
	(void)client;
}

static void op_geterr(CLIENT *client, struct rpc_err *out)
{
	*out = call_of(client)->error;
}

static bool_t op_freeres(CLIENT *client, xdrproc_t decode, void *result)
{
	XDR xdr = { .x_op = XDR_FREE };

	(void)client;
	return decode(&xdr, result);
}

static void op_destroy(CLIENT *client)
{
	struct call *c = call_of(client);

	if (c->fd >= 0) { /* else it was never opened, or is broken */
		close(c->fd);
	}
	free(c->record.bytes);
	mac_close(c->mac);
	free(c);
}

static bool_t op_control(CLIENT *client, u_int request, void *info)
{
	struct call *c = call_of(client);
	const struct timeval *t = info;

	switch (request) {
	case CLSET_TIMEOUT:
		c->timeout = t->tv_sec * NS_PER_SEC + t->tv_usec * NS_PER_US;
		return TRUE;
	case CLGET_FD:
		*(int *)info = c->fd;
		return TRUE;
	case CLGET_VERS:
		*(rpcvers_t *)info = c->target.vers;
		return TRUE;
	case CLSET_VERS:
		c->target.vers = *(const rpcvers_t *)info;
		return TRUE;
	default:
		return FALSE;
	}
}

/* libtirpc declares the table without const, but never writes to it. */
static struct clnt_ops call_ops = {
	.cl_call = op_call,
	.cl_abort = op_abort,
	.cl_geterr = op_geterr,
	.cl_freeres = op_freeres,
	.cl_destroy = op_destroy,
	.cl_control = op_control,
};

int call_open(CLIENT **out, const struct call_target *target, struct clock *clock, dur_ns timeout)
{
	struct call *c = calloc(1, sizeof(*c));
	int rc;

	if (!c) {
		return -ENOMEM;
	}
	c->fd = -1;
	c->target = *target;
	c->target.keys = NULL; /* not ours to keep */
	c->clock = clock;
	c->timeout = timeout;
	c->client.cl_ops = &call_ops;
	c->client.cl_private = c;
	rc = target->keys ? mac_open(&c->mac, target->keys, AUTH_MAC_LABEL) : 0;
	if (rc == 0) {
		rc = call_connect(c);
	}
	if (rc != 0) {
		op_destroy(&c->client);
		return rc;
	}
	*out = &c->client;
	return 0;
}

void call_set_timeout(CLIENT *client, dur_ns timeout)
{
	call_of(client)->timeout = timeout;
}

void call_set_deadline(CLIENT *client, struct mono deadline)
{
	struct call *c = call_of(client);

	c->limited = true;
	c->end = deadline;
}

void call_stamp_tx(CLIENT *client, size_t argument_offset)
{
	struct call *c = call_of(client);

	c->stamp_next = true;
	c->stamp_offset = argument_offset;
}

int call_error(CLIENT *client)
{
	struct rpc_err e;

	clnt_geterr(client, &e);
	switch ((int)e.re_status) {
	case RPC_SUCCESS:
		return 0;
	case RPC_TIMEDOUT:
		return -ETIMEDOUT;
	case RPC_CANTSEND:
	case RPC_CANTRECV: /* one that hangs up may do so before the call is sent, or after */
		return e.re_errno == EPIPE ? -ECONNRESET : e.re_errno > 0 ? -e.re_errno : -EIO;
	case RPC_PROGVERSMISMATCH:
		return -EPROTONOSUPPORT;
	case RPC_PROCUNAVAIL:
		return -EOPNOTSUPP;
	default:
		return -EBADMSG;
	}
}

const char *call_error_text(int error)
{
	switch (error) {
	case EMSGSIZE:
		return "sent a record that is too long or in too many fragments";
	case ECONNABORTED:
		return "stopped in the middle of a message";
	case EPROTO:
		return "sent messages that answer nothing";
	default:
		return strerror(error);
	}
}

ts_ns call_departed(const CLIENT *client)
{
	return call_of(client)->departed;
}

int call_enable_transmit_stamps(CLIENT *client)
{
	struct call *c = call_of(client);
	int rc = is_stream(c) ? -EOPNOTSUPP : stamp_enable_tx(c->fd);

	c->transmit_stamps = rc == 0;
	return rc;
}

ts_ns call_transmitted(const CLIENT *client)
{
	return call_of(client)->transmitted;
}

ts_ns call_arrived(const CLIENT *client)
{
	return call_of(client)->arrived;
}

struct call_counts call_counts(CLIENT *client)
{
	struct call *c = call_of(client);
	const struct mono now = clock_mono(c->clock);

	/* Only datagrams arrive unasked; more than these are not worth counting. */
	for (int i = 0; !is_stream(c) && i < CALL_HISTORY; i++) {
		if (call_dgram_receive(c, now) != 0) {
			break;
		}
		(void)call_classify(c);
	}
	return c->counts;
}
