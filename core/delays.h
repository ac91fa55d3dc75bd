/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How wrong a measurement over a network is likely to be, by its delay.
 *
 * It is surely wrong by no more than half of its delay. But what all packets need is mostly the
 * same both ways, and cancels; the excess over the least delay seen lately does not. So a likely
 * error goes with the excess over the least delay, plus half of the usual excess. The first
 * measurements do not tell yet what the least delay is.
 */
#ifndef CORE_DELAYS_H
#define CORE_DELAYS_H

#include <stddef.h>

#include "core/ts.h"

#define DELAYS_KEPT 64

/* All zeros is an empty one. */
struct delays {
	dur_ns last[DELAYS_KEPT];
	size_t count; /* ever; the last DELAYS_KEPT of them are kept */
};

/* Note the delay of a measurement: in [0, 2^62). */
void delays_add(struct delays *d, dur_ns delay);

/* The standard deviation of the measurement that was noted last; 0 without one. */
dur_ns delays_error(const struct delays *d);

#endif
