/*
 * The datagram transport of the server: batches in, batches out, arrival stamped by the kernel and
 * departure stamped just before the replies are handed to it.
 */
#ifndef RPC_SVC_DGRAM_H
#define RPC_SVC_DGRAM_H

#include "rpc/svc_env.h"

struct svc_dgram;

/*
 * Serve calls that arrive on the bound socket `fd`, which the transport sets up, but does not own,
 * in `env`, which must outlive it. 0 or -errno. The caller releases it with svc_dgram_close.
 */
int svc_dgram_open(struct svc_dgram **out, int fd, const struct svc_env *env);
void svc_dgram_close(struct svc_dgram *d);

/*
 * Answer what has arrived, without ever blocking: a few batches at most, so that a flood does not
 * keep the caller from its other work.
 */
void svc_dgram_serve(struct svc_dgram *d);

#endif
