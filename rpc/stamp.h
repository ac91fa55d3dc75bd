/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel timestamps: when a packet reached or left the machine, not when a process got to run.
 */
#ifndef RPC_STAMP_H
#define RPC_STAMP_H

#include <sys/socket.h>
#include <time.h>

#include "os/clock.h"

/* Room that recvmsg's control buffer needs for a stamp. */
#define STAMP_CONTROL_SIZE CMSG_SPACE(sizeof(struct timespec))

/* Ask for receive timestamps on `fd`, a datagram or a TCP socket. 0 or -errno. */
int stamp_enable(int fd);

/*
 * When the message that recvmsg put into `msg` arrived, on the scale of `clock`; now, if the kernel
 * gave no timestamp (local sockets, and packets from before stamp_enable).
 */
ts_ns stamp_arrival(struct msghdr *msg, struct clock *clock);

/*
 * Let datagrams sent on `fd` ask for a transmit stamp each, on top of stamp_enable; none does
 * unless it says so, for stamps cost the sender a system call. Called again, it makes the kernel
 * count from 0 again. 0 or -errno.
 */
int stamp_enable_tx(int fd);

/* Room that such a request takes in sendmsg's control buffer. */
#define STAMP_REQUEST_SIZE CMSG_SPACE(sizeof(uint32_t))

/* Write the request at `control`, STAMP_REQUEST_SIZE octets of a message's control data. */
void stamp_request_tx(void *control);

/*
 * The next transmit stamp that the kernel has ready: which of the datagrams that asked it is for,
 * counted from 0, and when it left, on the scale of `clock`. 0, -EAGAIN if there is none, -EBADMSG
 * for something else that was waiting (an ICMP error), or -errno. Never blocks.
 */
int stamp_tx(int fd, struct clock *clock, uint32_t *number, ts_ns *departed);

#endif
