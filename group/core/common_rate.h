/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rate that all clocks of a group have in common.
 *
 * Members learn to run at the group's rate, which is the rate that its members run at. That alone
 * would allow any rate, and let it wander off. So the leader turns all clocks together, slowly,
 * until the mean of their frequency corrections is 0. The group then runs at the mean rate of its
 * members' free clocks.
 *
 * Each member makes the turn at once, and need not measure it.
 */
#ifndef GROUP_CORE_COMMON_RATE_H
#define GROUP_CORE_COMMON_RATE_H

#include <stddef.h>
#include <stdint.h>

/* The largest common rate: 500 ppm, in 1e-12. */
#define COMMON_RATE_MAX INT64_C(500000000)

/*
 * The next common rate after `rate`, in 1e-12. `ppb`: the n frequency corrections of the members
 * that count, which are sorted here. Without any the rate stays.
 */
int64_t common_rate_next(int64_t rate, int64_t *ppb, size_t n);

#endif
