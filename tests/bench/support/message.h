/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The requests that the benchmarks send, and which replies count. Those without a MAC are 48 octets
 * long, so that every server gets and sends the same amount; a reply is as long as its request.
 */
#ifndef TESTS_BENCH_SUPPORT_MESSAGE_H
#define TESTS_BENCH_SUPPORT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_SIZE 48
#define MESSAGE_MAX  100

/* The key of those with a MAC: this id, and the octets 0, 1, 2, ... 31. */
#define MESSAGE_KEY_ID 1

struct protocol {
	const char *name;
	size_t size; /* of a request */
	/* Make a request; and have `number` tell it from others, as far as the MAC allows that. */
	void (*request)(uint8_t *message);
	void (*renumber)(uint8_t *message, uint32_t number);
	/* Whether it is a good reply to such a request. */
	bool (*is_reply)(const uint8_t *message, size_t len);
};

/*
 * "rpc" (GET_TIMESTAMPS), "ntp" (a client's packet, RFC 5905), "rpc-mac" and "ntp-mac", the same
 * with a MAC by SHA-256, or "echo"; null if unknown.
 */
const struct protocol *protocol_named(const char *name);

#endif
