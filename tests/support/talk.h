/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection of the stream server, to a fake clock, and its client.
 */
#ifndef TESTS_SUPPORT_TALK_H
#define TESTS_SUPPORT_TALK_H

#include "rpc/server/session.h"
#include "tests/support/served.h"

/* A reply to GET_TIMESTAMPS, as a record. */
#define TALK_REPLY_SIZE (RECORD_MARK_SIZE + REPLY_HEADER_SIZE + 24)

struct talk {
	struct served served;
	struct session session;
	int client; /* its socket */
};

/* A setup and a teardown for cmocka, whose state is a talk. */
int talk_setup(void **state);
int talk_teardown(void **state);

/* Answer the calls that have come. */
enum session_state talk_serve(struct talk *t);

/* Send octets to the server, or a call of GET_TIMESTAMPS whose t1 is its xid. */
void talk_send(const struct talk *t, const void *octets, size_t n);
void talk_call(const struct talk *t, uint32_t xid);

/* Whether it is a reply with a result to such a call. */
bool talk_is_reply(const struct talk *t, const uint8_t bytes[TALK_REPLY_SIZE], uint32_t xid);

/* Read one that has to be there. */
void talk_check_reply(const struct talk *t, uint32_t xid);

#endif
