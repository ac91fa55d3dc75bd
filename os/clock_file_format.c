/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_file_format.h"

#include <errno.h>
#include <string.h>

#define MAKE_A_NEW_ONE "; create a new one with 'timesync clock create'"

/*
 * FNV-1a of 64-bit words, with a fold (and so timesync-clock(5) has it): each step is a bijection,
 * so any change of a single word changes the sum. It is against accidents, not malice. `size` is a
 * multiple of 8.
 */
static uint64_t checksum_of(const void *start, size_t size)
{
	const unsigned char *bytes = start;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, bytes + i, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x100000001b3);
		sum ^= sum >> 32;
	}
	return sum;
}

static uint64_t header_checksum(const struct clock_file_header *header)
{
	return checksum_of(header, offsetof(struct clock_file_header, checksum));
}

static uint64_t record_checksum(const struct clock_file_record *record)
{
	return checksum_of(record, offsetof(struct clock_file_record, checksum));
}

static bool record_valid(const struct clock_file_record *record, uint64_t generation)
{
	return record->generation == generation && record->checksum == record_checksum(record) &&
	       clock_line_valid(&record->line);
}

/*
 * Why the memory order below is enough
 *
 * What a reader must never use is a slot that it copied while it was being overwritten. The slot
 * of generation g is overwritten only by the writer of g + 2, after it saw g + 1 published.
 *
 * - Publishing is a release store that the reader's acquire load of the generation pairs with: a
 *   reader that sees g sees all of g's record, or fields of a later one.
 * - If it did copy a field of g + 2, then its acquire fence after the copy pairs with that writer's
 *   release fence before its stores. The writer had seen g + 1 by then, so the reader's second
 *   load sees g + 1 or later, which is not g, and the copy is thrown away.
 * - Writers follow one another under a lock, and each loads the generation with acquire: what the
 *   one before wrote happens before what it writes.
 *
 * The fields of a slot are atomic, if relaxed, as they may be stored while they are loaded.
 */

#define LOAD(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define STORE(field, value) atomic_store_explicit(&(field), value, memory_order_relaxed)

static void load_line(const struct clock_file_slot *slot, struct clock_line *out)
{
	out->base_real = LOAD(slot->base_real);
	out->base_value = LOAD(slot->base_value);
	out->drift_ppb = LOAD(slot->drift_ppb);
	out->frequency_ppb = LOAD(slot->frequency_ppb);
	out->slew_ppb = LOAD(slot->slew_ppb);
	out->slew_left = LOAD(slot->slew_left);
}

static void store_record(struct clock_file_slot *slot, const struct clock_file_record *record)
{
	STORE(slot->generation, record->generation);
	STORE(slot->base_real, record->line.base_real);
	STORE(slot->base_value, record->line.base_value);
	STORE(slot->drift_ppb, record->line.drift_ppb);
	STORE(slot->frequency_ppb, record->line.frequency_ppb);
	STORE(slot->slew_ppb, record->line.slew_ppb);
	STORE(slot->slew_left, record->line.slew_left);
	STORE(slot->checksum, record->checksum);
}

uint64_t clock_file_generation(const struct clock_file_image *image)
{
	return atomic_load_explicit(&image->generation, memory_order_acquire);
}

static void write_generation(struct clock_file_image *image, uint64_t generation,
			     const struct clock_line *line)
{
	struct clock_file_record record = { .generation = generation, .line = *line };

	record.checksum = record_checksum(&record);
	atomic_thread_fence(memory_order_release);
	store_record(&image->slots[generation % 2], &record);
	atomic_store_explicit(&image->generation, generation, memory_order_release);
}

uint64_t clock_file_read(const struct clock_file_image *image, struct clock_line *out)
{
	uint64_t generation = clock_file_generation(image);

	load_line(&image->slots[generation % 2], out);
	return generation;
}

bool clock_file_moved_on(const struct clock_file_image *image, uint64_t generation)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&image->generation, memory_order_relaxed) != generation;
}

int clock_file_read_checked(const struct clock_file_image *image, struct clock_line *out)
{
	struct clock_file_record record;
	uint64_t generation;

	do {
		const struct clock_file_slot *slot;

		generation = clock_file_read(image, &record.line);
		slot = &image->slots[generation % 2];
		record.generation = LOAD(slot->generation);
		record.checksum = LOAD(slot->checksum);
	} while (clock_file_moved_on(image, generation));
	if (!record_valid(&record, generation)) {
		return -EBADMSG;
	}
	*out = record.line;
	return 0;
}

void clock_file_publish(struct clock_file_image *image, const struct clock_line *line)
{
	write_generation(image, clock_file_generation(image) + 1, line);
}

void clock_file_format(struct clock_file_image *image, const struct clock_line *line)
{
	struct clock_file_header header = {
		.byte_order = CLOCK_FILE_BYTE_ORDER,
		.version = CLOCK_FILE_VERSION,
		.size = sizeof(*image),
	};

	memcpy(header.magic, CLOCK_FILE_MAGIC, sizeof(header.magic));
	header.checksum = header_checksum(&header);
	memset(image, 0, sizeof(*image));
	image->header = header;
	write_generation(image, 0, line);
}

static bool has_magic(const struct clock_file_header *header, uint64_t file_size)
{
	return file_size >= sizeof(header->magic) &&
	       memcmp(header->magic, CLOCK_FILE_MAGIC, sizeof(header->magic)) == 0;
}

int clock_file_check_header(const struct clock_file_header *header, uint64_t file_size,
			    const char **why)
{
	if (file_size == 0) {
		*why = "the file is empty" MAKE_A_NEW_ONE;
		return -EBADMSG;
	}
	if (!has_magic(header, file_size)) {
		*why = "this is not a clock file" MAKE_A_NEW_ONE " under another name";
		return -EMEDIUMTYPE;
	}
	if (file_size < sizeof(*header)) {
		*why = "this clock file is cut off" MAKE_A_NEW_ONE;
		return -EBADMSG;
	}
	if (header->byte_order != CLOCK_FILE_BYTE_ORDER) {
		*why = "this clock file is from another kind of machine" MAKE_A_NEW_ONE;
		return -EMEDIUMTYPE;
	}
	if (header->version != CLOCK_FILE_VERSION) {
		*why = "this clock file has another format version" MAKE_A_NEW_ONE;
		return -EMEDIUMTYPE;
	}
	if (header->checksum != header_checksum(header)) {
		*why = "the header of this clock file is damaged" MAKE_A_NEW_ONE;
		return -EBADMSG;
	}
	if (header->size != sizeof(struct clock_file_image) || file_size != header->size) {
		*why = "this clock file is cut off or too long" MAKE_A_NEW_ONE;
		return -EBADMSG;
	}
	return 0;
}

int clock_file_check_state(const struct clock_file_image *image, const char **why)
{
	struct clock_line line;
	int err = clock_file_read_checked(image, &line);

	if (err) {
		*why = "the time in this clock file is damaged" MAKE_A_NEW_ONE;
	}
	return err;
}
