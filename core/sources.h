/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sources: one offset from those of several servers, poll after poll.
 *
 * Each server counts by how wrong its measurement is likely to be (core/delays.h). But servers, and
 * the paths to them, differ by constants that no delay shows: so the difference of each from the
 * others is learnt, from some hundred polls, and taken away before their mean is made. What remains
 * of the constants is their median: the time of the server in the middle. One that is wrong by less
 * than its bound thus moves the result no farther than to the next good one, where a mean goes a
 * part of the way with it; and a server that is silent or late at a poll makes no difference.
 *
 * A measurement that was delayed far more than usual took a detour: what it seems to say of the
 * offset is half of the delay that came on top, if that was on one way only. For half an hour such
 * a path is held for one that comes back, and the measurement is good for nothing but its bound.
 */
#ifndef CORE_SOURCES_H
#define CORE_SOURCES_H

#include "core/delays.h"
#include "core/select.h"

struct sources_one {
	struct delays delays;
	size_t singles;       /* of these, the last ones in a row that are of one exchange each */
	double bias;          /* from the others, ns */
	double weight;        /* of what it comes from; 0: nothing is known */
	unsigned absent;      /* polls in a row without it */
	struct mono straight; /* when its path was no detour last */
};

/* All zeros is a beginning. */
struct sources {
	struct sources_one each[SELECT_MAX];
};

/* A server's answer to a poll. */
struct sources_measurement {
	bool used;     /* it was measured, and is believed */
	bool single;   /* by one exchange */
	dur_ns offset; /* |offset| < 2^62 */
	dur_ns width; /* twice its bound: the delay, and how far clocks drift apart in it; < 2^62 */
};

struct sources_result {
	dur_ns offset;
	dur_ns error; /* standard deviation; INT64_MAX: all were detours */
};

/*
 * Take in the measurements of a poll: `n` <= SELECT_MAX, always of the same servers in the same
 * order. 0, or -ENODATA if none of them is used.
 */
int sources_combine(struct sources *s, struct mono now, const struct sources_measurement *measured,
		    size_t n, struct sources_result *out);

#endif
