/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram, from the decoding of its header to the reply, under the dispatcher and the service
 * that the daemon has. The expected reply is computed here again, in another way.
 */
#include <string.h>

#include "rpc/wire.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/served.h"

#define ARRIVAL (SERVED_NOW - 5000)
#define TX_TIME (SERVED_NOW + 7000)

/* RFC 5531, section 9, and what of it this server uses. */
#define HEAD_SIZE 24
enum { REJECTED_CRED = 2 };

/* The request of a call, as far as its octets define one. */
struct asked {
	bool is_call; /* the whole header is there */
	uint32_t flavour, prog, vers, proc;
	const uint8_t *args;
	size_t args_len;
};

/* The end of the credential or verifier at `at`, or 0 if it is not there. */
static size_t behind_auth(const uint8_t *data, size_t size, size_t at)
{
	size_t len;

	if (at == 0 || size - at < 8) {
		return 0;
	}
	len = wire_get_u32(data + at + 4);
	at += 8;
	if (len > MAX_AUTH_BYTES || size - at < (len + 3) / 4 * 4) {
		return 0;
	}
	return at + (len + 3) / 4 * 4;
}

static struct asked understand(const uint8_t *data, size_t size)
{
	struct asked a = { .is_call = false };
	size_t args;

	if (size < HEAD_SIZE || wire_get_u32(data + CALL_TYPE_AT) != CALL ||
	    wire_get_u32(data + CALL_RPCVERS_AT) != RPC_MSG_VERSION) {
		return a;
	}
	args = behind_auth(data, size, behind_auth(data, size, HEAD_SIZE));
	if (args == 0) {
		return a;
	}
	return (struct asked){
		.is_call = true,
		.flavour = wire_get_u32(data + CALL_FLAVOUR_AT),
		.prog = wire_get_u32(data + CALL_PROG_AT),
		.vers = wire_get_u32(data + CALL_VERS_AT),
		.proc = wire_get_u32(data + CALL_PROC_AT),
		.args = data + args,
		.args_len = size - args,
	};
}

static bool valid_ts(const uint8_t *at)
{
	return wire_get_u32(at) < UINT32_C(1) << 30;
}

static bool right_arguments(const struct asked *a)
{
	switch (a->proc) {
	case GET_TIMESTAMPS:
		return a->args_len == 8 && valid_ts(a->args);
	case GET_TIMESTAMPS_INTERLEAVED:
		return a->args_len == 16 && valid_ts(a->args) && valid_ts(a->args + 8);
	default:
		return a->args_len == 0;
	}
}

static enum accept_stat right_status(const struct asked *a)
{
	if (a->prog != TIMESYNC_PROG) {
		return PROG_UNAVAIL;
	}
	if (a->vers != TIMESYNC_V1) {
		return PROG_MISMATCH;
	}
	if (a->proc > GET_TIMESTAMPS_INTERLEAVED) {
		return PROC_UNAVAIL;
	}
	return right_arguments(a) ? SUCCESS : GARBAGE_ARGS;
}

static bool is_ts(const uint8_t *at, ts_ns expected)
{
	uint8_t bytes[8];

	wire_put_ts(bytes, expected);
	return memcmp(at, bytes, sizeof(bytes)) == 0;
}

static void check_stamps(const struct asked *a, const uint8_t *result)
{
	FUZZ_REQUIRE(memcmp(result, a->args, 8) == 0); /* the echo */
	FUZZ_REQUIRE(is_ts(result + 8, ARRIVAL));
	FUZZ_REQUIRE(is_ts(result + 16, TX_TIME));
}

/* `result` is behind the header of a reply that says SUCCESS. */
static void check_result(const struct asked *a, const uint8_t *result, size_t len)
{
	switch (a->proc) {
	case TIMESYNCPROC_NULL:
		FUZZ_REQUIRE(len == 0);
		break;
	case GET_TIMESTAMPS:
		FUZZ_REQUIRE(len == 24);
		check_stamps(a, result);
		break;
	case GET_TIME:
		FUZZ_REQUIRE(len == 24);
		FUZZ_REQUIRE(is_ts(result, TX_TIME));
		break;
	default:
		FUZZ_REQUIRE(len == 32);
		check_stamps(a, result);
		FUZZ_REQUIRE(is_ts(result + 24, 0)); /* nobody has remembered anything */
	}
}

static void check_accepted(const struct asked *a, const struct svc_reply *reply)
{
	const enum accept_stat status = right_status(a);
	const size_t len = reply->len - REPLY_HEADER_SIZE;

	FUZZ_REQUIRE(reply->len >= REPLY_HEADER_SIZE);
	FUZZ_REQUIRE(wire_get_u32(reply->bytes + 12) == AUTH_NONE);
	FUZZ_REQUIRE(wire_get_u32(reply->bytes + 16) == 0);
	FUZZ_REQUIRE(wire_get_u32(reply->bytes + REPLY_ACCEPT_STAT_AT) == status);
	FUZZ_REQUIRE(reply->outcome == (status == SUCCESS ? SVC_RESULT : SVC_ERROR));
	if (status == SUCCESS) {
		check_result(a, reply->bytes + REPLY_HEADER_SIZE, len);
	} else if (status == PROG_MISMATCH) {
		FUZZ_REQUIRE(len == 8 && wire_get_u32(reply->bytes + 24) == TIMESYNC_V1 &&
			     wire_get_u32(reply->bytes + 28) == TIMESYNC_V1);
	} else {
		FUZZ_REQUIRE(len == 0);
	}
}

static void check_reply(const struct asked *a, const uint8_t *data, size_t size,
			const struct svc_reply *reply)
{
	FUZZ_REQUIRE(reply->len * 10 <= size * 13); /* never an amplifier */
	FUZZ_REQUIRE(reply->len >= 20);
	FUZZ_REQUIRE(memcmp(reply->bytes, data, 4) == 0); /* xid */
	FUZZ_REQUIRE(wire_get_u32(reply->bytes + REPLY_TYPE_AT) == REPLY);
	if (a->flavour == AUTH_NONE || a->flavour == AUTH_SYS) {
		FUZZ_REQUIRE(wire_get_u32(reply->bytes + REPLY_STAT_AT) == MSG_ACCEPTED);
		check_accepted(a, reply);
		return;
	}
	FUZZ_REQUIRE(reply->outcome == SVC_CREDENTIALS);
	FUZZ_REQUIRE(reply->len == 20);
	FUZZ_REQUIRE(wire_get_u32(reply->bytes + REPLY_STAT_AT) == MSG_DENIED);
	FUZZ_REQUIRE(wire_get_u32(reply->bytes + 12) == AUTH_ERROR);
	FUZZ_REQUIRE(wire_get_u32(reply->bytes + 16) == REJECTED_CRED);
}

static void answer(struct served *s, const uint8_t *data, size_t size, struct svc_reply *reply)
{
	const struct svc_call call = { .bytes = data, .len = size, .arrival = ARRIVAL };

	memset(reply, 0, sizeof(*reply));
	FUZZ_REQUIRE(svc_message_answer(s->admission.message, &call, reply) == (reply->len > 0));
	FUZZ_REQUIRE(reply->len <= sizeof(reply->bytes));
	svc_reply_depart(reply, TX_TIME);
}

/* A call with everything in it, to have been there before. */
static void answer_another(struct served *s)
{
	struct message m = message_call(0xa5a5a5a5, TIMESYNC_PROG, TIMESYNC_V1, GET_TIMESTAMPS);
	struct svc_reply reply;

	m.len = HEAD_SIZE;
	message_u32(&m, AUTH_SYS);
	message_opaque(&m, "another client's secret", 24);
	message_u32(&m, AUTH_NONE);
	message_opaque(&m, "another client's verifier", 24);
	message_u64(&m, 0x2a5a5a5a5a5a5a5a);
	answer(s, m.bytes, m.len, &reply);
	FUZZ_REQUIRE(reply.outcome == SVC_RESULT);
}

static void check(struct served *s, const uint8_t *data, size_t size)
{
	const struct asked asked = understand(data, size);
	struct svc_reply reply, again, none;

	answer(s, data, size, &reply);
	FUZZ_REQUIRE((reply.len > 0) == asked.is_call);
	if (!asked.is_call) {
		FUZZ_REQUIRE(reply.outcome == SVC_NO_CALL);
		return;
	}
	check_reply(&asked, data, size, &reply);

	/* Nothing of an earlier call is in this reply. */
	answer_another(s);
	answer(s, data, size, &again);
	FUZZ_REQUIRE(again.len == reply.len && memcmp(again.bytes, reply.bytes, reply.len) == 0);

	/* No two servers can be set upon each other. */
	answer(s, reply.bytes, reply.len, &none);
	FUZZ_REQUIRE(none.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct served s;

	size = size < SVC_CALL_MAX ? size : SVC_CALL_MAX; /* as the transport does */
	FUZZ_REQUIRE(served_open(&s) == 0);
	check(&s, data, size);
	if (size > 0) {
		check(&s, data, size - 1);
	}
	served_close(&s);
	return 0;
}
