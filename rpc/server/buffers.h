/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much the kernel keeps for the sockets of a server.
 */
#ifndef RPC_SERVER_BUFFERS_H
#define RPC_SERVER_BUFFERS_H

/*
 * Give a socket of that type (SOCK_DGRAM, SOCK_STREAM) the buffers that all servers have. The
 * kernel may allow less, which costs nothing while there is no flood.
 */
void buffers_set(int fd, int socktype);

#endif
