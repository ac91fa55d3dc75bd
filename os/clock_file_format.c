/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_file_format.h"

#include <errno.h>
#include <string.h>

#define MAKE_A_NEW_ONE "; create a new one with 'timesync clock create'"

static uint64_t header_checksum(const struct clock_file_header *header)
{
	return slots_checksum(header, offsetof(struct clock_file_header, checksum));
}

static uint64_t record_checksum(const struct clock_file_record *record)
{
	return slots_checksum(record, offsetof(struct clock_file_record, checksum));
}

static bool record_valid(const struct clock_file_record *record, uint64_t generation)
{
	return record->generation == generation && record->checksum == record_checksum(record) &&
	       clock_line_valid(&record->line);
}

uint64_t clock_file_generation(const struct clock_file_image *image)
{
	return slots_generation(&image->generation);
}

static void write_generation(struct clock_file_image *image, uint64_t generation,
			     const struct clock_line *line)
{
	struct clock_file_record record = { .generation = generation, .line = *line };

	record.checksum = record_checksum(&record);
	slots_publish(&image->generation, generation, image->slots[generation % 2].words, &record,
		      sizeof(record));
}

/* As clock_file_read, the whole record. */
static uint64_t read_record(const struct clock_file_image *image, struct clock_file_record *out)
{
	const uint64_t generation = clock_file_generation(image);

	slots_load(image->slots[generation % 2].words, out, sizeof(*out));
	return generation;
}

uint64_t clock_file_read(const struct clock_file_image *image, struct clock_line *out)
{
	struct clock_file_record record;
	const uint64_t generation = read_record(image, &record);

	*out = record.line;
	return generation;
}

bool clock_file_moved_on(const struct clock_file_image *image, uint64_t generation)
{
	return slots_moved_on(&image->generation, generation);
}

int clock_file_read_checked(const struct clock_file_image *image, struct clock_line *out)
{
	struct clock_file_record record;
	uint64_t generation;

	do {
		generation = read_record(image, &record);
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
