/* SPDX-License-Identifier: BSD-3-Clause */
/* MACs: the right one is known, and nothing else passes for it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/mac.h"

#define GROUP "timesync group v1"

static const char body[] = "correction";
#define BODY_SIZE (sizeof(body) - 1)

static const struct mac_place call = { MAC_CALL, 542397255, 1, 2, NULL };

/* Made by an independent implementation of HMAC-SHA256. */
static const uint8_t call_mac[MAC_SIZE] = {
	0xd8, 0x0a, 0x78, 0xe1, 0x23, 0xb0, 0x5e, 0x70, 0x44, 0x21, 0x0d,
	0x62, 0xbc, 0xde, 0x04, 0x13, 0x5a, 0x11, 0x0a, 0x85, 0x33, 0xf6,
	0x14, 0xa6, 0xd7, 0xdf, 0x35, 0x86, 0xc5, 0x26, 0x7d, 0xd3,
};
static const uint8_t reply_mac[MAC_SIZE] = {
	0xfa, 0xc2, 0xde, 0x89, 0x0c, 0xdb, 0x1e, 0xb3, 0x76, 0xca, 0xb5,
	0x8f, 0xf4, 0x66, 0x8f, 0x6c, 0xf0, 0xc4, 0x55, 0xb5, 0x90, 0x1d,
	0x49, 0xf3, 0x94, 0x64, 0xb4, 0xbc, 0x2e, 0x42, 0x77, 0xad,
};

static struct keys two_keys(void)
{
	struct keys k = { .n = 2, .key = { { .id = 7 }, { .id = 8 } } };

	for (size_t i = 0; i < KEYS_KEY_SIZE; i++) {
		k.key[0].bytes[i] = (uint8_t)i;
		k.key[1].bytes[i] = (uint8_t)(255 - i);
	}
	return k;
}

static int setup(void **state)
{
	const struct keys k = two_keys();

	return mac_open((struct mac **)state, &k, GROUP);
}

static int teardown(void **state)
{
	mac_close(*state);
	return 0;
}

static void known_answers(void **state)
{
	struct mac_place reply = call;
	uint8_t made[MAC_SIZE];

	assert_int_equal(mac_key(*state), 7);
	assert_int_equal(mac_make(*state, &call, body, BODY_SIZE, 7, made), 0);
	assert_memory_equal(made, call_mac, MAC_SIZE);
	reply.direction = MAC_REPLY;
	reply.call_mac = made;
	assert_true(mac_check(*state, &reply, "done", 4, 7, reply_mac));
	assert_true(mac_check(*state, &call, body, BODY_SIZE, 7, call_mac));
}

static void every_bit_of_a_mac_counts(void **state)
{
	for (size_t bit = 0; bit < 8 * MAC_SIZE; bit++) {
		uint8_t bad[MAC_SIZE];

		memcpy(bad, call_mac, MAC_SIZE);
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(mac_check(*state, &call, body, BODY_SIZE, 7, bad));
	}
}

static void assert_refused(void **state, const struct mac_place *place, const char *text, size_t n,
			   uint32_t key_id)
{
	assert_false(mac_check(*state, place, text, n, key_id, call_mac));
}

static void a_mac_is_for_one_message_only(void **state)
{
	struct mac_place p = call;

	assert_refused(state, &call, "corrections", 11, 7);
	assert_refused(state, &call, body, BODY_SIZE - 1, 7);
	assert_refused(state, &call, body, 0, 7);
	assert_refused(state, &call, body, BODY_SIZE, 8);
	assert_refused(state, &call, body, BODY_SIZE, 9);
	p.procedure = 3;
	assert_refused(state, &p, body, BODY_SIZE, 7);
	p = call;
	p.version = 2;
	assert_refused(state, &p, body, BODY_SIZE, 7);
	p = call;
	p.program = 542397273;
	assert_refused(state, &p, body, BODY_SIZE, 7);
}

static void a_call_is_no_reply_and_a_reply_is_to_one_call(void **state)
{
	const uint8_t other[MAC_SIZE] = { 0 };
	struct mac_place p = call;

	p.direction = MAC_REPLY;
	assert_refused(state, &p, body, BODY_SIZE, 7);
	p.call_mac = other;
	assert_false(mac_check(*state, &p, "done", 4, 7, reply_mac));
	p.call_mac = NULL;
	assert_false(mac_check(*state, &p, "done", 4, 7, reply_mac));
}

/* While keys are changed, a MAC by the other one passes too. */
static void both_keys_are_good(void **state)
{
	const struct keys both = two_keys();
	struct keys turned = { .n = 2, .key = { both.key[1], both.key[0] } };
	struct mac *other;
	uint8_t made[MAC_SIZE];

	assert_int_equal(mac_open(&other, &turned, GROUP), 0);
	assert_int_equal(mac_key(other), 8);
	assert_int_equal(mac_make(other, &call, body, BODY_SIZE, 8, made), 0);
	assert_true(mac_check(*state, &call, body, BODY_SIZE, 8, made));
	assert_false(mac_check(*state, &call, body, BODY_SIZE, 7, made));
	assert_int_equal(mac_make(other, &call, body, BODY_SIZE, 7, made), 0);
	assert_memory_equal(made, call_mac, MAC_SIZE);
	mac_close(other);
}

static void a_key_that_is_not_there(void **state)
{
	uint8_t made[MAC_SIZE];

	assert_true(mac_knows(*state, 8));
	assert_false(mac_knows(*state, 9));
	assert_int_equal(mac_make(*state, &call, body, BODY_SIZE, 9, made), -ENOENT);
	assert_false(mac_check(*state, &call, body, BODY_SIZE, 9, call_mac));
}

/* A key that two protocols share authenticates no message of one to the other. */
static void a_mac_is_for_one_protocol(void **state)
{
	const struct keys k = two_keys();
	struct mac *other;

	(void)state;
	assert_int_equal(mac_open(&other, &k, "timesync v1"), 0);
	assert_false(mac_check(other, &call, body, BODY_SIZE, 7, call_mac));
	mac_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(known_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(every_bit_of_a_mac_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(a_mac_is_for_one_message_only, setup, teardown),
		cmocka_unit_test_setup_teardown(a_call_is_no_reply_and_a_reply_is_to_one_call,
						setup, teardown),
		cmocka_unit_test_setup_teardown(both_keys_are_good, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_that_is_not_there, setup, teardown),
		cmocka_unit_test(a_mac_is_for_one_protocol),
	};

	return cmocka_run_group_tests_name("mac", tests, NULL, NULL);
}
