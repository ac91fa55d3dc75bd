/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The local socket on which a daemon answers its own user, and nobody else.
 */
#ifndef RPC_LOCAL_H
#define RPC_LOCAL_H

#include <sys/types.h>

#include "core/ts.h"
#include "rpc/address.h"

/*
 * Where the socket is unless somebody says otherwise: /run/timesyncd/socket for root, and
 * $XDG_RUNTIME_DIR/timesyncd/socket for everyone else. False when there is no such place.
 */
bool local_default_path(struct address *out, bool root);

/*
 * Listen at that path, replacing what a dead daemon left there. The descriptor, or -errno:
 * -EADDRINUSE when a live process listens there, or another kind of file is there; -EEXIST when
 * the socket of a dead daemon cannot be removed; -EPERM when the directory is not root's or ours,
 * or others may remove files from it.
 */
int local_listen(const struct address *at);

/* Remove the socket, so that nobody connects any more; log a warning if that is not possible. */
void local_remove(const struct address *at);

/* Why that failed, in words. */
const char *local_why(int error);

/*
 * Before root becomes that user for good: let it remove the socket, which is at a default place, at
 * the end. The directory stays root's. 0 or -errno.
 */
int local_give(const struct address *at, uid_t uid, gid_t gid);

/* Whether the client of a connected local socket is root or the user that we are, and which. */
bool local_client_is_ours(int fd, uid_t *uid);

/*
 * Connect `fd`, a blocking socket, waiting in the queue for at most `timeout` ns. 0 or -errno;
 * -EPERM unless the listener is root, our own user, or the owner of the directory, as which a
 * daemon of another user runs.
 */
int local_connect(int fd, const struct address *at, dur_ns timeout);

#endif
