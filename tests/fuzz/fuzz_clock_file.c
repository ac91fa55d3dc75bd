/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clock files: any octets as a file, which is refused or is a clock that always shows something;
 * and a clock of any line, whose file takes no damage without its being noticed.
 *
 * Input: a file; and once more its first octets as a line, an instant, and a place to damage.
 */
#include <errno.h>
#include <string.h>

#include "os/clock_file_format.h"
#include "tests/fuzz/fuzz.h"

/* The input, the second time. */
struct damage {
	struct clock_line line;
	ts_ns real;
	uint32_t place;
	uint8_t mask;
};

static void check_line(const struct clock_line *line, ts_ns real)
{
	const ts_ns reading = clock_line_reading(line, real);
	const dur_ns left = clock_line_slew_left(line, real);
	const struct clock_line moved = clock_line_rebase(line, real);

	FUZZ_REQUIRE(clock_line_valid(line));
	FUZZ_REQUIRE(ts_valid(reading));
	FUZZ_REQUIRE(real == INT64_MAX || clock_line_reading(line, real + 1) >= reading);
	FUZZ_REQUIRE(line->slew_left < 0 ? left >= line->slew_left && left <= 0
					 : left <= line->slew_left && left >= 0);
	FUZZ_REQUIRE(clock_line_valid(&moved));
	FUZZ_REQUIRE(clock_line_reading(&moved, real) == reading);
	FUZZ_REQUIRE(clock_line_slew_left(&moved, real) == left);
	FUZZ_REQUIRE(clock_line_slew(&moved, real) == clock_line_slew(line, real));
}

/* Check a file as clock_file_open does. 0 or its error. */
static int check_file(const void *file, size_t size, struct clock_line *line)
{
	struct clock_file_header header = { .size = 0 };
	struct clock_file_image image = { .generation = 0 };
	const char *why = NULL;
	int rc;

	memcpy(&header, file, size < sizeof(header) ? size : sizeof(header));
	rc = clock_file_check_header(&header, size, &why);
	if (rc == 0) {
		FUZZ_REQUIRE(size <= sizeof(image));
		memcpy(&image, file, size);
		FUZZ_REQUIRE(size == clock_file_size(&image));
		rc = clock_file_check_state(&image, &why);
	}
	FUZZ_REQUIRE((rc != 0) == (why != NULL));
	FUZZ_REQUIRE(rc == 0 || rc == -EMEDIUMTYPE || rc == -EBADMSG);
	if (rc == 0) {
		FUZZ_REQUIRE(clock_file_read_checked(&image, line) == 0);
	}
	return rc;
}

static bool same(const struct clock_line *a, const struct clock_line *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void check_damage(const struct damage *d)
{
	struct clock_file_image image;
	struct clock_line line;
	uint8_t *octets = (uint8_t *)&image;
	const size_t place = d->place % sizeof(image);
	const bool matters = place < offsetof(struct clock_file_image, slots[1]);
	int rc;

	clock_file_format(&image, &d->line);
	rc = check_file(&image, sizeof(image), &line);
	FUZZ_REQUIRE((rc == 0) == clock_line_valid(&d->line));
	if (rc != 0) {
		return;
	}
	FUZZ_REQUIRE(same(&line, &d->line));
	check_line(&line, d->real);
	octets[place] ^= d->mask;
	rc = check_file(&image, sizeof(image), &line);
	FUZZ_REQUIRE((rc != 0) == (matters && d->mask != 0));
	FUZZ_REQUIRE(rc != 0 || same(&line, &d->line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct damage d = { .mask = 0 };
	struct clock_line line;

	if (check_file(data, size, &line) == 0) {
		check_line(&line, line.base_real);
		check_line(&line, 0);
		check_line(&line, TS_LIMIT - 1);
	}
	memcpy(&d, data, size < sizeof(d) ? size : sizeof(d));
	check_damage(&d);
	return 0;
}
