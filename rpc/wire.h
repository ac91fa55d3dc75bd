/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes as the wire has them: big-endian integers at any alignment, and nothing at all.
 */
#ifndef RPC_WIRE_H
#define RPC_WIRE_H

#include <rpc/rpc.h>
#include <stdint.h>

#include "core/ts.h"

static inline void wire_put_u32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++) {
		at[i] = (uint8_t)(v >> (24 - 8 * i));
	}
}

static inline uint32_t wire_get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The header of a call with AUTH_NONE (RFC 5531, section 9); its arguments come behind it. */
#define WIRE_CALL_SIZE 40

static inline void wire_put_call(uint8_t at[WIRE_CALL_SIZE], uint32_t xid, rpcprog_t prog,
				 rpcvers_t vers, rpcproc_t proc)
{
	const uint32_t words[WIRE_CALL_SIZE / 4] = {
		xid,
		CALL,
		RPC_MSG_VERSION,
		(uint32_t)prog,
		(uint32_t)vers,
		proc,
		AUTH_NONE,
		0,
		AUTH_NONE,
		0,
	};

	for (int i = 0; i < WIRE_CALL_SIZE / 4; i++) {
		wire_put_u32(at + 4 * i, words[i]);
	}
}

/* A timestamp as an XDR hyper (RFC 4506, section 4.5), for stamping an encoded message. */
static inline void wire_put_ts(uint8_t *at, ts_ns t)
{
	wire_put_u32(at, (uint32_t)((uint64_t)t >> 32));
	wire_put_u32(at + 4, (uint32_t)((uint64_t)t & UINT32_MAX));
}

/* xdr_void, with the type that an xdrproc_t has. */
static inline bool_t wire_void(XDR *xdr, ...)
{
	(void)xdr;
	return TRUE;
}

#endif
