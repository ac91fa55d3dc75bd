/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/buffers.h"

#include <sys/socket.h>

/*
 * Room for the datagrams that come while this process waits for its turn: some 50 ms of a flood
 * that it is a match for. With the usual 200 KiB, a flood makes it lose the calls of everybody
 * else. Root alone may have more than net.core.rmem_max.
 */
#define DGRAM_ROOM (4 << 20)

/*
 * All that the kernel keeps for a connection that does not read its replies, or sends faster than
 * it is read: a hundred messages. It would go up to some MiB each.
 */
#define STREAM_ROOM (64 << 10)

void buffers_set(int fd, int socktype)
{
	const int dgram = DGRAM_ROOM, stream = STREAM_ROOM;

	/* Both are a matter of load only: without them it serves as well while there is none. */
	if (socktype == SOCK_STREAM) {
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &stream, sizeof(stream));
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &stream, sizeof(stream));
	} else if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &dgram, sizeof(dgram)) < 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &dgram, sizeof(dgram));
	}
}
