/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls that somebody has damaged at random, and programs other than ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/random.h"
#include "tests/support/served.h"

#define XID   1
#define CASES 20000

/* --- damaged calls ---------------------------------------------------------------------------- */

/* A call of any procedure, known or not, with its arguments if it has some. */
static struct message random_call(struct random *r)
{
	const uint32_t proc = (uint32_t)random_between(r, 0, 4);
	struct message call =
		message_call((uint32_t)random_next(r), TIMESYNC_PROG, TIMESYNC_V1, proc);

	if (random_between(r, 0, 3) == 0) { /* credentials of any length */
		static const uint8_t body[MAX_AUTH_BYTES + 20];

		call.len = CALL_FLAVOUR_AT;
		message_u32(&call, (uint32_t)random_between(r, 0, 2));
		message_opaque(&call, body, (size_t)random_of_any_size(r, sizeof(body)));
		message_u32(&call, 0);
		message_opaque(&call, body, (size_t)random_of_any_size(r, sizeof(body)));
	}
	for (int64_t n = random_between(r, 0, 3); n > 0; n--) {
		message_u64(&call, random_next(r) >> random_between(r, 0, 3));
	}
	return call;
}

static void damage(struct random *r, struct message *call)
{
	for (int64_t n = random_between(r, 0, 3); n > 0; n--) {
		const size_t at = (size_t)random_between(r, 0, (int64_t)call->len - 1);

		call->bytes[at] = (uint8_t)(random_between(r, 0, 1) ? random_next(r) : 0);
	}
	if (random_between(r, 0, 1)) {
		call->len = (size_t)random_between(r, 0, (int64_t)call->len);
	}
}

/* Most of what must hold is checked in served_answer. */
static bool damage_does_no_harm(struct random *r)
{
	struct message call = random_call(r);
	struct svc_reply reply;
	struct served s;
	bool fits;

	if (served_open(&s) != 0) {
		return false;
	}
	damage(r, &call);
	served_answer(&s, &call, call.len, SERVED_NOW, &reply);
	fits = reply.tx_at == 0 || (reply.outcome == SVC_RESULT && reply.tx_at + 8 <= reply.len);
	served_close(&s);
	return fits && (reply.outcome == SVC_NO_CALL) == (reply.len == 0);
}

static void any_damage(void **state)
{
	(void)state;
	assert_true(random_holds("damage_does_no_harm", damage_does_no_harm, CASES));
}

/* --- other programs --------------------------------------------------------------------------- */

static void answer_version(struct svc_req *rq, SVCXPRT *xprt)
{
	uint32_t version = rq->rq_vers;

	svc_sendreply(xprt, (xdrproc_t)xdr_u_int32_t, (char *)&version);
}

static bool_t xdr_long_result(XDR *xdr, ...)
{
	uint32_t word = 0xabababab;

	for (int i = 0; i < SVC_REPLY_MAX / 4; i++) {
		if (!xdr_u_int32_t(xdr, &word)) {
			return FALSE;
		}
	}
	return TRUE;
}

/* A result that does not fit, and whose end the handler wanted to stamp. */
static void answer_too_much(struct svc_req *rq, SVCXPRT *xprt)
{
	svc_message_stamp_tx(rq, SVC_REPLY_MAX - 8 - REPLY_HEADER_SIZE);
	if (!svc_sendreply(xprt, xdr_long_result, NULL)) {
		svcerr_systemerr(xprt);
	}
}

static void do_not_answer(struct svc_req *rq, SVCXPRT *xprt)
{
	(void)rq;
	(void)xprt;
}

static const struct svc_program others[] = {
	{ 70, 3, answer_version }, { 71, 1, answer_too_much }, { 70, 9, answer_version },
	{ 70, 6, answer_version }, { 72, 1, do_not_answer },
};

static bool answer_other(uint32_t prog, uint32_t vers, struct svc_reply *reply)
{
	const struct message call = message_call(XID, prog, vers, 1);
	const struct svc_call in = { .bytes = call.bytes, .len = call.len };
	struct svc_message *m;
	bool answered;

	assert_int_equal(svc_message_open(&m, others, sizeof(others) / sizeof(others[0]), NULL), 0);
	memset(reply, 0, sizeof(*reply));
	answered = svc_message_answer(m, &in, reply);
	svc_message_close(m);
	return answered;
}

static void each_version_has_its_dispatcher(void **state)
{
	struct svc_reply reply;

	(void)state;
	for (uint32_t version = 3; version <= 9; version += 3) {
		assert_true(answer_other(70, version, &reply));
		assert_int_equal(message_get_u32(reply.bytes, REPLY_HEADER_SIZE), version);
	}
}

static void a_version_between_them_is_a_mismatch(void **state)
{
	struct svc_reply reply;

	(void)state;
	assert_true(answer_other(70, 4, &reply));
	assert_int_equal(message_get_u32(reply.bytes, REPLY_ACCEPT_STAT_AT), PROG_MISMATCH);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_HEADER_SIZE), 3);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_HEADER_SIZE + 4), 9);
}

static void a_result_that_does_not_fit_is_an_error(void **state)
{
	struct svc_reply reply;

	(void)state;
	assert_true(answer_other(71, 1, &reply));
	assert_int_equal(message_get_u32(reply.bytes, REPLY_ACCEPT_STAT_AT), SYSTEM_ERR);
	assert_int_equal(reply.len, REPLY_HEADER_SIZE);
	assert_int_equal(reply.outcome, SVC_ERROR);
	svc_reply_depart(&reply, 1);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_ACCEPT_STAT_AT), SYSTEM_ERR);
}

static void a_dispatcher_may_be_silent(void **state)
{
	struct svc_reply reply;

	(void)state;
	assert_false(answer_other(72, 1, &reply));
	assert_int_equal(reply.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_damage),
		cmocka_unit_test(each_version_has_its_dispatcher),
		cmocka_unit_test(a_version_between_them_is_a_mismatch),
		cmocka_unit_test(a_result_that_does_not_fit_is_an_error),
		cmocka_unit_test(a_dispatcher_may_be_silent),
	};

	return cmocka_run_group_tests_name("svc_message_any", tests, NULL, NULL);
}
