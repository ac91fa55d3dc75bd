/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracking: measure, correct, wait, for ever; or measure and feed chronyd.
 */
#ifndef TRACK_TRACKER_H
#define TRACK_TRACKER_H

#include "track/track_options.h"

/*
 * Track the servers on the clock until the last poll, or a signal that would
 * end the process, which is obeyed at once; SIGHUP reopens the log. In any case the rate is saved
 * and the clock's claim is withdrawn at the end. Returns the exit status, after reporting on stderr
 * an unexpected end, or that none of the wanted polls could be used.
 */
int tracker_run(const struct track_options *options);

#endif
