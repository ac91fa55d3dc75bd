/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The likely error of a measurement over a network, from its delay.
 *
 * It is surely wrong by no more than half of its delay. But the delay that all packets have is
 * mostly the same both ways, and cancels; the excess over the least delay seen lately does not. So
 * the likely error follows from the excess over the least delay, plus half of the usual excess. The
 * first measurements do not tell the least delay yet.
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
