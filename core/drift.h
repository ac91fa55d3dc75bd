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

/*
 * By how much two clocks drift apart in a second of the local one while they are measured, ppb
 * (DRIFT_MEASURED_PPB), when that one may run `rate_ppb` faster than a quartz does: where it is
 * slow, a second of it is a long one. |rate_ppb| <= 2 * DRIFT_CORRECTABLE_PPB.
 */
int64_t drift_measured(int64_t rate_ppb);

#endif
