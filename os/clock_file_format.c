/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_file_format.h"

#include <errno.h>
#include <string.h>

#include "core/arith.h"

#define MAKE_A_NEW_ONE "; create a new one with 'timesync clock create'"

static uint64_t header_checksum(const struct clock_file_header *header)
{
	return slots_checksum(header, offsetof(struct clock_file_header, checksum));
}

uint64_t clock_file_generation(const struct clock_file_image *image)
{
	return slots_generation(&image->generation);
}

static bool is_old(const struct clock_file_image *image)
{
	return image->header.version == CLOCK_FILE_OLD;
}

static uint64_t size_of(uint32_t version)
{
	return version == CLOCK_FILE_OLD ? sizeof(struct clock_file_old_image)
					 : sizeof(struct clock_file_image);
}

uint64_t clock_file_size(const struct clock_file_image *image)
{
	return size_of(image->header.version);
}

bool clock_file_ends_slews(const struct clock_file_image *image)
{
	return !is_old(image);
}

/* --- records ---------------------------------------------------------------------------------- */

static uint64_t record_checksum(const struct clock_file_record *record)
{
	return slots_checksum(record, offsetof(struct clock_file_record, checksum));
}

static uint64_t old_checksum(const struct clock_file_old_record *record)
{
	return slots_checksum(record, offsetof(struct clock_file_old_record, checksum));
}

static void write_record(struct clock_file_image *image, uint64_t generation,
			 const struct clock_line *line)
{
	struct clock_file_record record = { .generation = generation, .line = *line };

	record.checksum = record_checksum(&record);
	slots_publish(&image->generation, generation, image->slots[generation % 2].words, &record,
		      sizeof(record));
}

static void write_old_record(struct clock_file_old_image *image, uint64_t generation,
			     const struct clock_line *line)
{
	struct clock_file_old_record record = {
		.generation = generation,
		.base_real = line->base_real,
		.base_value = line->base_value,
		.drift_ppb = line->drift_ppb,
		.frequency_ppb = line->frequency_ppb + line->slew_ppb,
		.slew_ppb = line->slew_ppb,
		.slew_left = line->slew_left,
	};

	record.checksum = old_checksum(&record);
	slots_publish(&image->generation, generation, image->slots[generation % 2], &record,
		      sizeof(record));
}

static void write_generation(struct clock_file_image *image, uint64_t generation,
			     const struct clock_line *line)
{
	if (is_old(image)) {
		write_old_record((struct clock_file_old_image *)image, generation, line);
	} else {
		write_record(image, generation, line);
	}
}

/* The line of a record of the generation, and whether it is whole and valid. */
static bool read_record(const struct clock_file_image *image, uint64_t generation,
			struct clock_line *out)
{
	struct clock_file_record record;

	slots_load(image->slots[generation % 2].words, &record, sizeof(record));
	*out = record.line;
	return record.generation == generation && record.checksum == record_checksum(&record) &&
	       clock_line_valid(out);
}

static bool read_old_record(const struct clock_file_old_image *image, uint64_t generation,
			    struct clock_line *out)
{
	struct clock_file_old_record record;

	slots_load(image->slots[generation % 2], &record, sizeof(record));
	*out = (struct clock_line){
		.base_real = record.base_real,
		.base_value = record.base_value,
		.drift_ppb = record.drift_ppb,
		.frequency_ppb = arith_sub(record.frequency_ppb, record.slew_ppb),
		.slew_ppb = record.slew_ppb,
		.slew_until = record.slew_ppb != 0 ? TS_LIMIT - 1 : 0,
		.slew_left = record.slew_left,
	};
	return record.generation == generation && record.checksum == old_checksum(&record) &&
	       clock_line_valid(out);
}

static bool read_generation(const struct clock_file_image *image, uint64_t generation,
			    struct clock_line *out)
{
	return is_old(image) ? read_old_record((const struct clock_file_old_image *)image,
					       generation, out)
			     : read_record(image, generation, out);
}

uint64_t clock_file_read(const struct clock_file_image *image, struct clock_line *out)
{
	const uint64_t generation = clock_file_generation(image);

	(void)read_generation(image, generation, out);
	return generation;
}

bool clock_file_moved_on(const struct clock_file_image *image, uint64_t generation)
{
	return slots_moved_on(&image->generation, generation);
}

int clock_file_read_checked(const struct clock_file_image *image, struct clock_line *out)
{
	uint64_t generation;
	bool whole;

	do {
		generation = clock_file_generation(image);
		whole = read_generation(image, generation, out);
	} while (clock_file_moved_on(image, generation));
	return whole ? 0 : -EBADMSG;
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
	if (header->version != CLOCK_FILE_VERSION && header->version != CLOCK_FILE_OLD) {
		*why = "this clock file has another format version" MAKE_A_NEW_ONE;
		return -EMEDIUMTYPE;
	}
	if (header->checksum != header_checksum(header)) {
		*why = "the header of this clock file is damaged" MAKE_A_NEW_ONE;
		return -EBADMSG;
	}
	if (header->size != size_of(header->version) || file_size != header->size) {
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
