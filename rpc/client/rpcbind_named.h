/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which host rpcbind names to a client. Only a diagnosis asks: a client believes the port alone.
 */
#ifndef RPC_CLIENT_RPCBIND_NAMED_H
#define RPC_CLIENT_RPCBIND_NAMED_H

#include "rpc/client/call.h"

/*
 * Ask once, on a handle that reaches the rpcbind of `host` over `socktype`, in its version 3 or 4,
 * where a program is. 0 with its address and port, -ENOENT, or another -errno, with out->len 0.
 */
int rpcbind_named(struct address *out, CLIENT *rpcbind, const struct address *host, int socktype,
		  rpcprog_t prog, rpcvers_t vers);

#endif
