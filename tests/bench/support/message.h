/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The requests that the benchmarks send, and which replies count. All are 48 octets long, so that
 * every server gets and sends the same amount.
 */
#ifndef TESTS_BENCH_SUPPORT_MESSAGE_H
#define TESTS_BENCH_SUPPORT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_SIZE 48

struct protocol {
	const char *name;
	/* Make a request that `number` tells from others. */
	void (*request)(uint8_t message[MESSAGE_SIZE], uint32_t number);
	/* Whether it is a good reply to such a request. */
	bool (*is_reply)(const uint8_t *message, size_t len);
};

/* "rpc" (GET_TIMESTAMPS), "ntp" (a client's packet, RFC 5905) or "echo"; null if unknown. */
const struct protocol *protocol_named(const char *name);

#endif
