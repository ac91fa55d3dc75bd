/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The format of a clock file, version 3, and how processes share one that is mapped.
 *
 *     bytes   0  header: what never changes, with its own checksum
 *            32  generation: how often the clock was adjusted
 *            40  slot 0: a record {generation, line, checksum}
 *           104  slot 1: the same
 *           168  end
 *
 * The record of generation g lives in slot g % 2. A writer, who keeps other writers out by a lock,
 * fills the slot that nobody reads and then publishes it with one store of the generation. Up to
 * that store the old record is whole and valid, from it on the new one is: a writer killed at any
 * instant leaves a valid clock. A reader copies the slot of the generation that it sees, and
 * again if the generation has moved on meanwhile. It never waits for a writer, not even for one
 * that was stopped half-way.
 */
#ifndef OS_CLOCK_FILE_FORMAT_H
#define OS_CLOCK_FILE_FORMAT_H

#include <stdatomic.h>
#include <stddef.h>

#include "core/clock_line.h"

#define CLOCK_FILE_MAGIC      "TSCLOCK\n"
#define CLOCK_FILE_VERSION    3
#define CLOCK_FILE_BYTE_ORDER 0x01020304

struct clock_file_header {
	char magic[8];
	uint32_t byte_order;
	uint32_t version;
	uint64_t size;
	uint64_t checksum; /* of the bytes before it */
};

struct clock_file_record {
	uint64_t generation; /* guards against a damaged generation in the file */
	struct clock_line line;
	uint64_t checksum; /* of the bytes before it */
};

/* A record as processes share it, field by field. */
struct clock_file_slot {
	_Atomic uint64_t generation;
	_Atomic int64_t base_real;
	_Atomic int64_t base_value;
	_Atomic int64_t drift_ppb;
	_Atomic int64_t frequency_ppb;
	_Atomic int64_t slew_ppb;
	_Atomic int64_t slew_left;
	_Atomic uint64_t checksum;
};

struct clock_file_image {
	struct clock_file_header header;
	_Atomic uint64_t generation;
	struct clock_file_slot slots[2];
};

/* Processes share these atomics: they must be plain words of memory, with no lock beside them. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free");
_Static_assert(sizeof(_Atomic int64_t) == sizeof(int64_t), "64-bit atomics must be lock-free");
_Static_assert(sizeof(struct clock_file_record) == sizeof(struct clock_file_slot),
	       "a record is checked in the form in which it is shared");
_Static_assert(sizeof(struct clock_file_image) == 168, "the format has no padding");

/* Fill the image of a new clock file. */
void clock_file_format(struct clock_file_image *image, const struct clock_line *line);

/*
 * Check the header of a file that is `file_size` bytes long; *header has its first
 * min(file_size, sizeof *header). 0, or -EMEDIUMTYPE or -EBADMSG with *why as in
 * clock_file_open.
 */
int clock_file_check_header(const struct clock_file_header *header, uint64_t file_size,
			    const char **why);

/* Check the part behind the header: 0, or -EBADMSG with *why as in clock_file_open. */
int clock_file_check_state(const struct clock_file_image *image, const char **why);

/* How often the clock was adjusted. */
uint64_t clock_file_generation(const struct clock_file_image *image);

/* Copy the present line and check it: 0, or -EBADMSG if it is damaged. */
int clock_file_read_checked(const struct clock_file_image *image, struct clock_line *out);

/*
 * Copy the present line. It was the clock at one instant only if clock_file_moved_on then says
 * false; the caller's actions in between happen in the life of that generation.
 */
uint64_t clock_file_read(const struct clock_file_image *image, struct clock_line *out);

/* Whether the generation that clock_file_read returned is no longer the present one. */
bool clock_file_moved_on(const struct clock_file_image *image, uint64_t generation);

/* Make `line` the present one. The caller keeps other writers out. */
void clock_file_publish(struct clock_file_image *image, const struct clock_line *line);

#endif
