/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/access.h"

#include <errno.h>
#include <string.h>

#include "core/parse.h"

#define HOST_BITS 128
#define IPV4_BITS 32

/* Whether the first `bits` bits of both are the same. */
static bool same_prefix(const struct host *a, const struct host *b, unsigned bits)
{
	const unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a->octets, b->octets, whole) == 0 &&
	       (rest == 0 || (a->octets[whole] ^ b->octets[whole]) >> (8 - rest) == 0);
}

static bool ends_with_zeros(const struct host *h, unsigned bits)
{
	struct host prefix = { .octets = { 0 } };

	memcpy(prefix.octets, h->octets, bits / 8);
	if (bits % 8 > 0) {
		prefix.octets[bits / 8] = (uint8_t)(h->octets[bits / 8] & ~(0xff >> bits % 8));
	}
	return same_prefix(&prefix, h, HOST_BITS);
}

int access_allow(struct access *a, const char *cidr)
{
	char text[ADDRESS_TEXT_MAX];
	const char *slash = strchr(cidr, '/');
	const size_t len = slash ? (size_t)(slash - cidr) : strlen(cidr);
	struct address address;
	struct access_rule rule;
	int64_t width, bits;

	if (len >= sizeof(text)) {
		return -EINVAL;
	}
	memcpy(text, cidr, len);
	text[len] = '\0';
	if (!address_parse(&address, text)) {
		return -EINVAL;
	}
	width = address.sa.ss_family == AF_INET ? IPV4_BITS : HOST_BITS;
	bits = width;
	if (slash && parse_int(slash + 1, 0, width, &bits) != 0) {
		return -EINVAL;
	}
	rule.network = address_host(&address);
	rule.bits = (unsigned)(HOST_BITS - width + bits);
	if (!ends_with_zeros(&rule.network, rule.bits)) {
		return -EDOM;
	}
	if (a->n == ACCESS_MAX_RULES) {
		return -ENOSPC;
	}
	a->rules[a->n++] = rule;
	return 0;
}

bool access_allows(const struct access *a, const struct host *h)
{
	for (size_t i = 0; i < a->n; i++) {
		if (same_prefix(&a->rules[i].network, h, a->rules[i].bits)) {
			return true;
		}
	}
	return a->n == 0;
}
