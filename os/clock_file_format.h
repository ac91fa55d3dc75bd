/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The format of a clock file, version 4, and how processes share one that is mapped.
 *
 *     bytes   0  header: what never changes, with its own checksum
 *            32  generation: how often the clock was adjusted
 *            40  slot 0: a record {generation, line, checksum}
 *           112  slot 1: the same
 *           184  end
 *
 * A file of version 3 is used too, and stays one. Its records know no end of a slew by frequency,
 * which is a part of their frequency: they have 64 bytes, and the file has 168. So such a slew goes
 * on until somebody ends it.
 *
 * The slots and the generation are those of os/slots: readers never wait, and a writer killed at
 * any instant leaves a valid clock. The checksums are slots_checksum.
 */
#ifndef OS_CLOCK_FILE_FORMAT_H
#define OS_CLOCK_FILE_FORMAT_H

#include <stddef.h>

#include "core/clock_line.h"
#include "os/slots.h"

#define CLOCK_FILE_MAGIC      "TSCLOCK\n"
#define CLOCK_FILE_VERSION    4
#define CLOCK_FILE_OLD        3 /* the version that is used too */
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

/* The same of the old version. */
struct clock_file_old_record {
	uint64_t generation;
	ts_ns base_real, base_value;
	int64_t drift_ppb;
	int64_t frequency_ppb; /* with the slew */
	int64_t slew_ppb;
	dur_ns slew_left;
	uint64_t checksum;
};

/* A record as processes share it. */
struct clock_file_slot {
	slots_word words[sizeof(struct clock_file_record) / sizeof(slots_word)];
};

struct clock_file_image {
	struct clock_file_header header;
	slots_word generation;
	struct clock_file_slot slots[2];
};

/* The image of a file of the old version, at the same place. */
struct clock_file_old_image {
	struct clock_file_header header;
	slots_word generation;
	slots_word slots[2][sizeof(struct clock_file_old_record) / sizeof(slots_word)];
};

_Static_assert(sizeof(struct clock_file_record) == sizeof(struct clock_file_slot),
	       "a record is checked in the form in which it is shared");
_Static_assert(sizeof(struct clock_file_image) == 184, "the format has no padding");
_Static_assert(sizeof(struct clock_file_old_image) == 168, "the format has no padding");

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

/* How long the file is, by its version. */
uint64_t clock_file_size(const struct clock_file_image *image);

/* Whether a slew by frequency ends by itself in this file. */
bool clock_file_ends_slews(const struct clock_file_image *image);

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
