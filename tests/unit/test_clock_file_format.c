/* SPDX-License-Identifier: BSD-3-Clause */
/* The shared image of a clock file: who writes where, and that no reader ever sees half a line. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock_file_format.h"
#include "tests/support/between.h"

#define READS    2000000
#define LONGEST  30 /* seconds that a test may take before it is killed */
#define NEW_YEAR (INT64_C(1704067200) * NS_PER_SEC)

static struct clock_file_image *image;

/* A line made from a number, which every field tells. */
static struct clock_line line_of(int64_t number)
{
	return (struct clock_line){
		.base_real = NEW_YEAR + number,
		.base_value = NEW_YEAR - number,
		.drift_ppb = number % 1000000,
		.frequency_ppb = number % 500000,
		.slew_ppb = number % 400000,
		.slew_until = NEW_YEAR + 2 * number,
		.slew_left = -3 * number,
	};
}

static void check_is_line_of(int64_t number, const struct clock_line *line)
{
	struct clock_line expected = line_of(number);

	assert_memory_equal(line, &expected, sizeof(expected));
}

static int setup(void **state)
{
	const struct clock_line first = line_of(0);

	(void)state;
	image = mmap(NULL, sizeof(*image), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (image == MAP_FAILED) {
		return -1;
	}
	clock_file_format(image, &first);
	alarm(LONGEST);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	alarm(0);
	return munmap(image, sizeof(*image));
}

static void what_is_published_is_read(void **state)
{
	struct clock_line line;
	const char *why;

	(void)state;
	for (int64_t number = 0; number < 10; number++) {
		uint64_t generation = clock_file_read(image, &line);

		check_is_line_of(number, &line);
		assert_int_equal(clock_file_read_checked(image, &line), 0);
		check_is_line_of(number, &line);
		assert_int_equal(clock_file_check_state(image, &why), 0);
		assert_false(clock_file_moved_on(image, generation));

		line = line_of(number + 1);
		clock_file_publish(image, &line);
		assert_true(clock_file_moved_on(image, generation));
	}
}

/* Up to the store of the generation, the old record must be whole. */
static void publishing_leaves_the_slot_in_use_alone(void **state)
{
	(void)state;
	for (int64_t number = 1; number < 10; number++) {
		const struct clock_line line = line_of(number);
		size_t in_use = image->generation % 2;
		struct clock_file_slot before;

		memcpy(&before, &image->slots[in_use], sizeof(before));
		clock_file_publish(image, &line);
		assert_int_equal(image->generation % 2, !in_use);
		assert_memory_equal(&image->slots[in_use], &before, sizeof(before));
	}
}

/* Of the old version: a slew is in its frequency, and has no end. */
static void the_old_version_is_read_and_written(void **state)
{
	struct clock_file_old_image *old = (struct clock_file_old_image *)image;
	struct clock_line line = line_of(400001), found; /* a slew of 1 ppb */
	const char *why;

	(void)state;
	memset(image, 0, sizeof(*image));
	old->header = (struct clock_file_header){ .byte_order = CLOCK_FILE_BYTE_ORDER,
						  .version = CLOCK_FILE_OLD,
						  .size = sizeof(*old) };
	memcpy(old->header.magic, CLOCK_FILE_MAGIC, sizeof(old->header.magic));
	old->header.checksum =
		slots_checksum(&old->header, offsetof(struct clock_file_header, checksum));
	clock_file_publish(image, &line);
	assert_int_equal(clock_file_check_header(&image->header, sizeof(*old), &why), 0);
	assert_int_equal(clock_file_check_header(&image->header, sizeof(*image), &why), -EBADMSG);
	assert_int_equal(clock_file_size(image), 168);
	assert_false(clock_file_ends_slews(image));
	assert_int_equal(clock_file_generation(image), 1);
	assert_int_equal(old->slots[1][4], line.frequency_ppb + 1); /* as others read it */
	assert_int_equal(old->slots[1][5], 1);
	assert_int_equal(clock_file_read_checked(image, &found), 0);
	line.slew_until = TS_LIMIT - 1;
	assert_memory_equal(&found, &line, sizeof(line));
	old->slots[1][7] ^= 1;
	assert_int_equal(clock_file_read_checked(image, &found), -EBADMSG);
}

static void publish_for_ever(void)
{
	alarm(LONGEST);
	for (int64_t number = 1;; number++) {
		const struct clock_line line = line_of(number);

		clock_file_publish(image, &line);
	}
}

static void nobody_reads_half_a_line(void **state)
{
	int64_t last = 0;
	int64_t retries = 0;
	pid_t writer = fork();

	(void)state;
	assert_true(writer >= 0);
	if (writer == 0) {
		publish_for_ever();
	}
	for (int i = 0; i < READS; i++) {
		struct clock_line line;
		uint64_t generation;

		while (generation = clock_file_read(image, &line),
		       clock_file_moved_on(image, generation)) {
			retries++;
		}
		check_is_line_of((int64_t)generation, &line);
		assert_true((int64_t)generation >= last);
		last = (int64_t)generation;
	}
	assert_int_equal(kill(writer, SIGKILL), 0);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	print_message("%d reads, %" PRId64 " retries, %" PRId64 " lines\n", READS, retries, last);
	assert_true(last > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_published_is_read),
		TEST(publishing_leaves_the_slot_in_use_alone),
		TEST(the_old_version_is_read_and_written),
		TEST(nobody_reads_half_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
