/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic of rates: the offset that a frequency error causes, without overflow. */
#ifndef CORE_DRIFT_H
#define CORE_DRIFT_H

#include "core/ts.h"

/*
 * By how much a clock that is `ppb` too fast gains in `d`: d * ppb / 10^9, rounded away from zero,
 * so that a bound stays one; cut at +-INT64_MAX.
 */
dur_ns drift_over(dur_ns d, int64_t ppb);

#endif
