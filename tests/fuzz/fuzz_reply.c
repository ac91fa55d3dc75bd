/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages to a client: whether one is accepted as the awaited reply, and its result.
 *
 * Input: an octet that names the procedure called, and the message.
 */
#include <string.h>

#include "rpc/client/call_private.h"
#include "rpc/wire.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/fake_clock.h"
#include "tests/support/message.h"
#include "timesync.h"
#include "timesync_status.h"

#include <rpc/rpcb_prot.h>

#define XID 0x12345678

#define ANY_LENGTH SIZE_MAX
#define MAX_RESULT 1024

/* The procedures that this program calls, and the length of their encoded results. */
static const struct procedure {
	xdrproc_t decode;
	size_t length;
} procedures[] = {
	{ wire_void, 0 },
	{ (xdrproc_t)xdr_timesync_stamps, 24 },
	{ (xdrproc_t)xdr_timesync_time, 24 },
	{ (xdrproc_t)xdr_timesync_interleaved, 32 },
	{ (xdrproc_t)xdr_timesync_status, ANY_LENGTH },
	{ (xdrproc_t)xdr_bool, 4 },
	{ (xdrproc_t)xdr_wrapstring, ANY_LENGTH },
	{ (xdrproc_t)xdr_rpcblist_ptr, ANY_LENGTH },
};

#define PROCEDURES (sizeof(procedures) / sizeof(procedures[0]))

union result {
	uint8_t bytes[MAX_RESULT];
	max_align_t align;
};

static void open_call(struct call *c, struct clock *clock)
{
	memset(c, 0, offsetof(struct call, mark));
	c->fd = -1;
	c->clock = clock;
	FUZZ_REQUIRE(call_encode(c, 1, wire_void, NULL));
	c->past[c->newest].xid = XID;
}

/* Put the message where it would have been received, behind something else. */
static void receive(struct call *c, const uint8_t *data, size_t size, uint8_t before)
{
	memset(c->in, before, size + 64 < sizeof(c->in) ? size + 64 : sizeof(c->in));
	memcpy(c->in, data, size);
	c->in_len = size;
}

static unsigned sum(const struct call_counts *n)
{
	return n->received + n->late + n->duplicate + n->stray;
}

static void check_classification(struct call *c, const uint8_t *data, size_t size)
{
	const bool is_reply = size >= 8 && wire_get_u32(data + REPLY_TYPE_AT) == REPLY;
	const bool is_mine = is_reply && wire_get_u32(data + REPLY_XID_AT) == XID;

	FUZZ_REQUIRE((call_classify(c) == CALL_MATCH) == is_mine);
	FUZZ_REQUIRE(c->counts.received == is_mine);
	FUZZ_REQUIRE(call_classify(c) == CALL_NO_MATCH);
	FUZZ_REQUIRE(c->counts.duplicate == is_mine);
	FUZZ_REQUIRE(sum(&c->counts) == 2);
}

/* A reply with this procedure's result, to the last octet. */
static void check_success(const struct procedure *p, const uint8_t *data, size_t size)
{
	size_t verifier;

	FUZZ_REQUIRE(size >= REPLY_HEADER_SIZE);
	FUZZ_REQUIRE(wire_get_u32(data + REPLY_TYPE_AT) == REPLY);
	FUZZ_REQUIRE(wire_get_u32(data + REPLY_STAT_AT) == MSG_ACCEPTED);
	verifier = (wire_get_u32(data + 16) + 3) / 4 * 4;
	FUZZ_REQUIRE(verifier <= size - REPLY_HEADER_SIZE);
	FUZZ_REQUIRE(wire_get_u32(data + REPLY_ACCEPT_STAT_AT + verifier) == SUCCESS);
	FUZZ_REQUIRE(p->length == ANY_LENGTH || size == REPLY_HEADER_SIZE + verifier + p->length);
}

/* Decode the reply, as a caller that looks at the result only if there is one. */
static enum clnt_stat decode(struct call *c, const struct procedure *p, union result *result)
{
	enum clnt_stat status;
	struct rpc_err error;

	memset(result, 0, sizeof(*result));
	status = call_decode(c, p->decode, result);
	error = c->error;
	FUZZ_REQUIRE(error.re_status == status);
	return status;
}

static void release(const struct procedure *p, enum clnt_stat status, union result *result)
{
	if (status == RPC_SUCCESS) {
		xdr_free(p->decode, result);
	}
}

static void check_decoding(struct call *c, const struct procedure *p, const uint8_t *data,
			   size_t size)
{
	static union result first, second;
	enum clnt_stat status;

	receive(c, data, size, 0x00);
	status = decode(c, p, &first);
	if (status == RPC_SUCCESS) {
		check_success(p, data, size);
	}
	/* Earlier messages make no difference. */
	receive(c, data, size, 0xff);
	FUZZ_REQUIRE(decode(c, p, &second) == status);
	if (p->length != ANY_LENGTH) {
		FUZZ_REQUIRE(memcmp(first.bytes, second.bytes, sizeof(first.bytes)) == 0);
	}
	release(p, status, &first);
	release(p, status, &second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct call c;
	struct fake_clock clock;

	if (size == 0 || size - 1 > sizeof(c.in)) {
		return 0;
	}
	fake_clock_init(&clock, 0);
	open_call(&c, &clock.clock);
	receive(&c, data + 1, size - 1, 0);
	check_classification(&c, data + 1, size - 1);
	check_decoding(&c, &procedures[data[0] % PROCEDURES], data + 1, size - 1);
	return 0;
}
