/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Record marking (RFC 5531, section 11): messages on a stream, each a run of fragments. The reader
 * takes the stream in pieces of any size and never buffers more than one record.
 */
#ifndef RPC_RECORD_H
#define RPC_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_MARK_SIZE     4
#define RECORD_LAST_FRAGMENT UINT32_C(0x80000000)

/* More fragments than any sane sender makes of a message that fits a record here. */
#define RECORD_MAX_FRAGMENTS 64

struct record {
	uint8_t *bytes; /* the caller's buffer */
	size_t size;    /* of that buffer: the longest record accepted */
	size_t len;     /* of the record so far */
	uint8_t mark[RECORD_MARK_SIZE];
	unsigned mark_len; /* octets of the mark so far */
	uint32_t left;     /* octets of the fragment still to come */
	unsigned fragments;
	bool last;    /* the fragment is the record's last */
	bool refused; /* for good: where the next record would begin is not known */
};

enum record_state {
	RECORD_PARTIAL,  /* the input is used up in the middle of a record */
	RECORD_COMPLETE, /* bytes[0..len) is a record; call record_next before feeding on */
	/* Longer than `size`, or too many fragments. All that follows is refused too: close it. */
	RECORD_REFUSED,
};

/* Start reading records of at most `size` octets into `bytes`. */
void record_init(struct record *r, uint8_t *bytes, size_t size);

/*
 * Feed `n` octets; `*used` is the number taken. Stops after the end of a record. Never writes
 * beyond the buffer, whatever was fed before.
 */
enum record_state record_feed(struct record *r, const uint8_t *data, size_t n, size_t *used);

/* Forget the record and be ready for the next, unless the stream was refused. */
void record_next(struct record *r);

/* Whether nothing of a record has been read yet. */
bool record_at_boundary(const struct record *r);

#endif
