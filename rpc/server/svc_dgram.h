/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The datagram transport of the server: batches in, batches out, arrival stamped by the kernel and
 * transmit timestamp written just before the replies are handed to it.
 */
#ifndef RPC_SERVER_SVC_DGRAM_H
#define RPC_SERVER_SVC_DGRAM_H

#include "rpc/server/admission.h"

struct svc_dgram;

/*
 * Features that a kernel, or a system call filter, may lack. The server works without them, less
 * well.
 */
enum svc_dgram_lack {
	SVC_DGRAM_NO_ARRIVALS = 1,  /* arrivals are stamped when the call is read */
	SVC_DGRAM_NO_TX_STAMPS = 2, /* nobody is told when the previous reply left */
	SVC_DGRAM_NO_PKTINFO = 4,   /* the route decides from which address a reply leaves */
	SVC_DGRAM_NO_BATCHES = 8,   /* each datagram costs a system call of its own */
};

/*
 * Serve calls that arrive on the bound socket `fd`, which the transport sets up, but does not own,
 * in `admission`, which must outlive it. 0 or -errno; a missing feature is not an error. The caller
 * releases it with svc_dgram_close.
 */
int svc_dgram_open(struct svc_dgram **out, int fd, const struct admission *admission);
void svc_dgram_close(struct svc_dgram *d);

/* The features that this socket lacks: enum svc_dgram_lack, by OR. */
unsigned svc_dgram_lacks(const struct svc_dgram *d);

/*
 * Answer the calls that have arrived, without blocking: a few batches at most, so that a flood does
 * not keep the caller from its other work.
 */
void svc_dgram_serve(struct svc_dgram *d);

#endif
