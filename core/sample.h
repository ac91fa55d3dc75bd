/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sample: the four timestamps of one exchange between a client and a server.
 *
 *     t1 client sends, t2 server receives, t3 server sends, t4 client receives
 *     offset = ((t2-t1)+(t3-t4))/2      delay = (t4-t1)-(t3-t2)      |error| <= delay/2
 *
 * The offset is remote minus local: positive means that the local clock is slow
 * (RFC 5905, section 8).
 */
#ifndef CORE_SAMPLE_H
#define CORE_SAMPLE_H

#include "core/ts.h"

enum sample_kind {
	SAMPLE_TIMESTAMPS, /* GET_TIMESTAMPS: all four are measured */
	SAMPLE_TIME,       /* GET_TIME: t2 == t3 == the time that the server gave */
};

struct sample {
	enum sample_kind kind;
	ts_ns t1, t2, t3, t4;
};

enum sample_fault {
	SAMPLE_OK,
	SAMPLE_OUT_OF_RANGE, /* a timestamp lies outside [0, TS_LIMIT) */
	SAMPLE_CLOCK_STEPPED /* t4 < t1, t3 < t2 or delay < 0: a clock stepped in the middle */
};

/* Whether the sample can be used. The functions below need SAMPLE_OK. */
enum sample_fault sample_check(const struct sample *s);

/* Remote minus local, rounded towards zero. */
dur_ns sample_offset(const struct sample *s);

/* The round-trip delay without the server's time: never negative for a usable sample. */
dur_ns sample_delay(const struct sample *s);

/* The greatest error that sample_offset can have: half the delay, rounded up. */
dur_ns sample_bound(const struct sample *s);

#endif
