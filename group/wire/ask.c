/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/wire/ask.h"

#include <errno.h>
#include <string.h>

#include "core/printable.h"
#include "rpc/client/call.h"
#include "timegroup.h"

#define FIRST_PAGE 12

static int error_of(const struct rpc_err *e)
{
	switch ((int)e->re_status) {
	case RPC_TIMEDOUT:
		return -ETIMEDOUT;
	case RPC_AUTHERROR:
		return -EACCES;
	case RPC_CANTSEND:
	case RPC_CANTRECV:
		/* A local daemon that hangs up does not serve us, before the call or after. */
		return e->re_errno == EPIPE ? -ECONNRESET : e->re_errno > 0 ? -e->re_errno : -EIO;
	default:
		return -EBADMSG;
	}
}

static int call(CLIENT *client, enum group_procedure proc, timegroup_envelope *args,
		timegroup_envelope *result)
{
	const struct timeval unused = { .tv_sec = 0 }; /* the handle has a timeout of its own */
	struct rpc_err error;

	memset(result, 0, sizeof(*result));
	if (clnt_call(client, (rpcproc_t)proc, (xdrproc_t)xdr_timegroup_envelope, (char *)args,
		      (xdrproc_t)xdr_timegroup_envelope, (char *)result, unused) == RPC_SUCCESS) {
		return 0;
	}
	clnt_geterr(client, &error);
	return error_of(&error);
}

/* Verify the result and copy its body to `out`, of GROUP_BODY_MAX octets. The length or -errno. */
static int open_result(const struct group_asker *asker, enum group_procedure proc,
		       const timegroup_envelope *result, const uint8_t *call_mac, uint8_t *out)
{
	struct group_envelope m = {
		.key_id = result->key_id,
		.body = (const uint8_t *)result->body.body_val,
		.n = result->body.body_len,
	};

	memcpy(m.mac, result->mac, MAC_SIZE);
	if (!group_check_reply(&m, asker->mac, proc, call_mac)) {
		return -EBADMSG;
	}
	memcpy(out, m.body, m.n);
	return (int)m.n;
}

/* Send a body, and get one back into `out`. Its length or -errno. */
static int ask(const struct group_asker *asker, enum group_procedure proc, const uint8_t *body,
	       size_t n, uint8_t *out)
{
	const struct call_target target = {
		.to = asker->at,
		.socktype = asker->at.sa.ss_family == AF_UNIX ? SOCK_STREAM : SOCK_DGRAM,
		.prog = TIMEGROUP_PROG,
		.vers = TIMEGROUP_V1,
	};
	const struct mono end = mono_add(clock_mono(asker->clock), asker->timeout);
	struct group_envelope m = { .body = body, .n = n };
	timegroup_envelope args, result;
	CLIENT *client;
	int rc = group_authenticate_call(&m, asker->mac, proc);

	if (rc == 0) {
		rc = call_open(&client, &target, asker->clock, asker->timeout);
	}
	if (rc != 0) {
		return rc;
	}
	call_set_deadline(client, end);
	args.key_id = m.key_id;
	args.body.body_val = (char *)(uintptr_t)body;
	args.body.body_len = (u_int)n;
	memcpy(args.mac, m.mac, MAC_SIZE);
	rc = call(client, proc, &args, &result);
	if (rc == 0) {
		rc = open_result(asker, proc, &result, m.mac, out);
	}
	xdr_free((xdrproc_t)xdr_timegroup_envelope, (char *)&result);
	clnt_destroy(client);
	return rc;
}

int group_ask_status(struct group_status *out, const struct group_asker *asker, uint32_t first)
{
	/* The members of most groups fit into a first answer that need not be sent in parts. */
	const struct group_status_args args = {
		.head = { .from = MEMBER_NONE },
		.once = group_nonce(),
		.first = first,
		.members = first == 0 ? FIRST_PAGE : GROUP_PAGE,
	};
	uint8_t body[GROUP_BODY_MAX];
	int n = (int)group_encode_status_args(body, sizeof(body), &args);

	n = ask(asker, GROUP_STATUS, body, (size_t)n, body);
	if (n < 0) {
		return n;
	}
	if (!group_decode_status(out, body, (size_t)n)) {
		return -EBADMSG;
	}
	printable_mask(out->head.group); /* not all that can be sent is a group's name */
	return 0;
}

int group_ask_members(struct group_member_status *out, const struct group_asker *asker,
		      const struct group_status *s)
{
	const struct mono end = mono_add(clock_mono(asker->clock), asker->timeout);
	struct group_asker rest = *asker;
	struct group_status page = *s;
	size_t n = 0;

	while (page.n > 0 && n + page.n <= MEMBERS_MAX) {
		int rc;

		memcpy(out + n, page.members, page.n * sizeof(*out));
		n += page.n;
		if (n >= page.total) {
			break;
		}
		rest.timeout = mono_since(end, clock_mono(asker->clock));
		rc = rest.timeout > 0 ? group_ask_status(&page, &rest, (uint32_t)n) : -ETIMEDOUT;
		if (rc != 0) {
			return rc;
		}
	}
	return (int)n;
}

int group_ask_change(enum group_answer *out, const struct group_asker *asker,
		     const struct group_status *status, enum group_procedure proc,
		     const struct address *address)
{
	struct group_change change = { .head = status->head, .nonce = status->nonce };
	uint8_t body[GROUP_BODY_MAX];
	struct group_head head;
	int n;

	change.head.to = status->head.from;
	change.head.from = MEMBER_NONE;
	if (address) {
		change.address = group_member_address(address);
	}
	n = (int)group_encode_change(body, sizeof(body), &change);
	n = ask(asker, proc, body, (size_t)n, body);
	if (n < 0) {
		return n;
	}
	return group_decode_change_result(&head, out, body, (size_t)n) ? 0 : -EBADMSG;
}
