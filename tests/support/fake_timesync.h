/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server of the time that answers with what a test gives it, and in whatever faulty way it is
 * told to.
 */
#ifndef TESTS_SUPPORT_FAKE_TIMESYNC_H
#define TESTS_SUPPORT_FAKE_TIMESYNC_H

#include "tests/support/fake_server.h"

/* The initial answer in every place. */
#define FAKE_TIMESYNC_NOW (INT64_C(1800000000) * NS_PER_SEC)

struct fake_timesync {
	struct fake_server server;
	ts_ns ts2, ts3, time, max_error, prev_tx;
	uint32_t sync, leap;
	uint32_t calls_of[4]; /* each procedure */
	ts_ns asked_prev_ts2; /* in the last interleaved call */
	/* Faults. */
	uint32_t accept_stat; /* of every answer; SUCCESS: none */
	dur_ns echo_error;    /* added to the echoed ts1 */
	unsigned copies;      /* of each reply that are sent, usually 1 */
	bool silent, hangs_up;
	bool holds;          /* replies back, the last of them in: */
	struct message held; /* sent before the next reply, if its len is not 0 */
};

/* Ends the program if it cannot. The caller releases it with fake_timesync_close. */
void fake_timesync_open(struct fake_timesync *t);
void fake_timesync_close(struct fake_timesync *t);

#endif
