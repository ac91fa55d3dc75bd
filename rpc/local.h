/*
 * The local socket on which a daemon answers its own user, and nobody else.
 */
#ifndef RPC_LOCAL_H
#define RPC_LOCAL_H

#include "rpc/address.h"

/*
 * Where the socket is unless somebody says otherwise: /run/timesyncd/socket for root, and
 * $XDG_RUNTIME_DIR/timesyncd/socket for everyone else. False when there is no such place.
 */
bool local_default_path(struct address *out, bool root);

/*
 * Listen at that path, replacing what a dead daemon left there. The descriptor, or -errno:
 * -EADDRINUSE when somebody who is alive listens there, or something else is there.
 */
int local_listen(const struct address *at);

/* Whether the peer of a connected local socket is root or the user that we are. */
bool local_peer_is_ours(int fd);

#endif
