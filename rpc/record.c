/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/record.h"

#include <string.h>

#include "rpc/wire.h"

void record_init(struct record *r, uint8_t *bytes, size_t size)
{
	memset(r, 0, sizeof(*r));
	r->bytes = bytes;
	r->size = size;
}

void record_next(struct record *r)
{
	const bool refused = r->refused;

	record_init(r, r->bytes, r->size);
	r->refused = refused;
}

bool record_at_boundary(const struct record *r)
{
	return r->fragments == 0 && r->mark_len == 0 && !r->refused;
}

/* Take octets of the mark; `*used` is their number. */
static void take_mark(struct record *r, const uint8_t *data, size_t n, size_t *used)
{
	uint32_t word;

	while (*used < n && r->mark_len < RECORD_MARK_SIZE) {
		r->mark[r->mark_len++] = data[(*used)++];
	}
	if (r->mark_len < RECORD_MARK_SIZE) {
		return;
	}
	word = wire_get_u32(r->mark);
	r->last = (word & RECORD_LAST_FRAGMENT) != 0;
	r->left = word & ~RECORD_LAST_FRAGMENT;
	r->fragments++;
	r->refused = r->left > r->size - r->len || r->fragments > RECORD_MAX_FRAGMENTS;
}

static void take_body(struct record *r, const uint8_t *data, size_t n, size_t *used)
{
	size_t take = n - *used < r->left ? n - *used : r->left;

	memcpy(r->bytes + r->len, data + *used, take);
	r->len += take;
	r->left -= (uint32_t)take;
	*used += take;
}

enum record_state record_feed(struct record *r, const uint8_t *data, size_t n, size_t *used)
{
	*used = 0;
	while (*used < n && !r->refused) {
		if (r->mark_len < RECORD_MARK_SIZE) {
			take_mark(r, data, n, used);
		}
		if (r->refused || r->mark_len < RECORD_MARK_SIZE) {
			break;
		}
		take_body(r, data, n, used);
		if (r->left > 0) {
			break;
		}
		if (r->last) {
			return RECORD_COMPLETE;
		}
		r->mark_len = 0;
	}
	return r->refused ? RECORD_REFUSED : RECORD_PARTIAL;
}
