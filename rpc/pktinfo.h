/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of the machine's addresses a datagram was sent to, so that the reply leaves from there.
 */
#ifndef RPC_PKTINFO_H
#define RPC_PKTINFO_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Room that it needs in a control buffer, received or sent. */
#define PKTINFO_CONTROL_SIZE CMSG_SPACE(sizeof(struct in6_pktinfo))

/*
 * Have the kernel tell, where that is not known anyway: a socket bound to the wildcard has to learn
 * which address was asked. A socket bound to an address need not, and is faster for it. 0 or
 * -errno.
 */
int pktinfo_enable(int fd);

/* Whether, by the control data received, it was sent to many at once: by broadcast or multicast. */
bool pktinfo_is_for_many(struct msghdr *msg);

/*
 * Reduce the received control data to the part that makes the reply leave from the address that was
 * asked. Returns the length of the control data to send.
 */
size_t pktinfo_turn(struct msghdr *msg);

#endif
