/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Authenticated exchanges, with our own server and somebody on the way who changes, holds, repeats
 * and reflects what he likes: he moves nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/client/exchange.h"
#include "tests/support/authentic.h"
#include "tests/support/fake_server.h"
#include "tests/support/served.h"

#define NOW     (INT64_C(1600000000) * NS_PER_SEC)
#define ARRIVAL (SERVED_NOW + 1)
#define LEAVES  (SERVED_NOW + 1000)

enum mischief {
	NONE,
	CHANGE,       /* a bit of every reply, `bit` */
	CHANGE_CALLS, /* the same of calls */
	REFLECT,      /* the call itself comes back as a reply */
	REPLAY,       /* the first reply, under the xid of each call */
	DENY,         /* AUTH_ERROR, made up */
	BARE,         /* a reply without a MAC, with another time */
	STRIP,        /* the right reply without its MAC */
};

static struct fixture {
	struct served served;
	struct fake_server server;
	struct fake_clock clock;
	struct keys keys; /* the client's */
	struct mac *mac;  /* the server's */
	struct exchange *x;
	enum mischief mischief;
	size_t bit;
	bool then_right; /* the right reply comes behind */
	struct message first;
} f;

static struct message right_reply(const struct message *call)
{
	struct message reply = { .len = 0 };
	struct svc_reply made;

	if (served_answer(&f.served, call, call->len, ARRIVAL, &made)) {
		svc_reply_depart(&made, LEAVES);
		memcpy(reply.bytes, made.bytes, made.len);
		reply.len = made.len;
	}
	return reply;
}

static struct message bare_reply(const struct message *call)
{
	struct message reply = message_reply(message_get_u32(call->bytes, CALL_XID_AT), SUCCESS);

	message_u64(&reply, message_get_u64(call->bytes, AUTH_MAC_CALL_SIZE));
	message_u64(&reply, ARRIVAL + 7);
	message_u64(&reply, LEAVES + 7);
	return reply;
}

static void flip(struct message *m)
{
	assert_true(f.bit / 8 < m->len);
	m->bytes[f.bit / 8] ^= (uint8_t)(1 << f.bit % 8);
}

static struct message forged_reply(const struct message *call, const struct message *right)
{
	struct message forged = *right;
	const uint32_t denial[] = { 0, REPLY, MSG_DENIED, AUTH_ERROR, AUTH_BADCRED };

	switch (f.mischief) {
	case CHANGE:
		flip(&forged);
		break;
	case REFLECT:
		forged = *call;
		message_set_u32(&forged, REPLY_TYPE_AT, REPLY);
		break;
	case REPLAY:
		forged = f.first;
		break;
	case DENY:
		forged.len = 0;
		for (size_t i = 0; i < sizeof(denial) / sizeof(denial[0]); i++) {
			message_u32(&forged, denial[i]);
		}
		break;
	case BARE:
		forged = bare_reply(call);
		break;
	case STRIP:
		assert_true(auth_mac_open_reply(f.mac, call->bytes, call->len, forged.bytes,
						&forged.len));
		break;
	case NONE:
	case CHANGE_CALLS:
		break;
	}
	message_set_u32(&forged, REPLY_XID_AT, message_get_u32(call->bytes, CALL_XID_AT));
	return forged;
}

static void answer(struct fake_server *s, const struct message *came, void *arg)
{
	struct message call = *came, right, forged;

	(void)arg;
	if (f.mischief == CHANGE_CALLS) {
		flip(&call);
	}
	right = right_reply(&call);
	if (f.first.len == 0) {
		f.first = right;
	}
	forged = forged_reply(came, &right);
	if (f.mischief != NONE && forged.len > 0) {
		fake_server_reply(s, &forged);
	}
	if ((f.mischief == NONE || f.then_right) && right.len > 0) {
		fake_server_reply(s, &right);
	}
}

static int open_exchange(int socktype)
{
	memset(&f, 0, sizeof(f));
	f.keys = authentic_keys();
	f.mac = authentic_mac();
	if (served_open(&f.served) != 0) {
		return -1;
	}
	svc_message_authenticate(f.served.admission.message, f.mac, false);
	fake_server_open(&f.server, NULL, answer, NULL);
	fake_clock_init(&f.clock, NOW);
	f.clock.serve = fake_server_serve;
	f.clock.arg = &f.server;
	return exchange_open(&f.x,
			     socktype == SOCK_DGRAM ? &f.server.dgram_at : &f.server.stream_at,
			     socktype, &f.clock.clock, NS_PER_SEC, &f.keys);
}

static int setup(void **state)
{
	(void)state;
	return open_exchange(SOCK_DGRAM);
}

static int setup_stream(void **state)
{
	(void)state;
	return open_exchange(SOCK_STREAM);
}

static int teardown(void **state)
{
	(void)state;
	exchange_close(f.x);
	fake_server_close(&f.server);
	served_close(&f.served);
	mac_close(f.mac);
	return 0;
}

/* One exchange gives the right sample. */
static void check_right(void)
{
	struct sample s;

	assert_int_equal(exchange_timestamps(f.x, &s), 0);
	assert_int_equal(s.t1, NOW);
	assert_int_equal(s.t2, ARRIVAL);
	assert_int_equal(s.t3, LEAVES);
}

/* One exchange gives no sample, for that reason. */
static void check_wrong(int rc, const char *reason)
{
	struct sample s;
	char why[EXCHANGE_WHY_MAX];

	assert_int_equal(exchange_timestamps(f.x, &s), rc);
	assert_int_equal(exchange_is_about_keys(f.x), rc == -EBADMSG);
	if (!strstr(exchange_why(f.x, why), reason)) {
		fail_msg("'%s' is not in '%s'", reason, why);
	}
}

/* --- nobody on the way ------------------------------------------------------------------------ */

static void every_procedure(void **state)
{
	struct clock_quality q;
	struct sample s;

	(void)state;
	f.served.clock.quality = (struct clock_quality){ .synchronised = true, .max_error = 12345 };
	assert_int_equal(exchange_null(f.x), 0);
	check_right();
	assert_int_equal(exchange_time(f.x, &s, &q), 0);
	assert_int_equal(s.t2, LEAVES);
	assert_int_equal(q.max_error, 12345);
	assert_true(q.synchronised);
	assert_int_equal(exchange_counts(f.x).received, 3);
	assert_int_equal(exchange_counts(f.x).stray, 0);
}

/* Without transmit timestamps of this transport: the first of two gives no sample anyway. */
static void interleaved(void **state)
{
	struct sample s;

	(void)state;
	assert_int_equal(exchange_interleaved(f.x, &s), -EAGAIN);
	assert_int_equal(exchange_counts(f.x).received, 1);
}

/* --- the wrong keys --------------------------------------------------------------------------- */

static void reopen_with(const struct keys *keys)
{
	exchange_close(f.x);
	assert_int_equal(exchange_open(&f.x, &f.server.dgram_at, SOCK_DGRAM, &f.clock.clock,
				       NS_PER_SEC, keys),
			 0);
}

static void a_server_without_keys(void **state)
{
	(void)state;
	svc_message_authenticate(f.served.admission.message, NULL, false);
	check_wrong(-EBADMSG, "has no key: it refuses authenticated calls");
}

static void a_server_without_this_key(void **state)
{
	struct keys other = f.keys;

	(void)state;
	other.key[0].id = 9;
	reopen_with(&other);
	check_wrong(-EBADMSG, "has no key of id 9");
}

static void a_server_with_another_key_of_this_id(void **state)
{
	struct keys other = f.keys;

	(void)state;
	other.key[0].bytes[0] ^= 1;
	reopen_with(&other);
	check_wrong(-EBADMSG, "has another key of id 7");
}

static void a_server_that_requires_a_key(void **state)
{
	(void)state;
	svc_message_authenticate(f.served.admission.message, f.mac, true);
	reopen_with(NULL);
	check_wrong(-EBADMSG, "it answers authenticated calls only");
}

/* --- somebody on the way ---------------------------------------------------------------------- */

static void no_bit_of_a_reply_can_be_changed(void **state)
{
	(void)state;
	f.mischief = CHANGE;
	f.then_right = true;
	for (f.bit = 8 * 8; f.bit < 8 * (size_t)AUTHENTIC_SIZE; f.bit++) {
		check_right();
	}
	assert_int_equal(exchange_counts(f.x).stray, f.bit - 8 * 8);
}

/* Each is waited for in vain, so these are only some of the bits; test_auth_mac has all. */
static void no_bit_of_a_call_can_be_changed(void **state)
{
	struct sample s;

	(void)state;
	f.mischief = CHANGE_CALLS;
	f.then_right = true;
	for (f.bit = 8 * 4; f.bit < 8 * (size_t)AUTHENTIC_SIZE; f.bit += 67) { /* behind the xid */
		assert_true(exchange_timestamps(f.x, &s) < 0);
	}
}

static void a_forged_reply_is_passed_over(void **state)
{
	static const enum mischief kinds[] = { REFLECT, DENY, BARE, STRIP };

	(void)state;
	f.then_right = true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		f.mischief = kinds[i];
		check_right();
		assert_int_equal(exchange_counts(f.x).stray, i + 1);
	}
}

static void a_forged_reply_alone_is_nothing(void **state)
{
	static const struct {
		enum mischief kind;
		const char *reason;
	} forged[] = {
		{ REFLECT, "not authentic under key 7" },
		{ DENY, "has no key of id 7" },
		{ BARE, "not authentic under key 7" },
		{ STRIP, "not authentic under key 7" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		f.mischief = forged[i].kind;
		check_wrong(-EBADMSG, forged[i].reason);
	}
	f.mischief = NONE;
	check_right();
}

static void an_earlier_reply_is_nothing(void **state)
{
	(void)state;
	check_right();
	f.mischief = REPLAY;
	check_wrong(-EBADMSG, "not authentic under key 7");
	f.then_right = true;
	check_right();
}

/* The error of one call is not reported for the next. */
static void silence_is_called_silence(void **state)
{
	(void)state;
	f.mischief = BARE;
	check_wrong(-EBADMSG, "not authentic");
	f.mischief = CHANGE_CALLS;
	f.bit = 8 * CALL_TYPE_AT + 24; /* no call any more */
	check_wrong(-ETIMEDOUT, "timed out");
}

#define TEST(name)        cmocka_unit_test_setup_teardown(name, setup, teardown)
#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, setup_stream, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_procedure),
		STREAM_TEST(every_procedure),
		TEST(interleaved),
		TEST(a_server_without_keys),
		STREAM_TEST(a_server_without_keys),
		TEST(a_server_without_this_key),
		TEST(a_server_with_another_key_of_this_id),
		TEST(a_server_that_requires_a_key),
		TEST(no_bit_of_a_reply_can_be_changed),
		TEST(no_bit_of_a_call_can_be_changed),
		TEST(a_forged_reply_is_passed_over),
		STREAM_TEST(a_forged_reply_is_passed_over),
		TEST(a_forged_reply_alone_is_nothing),
		TEST(an_earlier_reply_is_nothing),
		STREAM_TEST(an_earlier_reply_is_nothing),
		TEST(silence_is_called_silence),
	};

	return cmocka_run_group_tests_name("exchange_auth", tests, NULL, NULL);
}
