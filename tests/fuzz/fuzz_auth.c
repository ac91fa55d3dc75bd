/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Authenticated messages: nothing but the right ones is authentic.
 *
 * Input: an octet for the kind, and octets: 0, a call to a server with keys; 1, a reply to a
 * client's call; 2 and 3, changes of a right call and of its right reply: pairs of a place and a
 * change there.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/support/authentic.h"
#include "tests/support/served.h"

enum kind { CALL_AS_GIVEN, REPLY_AS_GIVEN, CALL_CHANGED, REPLY_CHANGED, KINDS };

#define ARRIVAL (SERVED_NOW + 1)
#define LEAVES  (SERVED_NOW + 2)
/* The xid is not covered: it finds the call. */
#define COVERED_FROM 4

static struct mac *open_mac(void)
{
	const struct keys k = authentic_keys();
	struct mac *mac;

	FUZZ_REQUIRE(mac_open(&mac, &k, AUTH_MAC_LABEL) == 0);
	return mac;
}

static bool is_same(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a + COVERED_FROM, b + COVERED_FROM, AUTHENTIC_SIZE - COVERED_FROM) == 0;
}

static void check_call(struct mac *mac, const uint8_t *data, size_t size)
{
	const struct svc_call call = { .bytes = data, .len = size, .arrival = ARRIVAL };
	struct svc_reply reply;
	struct served s;

	memset(&reply, 0, sizeof(reply));
	FUZZ_REQUIRE(served_open(&s) == 0);
	svc_message_authenticate(s.admission.message, mac, true);
	FUZZ_REQUIRE(svc_message_answer(s.admission.message, &call, &reply) == (reply.len > 0));
	FUZZ_REQUIRE(reply.len <= size);
	svc_reply_depart(&reply, LEAVES);
	if (size == AUTHENTIC_SIZE && is_same(data, authentic_call)) {
		FUZZ_REQUIRE(reply.outcome == SVC_RESULT && reply.len == size);
		FUZZ_REQUIRE(auth_mac_open_reply(mac, data, size, reply.bytes, &reply.len));
		FUZZ_REQUIRE(message_get_u64(reply.bytes, REPLY_HEADER_SIZE + 16) == LEAVES);
	} else { /* nobody without a key is told the time */
		FUZZ_REQUIRE(!reply.mac);
		FUZZ_REQUIRE(reply.outcome != SVC_RESULT || reply.len == REPLY_HEADER_SIZE);
	}
	served_close(&s);
}

static void check_reply(struct mac *mac, const uint8_t *data, size_t size)
{
	const bool right = size == AUTHENTIC_SIZE && is_same(data, authentic_reply);
	uint8_t *reply = malloc(size + 1); /* a sanitizer watches its end */
	size_t n = size;

	FUZZ_REQUIRE(reply != NULL);
	memcpy(reply, data, size);
	FUZZ_REQUIRE(auth_mac_open_reply(mac, authentic_call, AUTHENTIC_SIZE, reply, &n) == right);
	FUZZ_REQUIRE(right ? n == REPLY_HEADER_SIZE + 24
			   : n == size && memcmp(reply, data, size) == 0);
	free(reply);
}

static void change(uint8_t message[AUTHENTIC_SIZE], const uint8_t *right, const uint8_t *data,
		   size_t size)
{
	memcpy(message, right, AUTHENTIC_SIZE);
	for (size_t i = 0; i + 1 < size; i += 2) {
		message[data[i] % AUTHENTIC_SIZE] ^= data[i + 1];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t message[AUTHENTIC_SIZE];
	struct mac *mac;

	if (size == 0) {
		return 0;
	}
	mac = open_mac();
	size = size < SVC_CALL_MAX ? size : SVC_CALL_MAX;
	switch ((enum kind)(data[0] % KINDS)) {
	case CALL_AS_GIVEN:
		check_call(mac, data + 1, size - 1);
		break;
	case REPLY_AS_GIVEN:
		check_reply(mac, data + 1, size - 1);
		break;
	case CALL_CHANGED:
		change(message, authentic_call, data + 1, size - 1);
		check_call(mac, message, sizeof(message));
		break;
	case REPLY_CHANGED:
	case KINDS:
		change(message, authentic_reply, data + 1, size - 1);
		check_reply(mac, message, sizeof(message));
		break;
	}
	mac_close(mac);
	return 0;
}
