/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/pktinfo.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "rpc/address.h"

_Static_assert(PKTINFO_CONTROL_SIZE >= CMSG_SPACE(sizeof(struct in_pktinfo)), "both fit");

int pktinfo_enable(int fd)
{
	struct address bound = { .len = sizeof(bound.sa) };
	const int on = 1;
	int rc;

	if (getsockname(fd, (struct sockaddr *)&bound.sa, &bound.len) < 0) {
		return -errno;
	}
	if (!address_is_any(&bound)) {
		return 0;
	}
	if (bound.sa.ss_family == AF_INET) {
		rc = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	} else {
		rc = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	}
	return rc == 0 ? 0 : -errno;
}

/* The address that was asked, as the kernel told; false if it is something else. */
static bool source_of_reply(struct cmsghdr *c)
{
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		info.ipi_ifindex = 0; /* the route decides, as for any reply */
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		return true;
	}
	if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) {
			info.ipi6_ifindex = 0;
		}
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		return true;
	}
	return false;
}

static bool is_to_many(const struct cmsghdr *c)
{
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		/*
		 * The destination address, and our own address that it stands for; the same one, if
		 * it is ours. The second is 0 for datagrams that were waiting before
		 * pktinfo_enable.
		 */
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (info.ipi_spec_dst.s_addr == htonl(INADDR_ANY)) {
			return ntohl(info.ipi_addr.s_addr) >= INADDR_UNSPEC_GROUP;
		}
		return info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
	}
	if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		return IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
	}
	return false;
}

bool pktinfo_is_for_many(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (is_to_many(c)) {
			return true;
		}
	}
	return false;
}

size_t pktinfo_turn(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (source_of_reply(c)) {
			const size_t len = c->cmsg_len;

			memmove(msg->msg_control, c, len);
			return CMSG_ALIGN(len);
		}
	}
	return 0;
}
