/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tells a service manager how a daemon does, by sd_notify(3)'s protocol: a datagram of NAME=VALUE
 * lines to the socket that $NOTIFY_SOCKET names.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <stdint.h>

#include "core/ts.h"

/*
 * Tell the service manager, printf-style: "READY=1", "STATUS=...", "WATCHDOG=1" or several lines.
 * 0, also when there is none that wants to be told, or -errno: -ENAMETOOLONG, -EMSGSIZE or of
 * sendmsg.
 */
int notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * How often the service manager wants to hear WATCHDOG=1 of this process: half of what it waits
 * for. 0: it does not.
 */
dur_ns notify_watchdog(void);

#endif
