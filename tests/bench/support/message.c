/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/bench/support/message.h"

#include <string.h>

#include "rpc/client/exchange.h"
#include "rpc/wire.h"

#define GET_TIMESTAMPS 1
#define RPC_VERSION    2
#define RPC_REPLY      1

#define NTP_VERSION_4   (4 << 3)
#define NTP_MODE_CLIENT 3
#define NTP_MODE_SERVER 4
#define NTP_MODE_MASK   7
#define NTP_TRANSMIT    40 /* octets before the transmit timestamp */

/* xid, CALL, version, program, version, procedure, two empty credentials (RFC 5531), ts1. */
static void rpc_request(uint8_t message[MESSAGE_SIZE], uint32_t number)
{
	memset(message, 0, MESSAGE_SIZE);
	wire_put_u32(message, number);
	wire_put_u32(message + 8, RPC_VERSION);
	wire_put_u32(message + 12, EXCHANGE_PROGRAM);
	wire_put_u32(message + 16, EXCHANGE_VERSION);
	wire_put_u32(message + 20, GET_TIMESTAMPS);
	wire_put_ts(message + 40, number);
}

/* xid, REPLY, MSG_ACCEPTED, an empty verifier, SUCCESS, then ts1, which must be the request's. */
static bool rpc_is_reply(const uint8_t *message, size_t len)
{
	return len == MESSAGE_SIZE && wire_get_u32(message + 4) == RPC_REPLY &&
	       wire_get_u32(message + 8) == 0 && wire_get_u32(message + 20) == 0 &&
	       wire_get_u32(message + 28) == wire_get_u32(message);
}

static void ntp_request(uint8_t message[MESSAGE_SIZE], uint32_t number)
{
	memset(message, 0, MESSAGE_SIZE);
	message[0] = NTP_VERSION_4 | NTP_MODE_CLIENT;
	wire_put_ts(message + NTP_TRANSMIT, (ts_ns)number + 1); /* not 0, that is "unknown" */
}

static bool ntp_is_reply(const uint8_t *message, size_t len)
{
	return len == MESSAGE_SIZE && (message[0] & NTP_MODE_MASK) == NTP_MODE_SERVER;
}

static bool echo_is_reply(const uint8_t *message, size_t len)
{
	return len == MESSAGE_SIZE && wire_get_u32(message + 12) == EXCHANGE_PROGRAM;
}

static const struct protocol protocols[] = {
	{ "rpc", rpc_request, rpc_is_reply },
	{ "ntp", ntp_request, ntp_is_reply },
	{ "echo", rpc_request, echo_is_reply },
};

const struct protocol *protocol_named(const char *name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(protocols[i].name, name) == 0) {
			return &protocols[i];
		}
	}
	return NULL;
}
