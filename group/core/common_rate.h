/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rate that all clocks of a group have in common.
 *
 * Members learn to run at the group's rate, and the group's rate is what its members run at: by
 * that alone it would be any rate, and wander off. So the leader turns all clocks together, slowly,
 * until the mean of what they correct their frequencies by is 0. The group then runs as the mean of
 * its members' clocks would by themselves.
 *
 * Each member makes the turn at once, and need not measure it.
 */
#ifndef GROUP_CORE_COMMON_RATE_H
#define GROUP_CORE_COMMON_RATE_H

#include <stddef.h>
#include <stdint.h>

/* The largest that anybody may ask for: 500 ppm, in 1e-12. */
#define COMMON_RATE_MAX INT64_C(500000000)

/*
 * The next common rate, in 1e-12, after `rate`, as the members that count have corrected their
 * frequencies by `ppb`, which is sorted here. By n = 0 it stays.
 */
int64_t common_rate_next(int64_t rate, int64_t *ppb, size_t n);

#endif
