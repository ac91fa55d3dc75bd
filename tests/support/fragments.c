/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/fragments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/wire.h"

void reader_init(struct reader *r)
{
	memset(r->bytes, 0xee, sizeof(r->bytes));
	record_init(&r->record, r->bytes, READER_SIZE);
}

bool reader_kept_within(const struct reader *r)
{
	static const uint8_t untouched[8] = { 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee };

	return r->record.len <= READER_SIZE && memcmp(r->bytes + READER_SIZE, untouched, 8) == 0;
}

void stream_add(struct stream *s, uint32_t mark, const void *body, size_t n)
{
	assert_true(s->len + RECORD_MARK_SIZE + n <= sizeof(s->bytes));
	wire_put_u32(s->bytes + s->len, mark);
	memcpy(s->bytes + s->len + RECORD_MARK_SIZE, body, n);
	s->len += RECORD_MARK_SIZE + n;
}
