/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The procedures of TIMESYNC_PROG, on the server's side.
 */
#ifndef RPC_SERVER_TIME_SERVICE_H
#define RPC_SERVER_TIME_SERVICE_H

#include "rpc/server/svc_message.h"
#include "os/clock.h"

/* The context of the handlers, for svc_message_open. */
struct service {
	struct clock *clock; /* the clock that is served; only read */
	bool local;          /* it is the reference of a network without UTC, */
	dur_ns local_error;  /* right within this, unless it is synchronised otherwise */
};

#define SERVICE_PROGRAMS 1
extern const struct svc_program service_programs[SERVICE_PROGRAMS];

#endif
