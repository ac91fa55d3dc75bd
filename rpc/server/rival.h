/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether somebody is at an address that is registered with this machine's rpcbind.
 */
#ifndef RPC_SERVER_RIVAL_H
#define RPC_SERVER_RIVAL_H

#include <rpc/rpc.h>

#include "rpc/address.h"
#include "os/clock.h"

/*
 * Whether a server of that version may be alive at the port of the universal address, on this
 * machine: its loopback or any other of its addresses, since a client goes to the address at which
 * it has asked rpcbind, whatever host that names. Takes `timeout` ns at most.
 *
 * A server that is silent, or hangs up, may be stopped, or may serve other hosts than this one: it
 * counts. A port with another program, or without RPC, does not count, nor does an invalid address
 * for that netid.
 */
bool rival_lives(rpcprog_t prog, rpcvers_t vers, const struct netid *netid, const char *uaddr,
		 struct clock *clock, dur_ns timeout);

#endif
