/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Identity: which jobs have the same server, and which server is oneself.
 *
 * A server has one vote, however many names and addresses lead to it. Two jobs have the same server
 * if address and port are equal, or if the ports are equal and both addresses belong to this
 * machine.
 *
 * A daemon that serves the measured clock always agrees with it, so it has no vote. It is
 * recognised by its socket, which belongs to a timesyncd of this machine that serves the same clock
 * file or the system clock. A relay to another machine, or a daemon with another clock file, is an
 * ordinary server.
 */
#ifndef MEASURE_IDENTITY_H
#define MEASURE_IDENTITY_H

#include "measure/measure.h"

/*
 * Set same_as and is_self of the jobs, which have been measured, or have failed. The clock of the
 * options was measured; it is that of options->clock_file, or the system's.
 */
void identity_mark(struct measure_job *jobs, size_t n, const struct measure_options *options);

#endif
