/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Feeding chronyd: measurements as samples of its SOCK reference clock (refclock SOCK PATH in
 * chrony.conf), so that chronyd disciplines the system clock.
 */
#ifndef TRACK_CHRONY_SOCK_H
#define TRACK_CHRONY_SOCK_H

#include <stdbool.h>

#include "core/ts.h"
#include "os/clock.h"

/* A socket to send from; no chronyd is needed yet. The descriptor or -errno. */
int chrony_sock_open(void);

/*
 * Whether chronyd's protocol can express this leap status. It has no value for unknown: a sample
 * announces a leap second or none, and chronyd ignores samples with other values.
 */
bool chrony_sock_has_leap(enum clock_leap leap);

/*
 * Send a measurement to the present owner of the socket at `path`: at the local time `at` the
 * system clock had `offset` (remote minus local). An unknown `leap` is sent as none. Never waits.
 * 0; -ENOENT or -ECONNREFUSED: there is no chronyd; -EAGAIN: it does not read; or -errno.
 */
int chrony_sock_send(int fd, const char *path, ts_ns at, dur_ns offset, enum clock_leap leap);

#endif
