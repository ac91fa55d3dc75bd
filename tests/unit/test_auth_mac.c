/* SPDX-License-Identifier: BSD-3-Clause */
/* Authenticated calls and replies: the right octets, and that none of them can be changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/authentic.h"
#include "timesync.h"

static int setup(void **state)
{
	*state = authentic_mac();
	return 0;
}

static int teardown(void **state)
{
	mac_close(*state);
	return 0;
}

/* The reply without its verifier, of *n octets. False if it is not authentic. */
static bool opens(struct mac *mac, const uint8_t *call, const uint8_t *reply, size_t *n,
		  uint8_t out[AUTHENTIC_SIZE])
{
	memcpy(out, reply, *n);
	return auth_mac_open_reply(mac, call, AUTHENTIC_SIZE, out, n);
}

static bool is_reply_to(struct mac *mac, const uint8_t *call, const uint8_t *reply)
{
	uint8_t out[AUTHENTIC_SIZE];
	size_t n = AUTHENTIC_SIZE;

	return opens(mac, call, reply, &n, out);
}

/* --- right ones ------------------------------------------------------------------------------- */

static void a_call_of_another_implementation(void **state)
{
	assert_int_equal(auth_mac_check_call(*state, authentic_call, AUTHENTIC_SIZE), AUTH_OK);
}

/* The same call is made, but for the nonce, which is random, and the MAC that follows from it. */
static void a_call_is_made_as_documented(void **state)
{
	const uint32_t xid = message_get_u32(authentic_call, CALL_XID_AT);
	const uint8_t *args = authentic_call + AUTH_MAC_CALL_SIZE;
	struct message made = authentic_call_of(*state, xid, GET_TIMESTAMPS, args, 8);
	struct message again = authentic_call_of(*state, xid, GET_TIMESTAMPS, args, 8);

	assert_int_equal(made.len, AUTHENTIC_SIZE);
	assert_memory_equal(made.bytes, authentic_call, AUTHENTIC_CALL_MAC_AT);
	assert_memory_equal(made.bytes + AUTH_MAC_CALL_SIZE, args, 8);
	assert_memory_not_equal(made.bytes + AUTHENTIC_CALL_NONCE_AT,
				again.bytes + AUTHENTIC_CALL_NONCE_AT, AUTH_MAC_NONCE_SIZE);
	memcpy(made.bytes + AUTHENTIC_CALL_NONCE_AT, authentic_call + AUTHENTIC_CALL_NONCE_AT,
	       AUTH_MAC_NONCE_SIZE);
	auth_mac_finish_call(*state, made.bytes, made.len);
	assert_memory_equal(made.bytes, authentic_call, AUTHENTIC_SIZE);
}

/* A reply as a dispatcher encodes it becomes the documented one, and again what it was. */
static void a_reply_there_and_back(void **state)
{
	const size_t verifier = 52, plain_size = AUTHENTIC_SIZE - verifier;
	uint8_t plain[AUTHENTIC_SIZE], reply[AUTHENTIC_SIZE];
	size_t n = plain_size;

	memcpy(plain, authentic_reply, 12);
	memset(plain + 12, 0, 8);
	memcpy(plain + 20, authentic_reply + 20 + verifier, plain_size - 20);
	memcpy(reply, plain, plain_size);
	assert_int_equal(auth_mac_widen_reply(reply, &n, sizeof(reply), AUTHENTIC_SIZE), verifier);
	assert_int_equal(n, AUTHENTIC_SIZE);
	auth_mac_finish_reply(*state, authentic_call, reply, n);
	assert_memory_equal(reply, authentic_reply, AUTHENTIC_SIZE);

	assert_true(opens(*state, authentic_call, authentic_reply, &n, reply));
	assert_int_equal(n, plain_size);
	assert_memory_equal(reply, plain, plain_size);
}

/* The reply is under the key of the call, not under the server's first one. */
static void both_keys_are_good(void **state)
{
	const struct keys k = authentic_keys();
	const struct keys one = { .n = 1, .key = { k.key[1] } };
	struct message call;
	uint8_t reply[AUTHENTIC_SIZE] = { 0 }, out[AUTHENTIC_SIZE];
	struct mac *client;
	size_t n = REPLY_HEADER_SIZE;

	assert_int_equal(mac_open(&client, &one, AUTH_MAC_LABEL), 0);
	call = authentic_call_of(client, 1, GET_TIMESTAMPS, "12345678", 8);
	message_set_u32(&call, CALL_XID_AT, 1);
	assert_int_equal(auth_mac_check_call(*state, call.bytes, call.len), AUTH_OK);
	reply[REPLY_TYPE_AT + 3] = REPLY;
	assert_true(auth_mac_widen_reply(reply, &n, sizeof(reply), call.len) > 0);
	auth_mac_finish_reply(*state, call.bytes, reply, n);
	assert_true(opens(client, call.bytes, reply, &n, out));
	mac_close(client);
}

/* --- wrong ones ------------------------------------------------------------------------------- */

/* All but the xid and what the server has checked before: type, version of RPC and flavour. */
static bool is_covered_in_call(size_t at)
{
	return at >= CALL_PROG_AT && !(at >= CALL_FLAVOUR_AT && at < CALL_FLAVOUR_AT + 4);
}

static void every_bit_of_a_call_counts(void **state)
{
	for (size_t bit = 0; bit < 8 * (size_t)AUTHENTIC_SIZE; bit++) {
		uint8_t bad[AUTHENTIC_SIZE];

		memcpy(bad, authentic_call, AUTHENTIC_SIZE);
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(auth_mac_check_call(*state, bad, AUTHENTIC_SIZE) != AUTH_OK,
				 is_covered_in_call(bit / 8));
	}
}

static void every_bit_of_a_reply_counts(void **state)
{
	for (size_t bit = 8 * 4; bit < 8 * (size_t)AUTHENTIC_SIZE; bit++) { /* behind the xid */
		uint8_t bad[AUTHENTIC_SIZE];

		memcpy(bad, authentic_reply, AUTHENTIC_SIZE);
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(is_reply_to(*state, authentic_call, bad));
	}
}

static void another_length_is_refused(void **state)
{
	uint8_t longer[AUTHENTIC_SIZE + 4] = { 0 }, out[AUTHENTIC_SIZE];

	memcpy(longer, authentic_call, AUTHENTIC_SIZE);
	assert_int_equal(auth_mac_check_call(*state, longer, sizeof(longer)), AUTH_BADVERF);
	for (size_t n = 0; n < AUTHENTIC_SIZE; n++) {
		size_t len = n;

		assert_int_not_equal(auth_mac_check_call(*state, authentic_call, n), AUTH_OK);
		assert_false(opens(*state, authentic_call, authentic_reply, &len, out));
		assert_int_equal(len, n);
	}
}

static void the_reason_is_told(void **state)
{
	struct message call = { .len = AUTHENTIC_SIZE };

	memcpy(call.bytes, authentic_call, AUTHENTIC_SIZE);
	message_set_u32(&call, AUTHENTIC_CALL_KEY_AT, 9);
	assert_int_equal(auth_mac_check_call(*state, call.bytes, call.len), AUTH_BADCRED);
	message_set_u32(&call, AUTHENTIC_CALL_KEY_AT, 8);
	assert_int_equal(auth_mac_check_call(*state, call.bytes, call.len), AUTH_BADVERF);
}

static void a_call_is_no_reply(void **state)
{
	uint8_t reflected[AUTHENTIC_SIZE];

	assert_false(is_reply_to(*state, authentic_call, authentic_call));
	memcpy(reflected, authentic_call, AUTHENTIC_SIZE);
	reflected[REPLY_TYPE_AT + 3] = REPLY;
	assert_false(is_reply_to(*state, authentic_call, reflected));
}

/* The same call at the same time under the same xid is another one: its nonce is. */
static void a_reply_is_to_one_call(void **state)
{
	const struct message other =
		authentic_call_of(*state, message_get_u32(authentic_call, CALL_XID_AT),
				  GET_TIMESTAMPS, authentic_call + AUTH_MAC_CALL_SIZE, 8);

	assert_true(is_reply_to(*state, authentic_call, authentic_reply));
	assert_false(is_reply_to(*state, other.bytes, authentic_reply));
}

static void a_reply_without_room(void **state)
{
	uint8_t reply[AUTHENTIC_SIZE] = { 0 };
	const uint8_t before[AUTHENTIC_SIZE] = { 0 };
	size_t n = REPLY_HEADER_SIZE;

	(void)state;
	assert_int_equal(auth_mac_widen_reply(reply, &n, sizeof(reply), n + MAC_SIZE), 0);
	assert_int_equal(auth_mac_widen_reply(reply, &n, AUTHENTIC_SIZE - 1, AUTHENTIC_SIZE), 0);
	assert_int_equal(auth_mac_widen_reply(reply, &n, sizeof(reply), 0), 0);
	assert_int_equal(n, REPLY_HEADER_SIZE);
	assert_memory_equal(reply, before, sizeof(reply));
	assert_int_equal(auth_mac_widen_reply(reply, &n, n + MAC_SIZE + 4, n + MAC_SIZE + 4),
			 MAC_SIZE + 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_of_another_implementation),
		TEST(a_call_is_made_as_documented),
		TEST(a_reply_there_and_back),
		TEST(both_keys_are_good),
		TEST(every_bit_of_a_call_counts),
		TEST(every_bit_of_a_reply_counts),
		TEST(another_length_is_refused),
		TEST(the_reason_is_told),
		TEST(a_call_is_no_reply),
		TEST(a_reply_is_to_one_call),
		TEST(a_reply_without_room),
	};

	return cmocka_run_group_tests_name("auth_mac", tests, NULL, NULL);
}
