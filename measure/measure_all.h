/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several servers measured at the same time, so that the dead ones cost one timeout in all.
 */
#ifndef MEASURE_MEASURE_ALL_H
#define MEASURE_MEASURE_ALL_H

#include "measure/measure.h"

#define MEASURE_MAX_SERVERS 64

/*
 * Look the hosts up, side by side, then measure all that have an address at the same time.
 * How far that is shows on stderr if it is a terminal (options->progress is not looked at).
 * The jobs of `n` hosts, to be released by measure_all_free; null when out of memory.
 */
struct measure_job *measure_all(const struct parse_host *hosts, size_t n,
				const struct target_options *how,
				const struct measure_options *options);

/*
 * The same with jobs of the caller's, n > 0, all zeros but for their targets: a host alone, to be
 * looked up, or one with its addresses. False when out of memory.
 */
bool measure_jobs(struct measure_job *jobs, size_t n, const struct target_options *how,
		  const struct measure_options *options);

void measure_all_free(struct measure_job *jobs, size_t n);

#endif
