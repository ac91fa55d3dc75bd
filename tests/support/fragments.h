/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams of fragments, and a reader of the records in them, of READER_SIZE octets at most.
 */
#ifndef TESTS_SUPPORT_FRAGMENTS_H
#define TESTS_SUPPORT_FRAGMENTS_H

#include "rpc/record.h"

#define READER_SIZE 64

/* Its buffer is followed by octets that have to stay as they are. */
struct reader {
	struct record record;
	uint8_t bytes[READER_SIZE + 8];
};

struct stream {
	size_t len;
	uint8_t bytes[4096];
};

void reader_init(struct reader *r);

/* Whether nothing was written behind the buffer. */
bool reader_kept_within(const struct reader *r);

/* Add a mark, be it right or not, and so many octets of `body`. */
void stream_add(struct stream *s, uint32_t mark, const void *body, size_t n);

#endif
