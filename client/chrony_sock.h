/*
 * Feeding chronyd: measurements as samples of its SOCK reference clock (refclock SOCK PATH in
 * chrony.conf), so that chronyd disciplines the system clock.
 */
#ifndef CLIENT_CHRONY_SOCK_H
#define CLIENT_CHRONY_SOCK_H

#include "core/ts.h"
#include "sys/clock.h"

/* Connect to chronyd's socket. The descriptor or -errno (-ENOENT, -ECONNREFUSED: no chronyd). */
int chrony_sock_open(const char *path);

/*
 * Send a measurement: at the local time `at` the system clock had `offset` (remote minus local).
 * 0 or -errno.
 */
int chrony_sock_send(int fd, ts_ns at, dur_ns offset, enum clock_leap leap);

#endif
