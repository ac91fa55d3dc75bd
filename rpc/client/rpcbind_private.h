/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the two halves of rpc/client/rpcbind.h. */
#ifndef RPC_CLIENT_RPCBIND_PRIVATE_H
#define RPC_CLIENT_RPCBIND_PRIVATE_H

#include "rpc/client/rpcbind.h"

/* One call to rpcbind. 0 or -errno; -EPROTONOSUPPORT when it does not speak that version. */
int rpcbind_ask(CLIENT *rpcbind, rpcproc_t proc, xdrproc_t encode, void *args, xdrproc_t decode,
		void *result);

/*
 * Ask where a program is by RPCBPROC_GETADDR or, of that version only, RPCBPROC_GETVERSADDR: 0, or
 * -errno as rpcbind_port.
 */
int rpcbind_ask_port(CLIENT *rpcbind, rpcproc_t proc, const struct address *host,
		     const struct netid *netid, rpcprog_t prog, rpcvers_t vers, uint16_t *port);

#endif
