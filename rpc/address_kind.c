/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of addresses. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "rpc/address.h"

static bool is_inet(const struct address *a)
{
	return a->sa.ss_family == AF_INET || a->sa.ss_family == AF_INET6;
}

enum host_kind address_kind(const struct address *a)
{
	const struct host h = address_host(a);

	return is_inet(a) ? host_kind(&h) : HOST_ONE;
}

/* Whether a socket may be for that address, with the right to broadcast or without. 0 or -errno. */
static int try_socket(const struct sockaddr_in *to, int broadcast)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ||
				 setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &broadcast,
					    sizeof(broadcast)) < 0 ||
				 connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0
			 ? -errno
			 : 0;

	if (fd >= 0) {
		close(fd);
	}
	return rc;
}

enum host_kind address_kind_here(const struct address *a)
{
	const enum host_kind kind = address_kind(a);
	const struct host h = address_host(a);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(1) };

	if (kind != HOST_ONE || !host_is_v4(&h)) {
		return kind;
	}
	memcpy(&to.sin_addr, h.octets + HOST_V4_AT, sizeof(to.sin_addr));
	return try_socket(&to, 0) == -EACCES && try_socket(&to, 1) == 0 ? HOST_BROADCAST : kind;
}

bool address_is_any(const struct address *a)
{
	const struct host h = address_host(a);

	return address_kind(a) == HOST_ANY &&
	       (a->sa.ss_family == AF_INET || (!host_is_v4(&h) && !host_is_translated(&h)));
}

bool address_is_loopback(const struct address *a)
{
	const struct host h = address_host(a);

	return is_inet(a) && host_is_loopback(&h);
}

bool address_is_one_host(const struct address *a)
{
	return address_kind(a) == HOST_ONE;
}
