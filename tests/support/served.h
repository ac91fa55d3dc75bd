/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time service of a fake clock, for tests of the transports and of what they share.
 */
#ifndef TESTS_SUPPORT_SERVED_H
#define TESTS_SUPPORT_SERVED_H

#include "rpc/server/admission.h"
#include "rpc/server/time_service.h"
#include "tests/support/fake_clock.h"
#include "tests/support/message.h"
#include "timesync.h"

struct served {
	struct fake_clock clock;
	struct service service;
	struct access access; /* everyone, unless a test adds rules */
	struct counters counters;
	struct admission admission;
};

/* The initial time of the served clock. */
#define SERVED_NOW (INT64_C(1700000000) * NS_PER_SEC)

/* 0 or -errno. The caller releases it with served_close. */
int served_open(struct served *s);
void served_close(struct served *s);

/* A setup and a teardown for cmocka, whose state is a served. */
int served_setup(void **state);
int served_teardown(void **state);

/* A call of GET_TIMESTAMPS whose t1 is its xid; and the same as a record. */
struct message served_call(uint32_t xid);
struct message served_record(uint32_t xid);

/*
 * Answer the first `len` octets of `call` as svc_message_answer does. Fails the test if octets
 * behind them make a difference, if the reply is more than 1.3 times as long as the call, or if it
 * is no reply to that call. `call` must outlive a reply that is to be authenticated.
 */
bool served_answer(struct served *s, const struct message *call, size_t len, ts_ns arrival,
		   struct svc_reply *reply);

/* The counters so far. */
uint64_t served_count(const struct served *s, enum counter what);

#endif
