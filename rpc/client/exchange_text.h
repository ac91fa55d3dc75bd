/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a call of TIMESYNC_PROG ended, in words.
 */
#ifndef RPC_CLIENT_EXCHANGE_TEXT_H
#define RPC_CLIENT_EXCHANGE_TEXT_H

#include "rpc/client/exchange.h"

/* A clause about the server: "refused the call: ...", or "timed out". Returns `buf`. */
const char *exchange_error_text(const struct rpc_err *e, char buf[EXCHANGE_WHY_MAX]);

#endif
