/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/host.h"

#include <string.h>

#define V4_LOOPBACK 127

static const uint8_t mapped_prefix[HOST_V4_AT] = { [10] = 0xff, [11] = 0xff };
static const uint8_t translated_prefix[HOST_V4_AT] = { 0x00, 0x64, 0xff, 0x9b };

struct host host_of_v4(const uint8_t octets[4])
{
	struct host h;

	memcpy(h.octets, mapped_prefix, HOST_V4_AT);
	memcpy(h.octets + HOST_V4_AT, octets, HOST_OCTETS - HOST_V4_AT);
	return h;
}

bool host_is_v4(const struct host *h)
{
	return memcmp(h->octets, mapped_prefix, HOST_V4_AT) == 0;
}

bool host_is_translated(const struct host *h)
{
	return memcmp(h->octets, translated_prefix, HOST_V4_AT) == 0;
}

bool host_equal(const struct host *a, const struct host *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static enum host_kind v4_kind(const uint8_t octets[4])
{
	static const uint8_t any[4] = { 0, 0, 0, 0 }, broadcast[4] = { 255, 255, 255, 255 };

	return memcmp(octets, any, sizeof(any)) == 0               ? HOST_ANY
	       : memcmp(octets, broadcast, sizeof(broadcast)) == 0 ? HOST_BROADCAST
	       : octets[0] >> 4 == 0xe                             ? HOST_MULTICAST
								   : HOST_ONE;
}

enum host_kind host_kind(const struct host *h)
{
	static const struct host any;

	if (host_is_v4(h) || host_is_translated(h)) {
		return v4_kind(h->octets + HOST_V4_AT);
	}
	return host_equal(h, &any) ? HOST_ANY : h->octets[0] == 0xff ? HOST_MULTICAST : HOST_ONE;
}

bool host_is_loopback(const struct host *h)
{
	static const struct host loopback = { .octets = { [HOST_OCTETS - 1] = 1 } };

	return host_is_v4(h) ? h->octets[HOST_V4_AT] == V4_LOOPBACK : host_equal(h, &loopback);
}
