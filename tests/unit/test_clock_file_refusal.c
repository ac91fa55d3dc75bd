/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files that are not a sound clock: each is refused with the right error and a clause that says
 * what to do, and is the same byte for byte afterwards.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock_file.h"
#include "os/clock_file_format.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"
#include "tests/support/scratch.h"

#define NEW_YEAR (INT64_C(1704067200) * NS_PER_SEC)
#define SIZE     sizeof(struct clock_file_image)

/* A file's content, with room for one that is too long. */
union content {
	struct clock_file_image image;
	unsigned char bytes[2 * SIZE];
};

static union content sound_clock(void)
{
	const struct clock_line line = { .base_real = NEW_YEAR, .base_value = NEW_YEAR };
	union content c = { .bytes = { 0 } };

	clock_file_format(&c.image, &line);
	return c;
}

/* Opening `path` either way fails with `error` and a reason, the same one, for people. */
static void check_refused(const char *path, int error, const char *reason)
{
	for (int writable = 0; writable <= 1; writable++) {
		struct clock *c = NULL;
		const char *why = NULL;

		assert_int_equal(clock_file_open(&c, path, writable, &why), error);
		assert_null(c);
		assert_non_null(why);
		if (!strstr(why, reason)) {
			fail_msg("\"%s\" does not say \"%s\"", why, reason);
		}
	}
}

/* A file of these bytes is refused and stays as it is. */
static void check_content_refused(const struct scratch *scratch, const union content *content,
				  size_t size, int error, const char *reason)
{
	union content found;

	scratch_write(scratch->path, content, size);
	check_refused(scratch->path, error, reason);
	assert_int_equal(scratch_read(scratch->path, &found, sizeof(found)), size);
	assert_memory_equal(&found, content, size);
}

static void a_sound_one_is_opened(void **state)
{
	struct scratch *scratch = *state;
	union content content = sound_clock();
	struct clock *c = NULL;
	const char *why = "not set";

	scratch_write(scratch->path, &content, SIZE);
	for (int writable = 0; writable <= 1; writable++) {
		assert_int_equal(clock_file_open(&c, scratch->path, writable, &why), 0);
		assert_null(why);
		clock_close(c);
	}
}

static void every_cut_is_refused(void **state)
{
	union content content = sound_clock();

	check_content_refused(*state, &content, 0, -EBADMSG, "empty");
	for (size_t size = 1; size < sizeof(content.image.header.magic); size++) {
		check_content_refused(*state, &content, size, -EMEDIUMTYPE, "not a clock file");
	}
	for (size_t size = sizeof(content.image.header.magic); size < SIZE; size++) {
		check_content_refused(*state, &content, size, -EBADMSG, "cut off");
	}
	check_content_refused(*state, &content, SIZE + 1, -EBADMSG, "too long");
	check_content_refused(*state, &content, sizeof(content), -EBADMSG, "too long");
}

/* Every bit counts but those of the slot that is not in use, where a writer may have died. */
static void every_flipped_bit_is_refused(void **state)
{
	struct scratch *scratch = *state;
	size_t in_use = offsetof(struct clock_file_image, slots[1]);

	for (size_t bit = 0; bit < 8 * in_use; bit++) {
		union content content = sound_clock();
		struct clock *c = NULL;
		const char *why = NULL;
		int err;

		content.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		scratch_write(scratch->path, &content, SIZE);
		err = clock_file_open(&c, scratch->path, true, &why);
		assert_true(err == -EBADMSG || err == -EMEDIUMTYPE);
		assert_non_null(why);
	}
}

static void what_a_dying_writer_left_does_not_count(void **state)
{
	struct scratch *scratch = *state;
	union content content = sound_clock();
	struct clock *c = NULL;
	const char *why;

	memset(&content.image.slots[1], 0xa5, sizeof(content.image.slots[1]));
	scratch_write(scratch->path, &content, SIZE);
	assert_int_equal(clock_file_open(&c, scratch->path, true, &why), 0);
	assert_int_equal(clock_from_kernel(c, NEW_YEAR + 5), NEW_YEAR + 5);
	clock_close(c);
}

static void foreign_files_are_refused(void **state)
{
	union content content;

	memset(&content, 0, sizeof(content));
	check_content_refused(*state, &content, SIZE, -EMEDIUMTYPE, "not a clock file");
	check_content_refused(*state, &content, sizeof(content), -EMEDIUMTYPE, "another name");
	memcpy(content.bytes, "#!/bin/sh\nexit 0\n", 17);
	check_content_refused(*state, &content, 17, -EMEDIUMTYPE, "not a clock file");
	memcpy(content.bytes, "\177ELF\002\001\001", 8);
	check_content_refused(*state, &content, SIZE, -EMEDIUMTYPE, "not a clock file");
}

static void other_versions_are_refused(void **state)
{
	static const uint32_t versions[] = { 0, CLOCK_FILE_OLD - 1, CLOCK_FILE_VERSION + 1,
					     UINT32_MAX };

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		union content content = sound_clock();

		content.image.header.version = versions[i];
		check_content_refused(*state, &content, SIZE, -EMEDIUMTYPE, "version");
		/* whatever the size and the rest of its header may be */
		check_content_refused(*state, &content, sizeof(content), -EMEDIUMTYPE, "version");
	}
}

static void another_byte_order_is_refused(void **state)
{
	union content content = sound_clock();

	content.image.header.byte_order = 0x04030201;
	check_content_refused(*state, &content, SIZE, -EMEDIUMTYPE, "another kind of machine");
}

static void impossible_states_are_refused(void **state)
{
	static const struct clock_line impossible[] = {
		{ .base_real = -1, .base_value = NEW_YEAR },
		{ .base_real = TS_LIMIT, .base_value = NEW_YEAR },
		{ .base_real = NEW_YEAR, .base_value = INT64_MIN },
		{ .base_real = NEW_YEAR, .base_value = INT64_MAX },
		{ .base_real = NEW_YEAR, .drift_ppb = DRIFT_NAMED_PPB + 1 },
		{ .base_real = NEW_YEAR, .drift_ppb = INT64_MIN },
		{ .base_real = NEW_YEAR, .frequency_ppb = DRIFT_CORRECTABLE_PPB + 1 },
		{ .base_real = NEW_YEAR, .frequency_ppb = INT64_MIN },
		{ .base_real = NEW_YEAR, .slew_ppb = DRIFT_CORRECTABLE_PPB + 1 },
		{ .base_real = NEW_YEAR, .slew_ppb = INT64_MIN },
		{ .base_real = NEW_YEAR, .slew_until = -1 },
		{ .base_real = NEW_YEAR, .slew_until = TS_LIMIT },
		{ .base_real = NEW_YEAR, .slew_left = INT64_MIN },
		{ .base_real = NEW_YEAR, .slew_left = TS_LIMIT },
	};

	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
		union content content = sound_clock();

		clock_file_format(&content.image, &impossible[i]); /* with a good checksum */
		check_content_refused(*state, &content, SIZE, -EBADMSG, "damaged");
	}
}

static void damage_in_use_stops_adjusting(void **state)
{
	struct scratch *scratch = *state;
	union content content = sound_clock();
	union content found;
	struct clock *c = NULL;
	const char *why;
	FILE *file;

	scratch_write(scratch->path, &content, SIZE);
	assert_int_equal(clock_file_open(&c, scratch->path, true, &why), 0);
	content.image.slots[0].words[3] = 1; /* the drift */
	file = fopen(scratch->path, "r+e");  /* not scratch_write, which would truncate it */
	assert_non_null(file);
	assert_int_equal(fwrite(&content, SIZE, 1, file), 1);
	assert_int_equal(fclose(file), 0);

	assert_int_equal(clock_step(c, 1), -EBADMSG);
	assert_int_equal(clock_slew(c, 1), -EBADMSG);
	assert_int_equal(clock_set_frequency(c, 1), -EBADMSG);
	assert_int_equal(clock_file_set_offset(c, 1), -EBADMSG);
	assert_int_equal(clock_file_set_drift(c, 1), -EBADMSG);
	clock_close(c);
	assert_int_equal(scratch_read(scratch->path, &found, sizeof(found)), SIZE);
	assert_memory_equal(&found, &content, SIZE);
}

static void what_is_not_a_file_is_refused(void **state)
{
	struct scratch *scratch = *state;

	check_refused(scratch->path, -ENOENT, "timesync clock create");
	check_refused(scratch->directory, -EISDIR, "directory");
	check_refused("/dev/null", -EMEDIUMTYPE, "not a regular file");
	assert_int_equal(mkfifo(scratch->path, 0666), 0);
	alarm(10); /* ends the test if opening it waits for somebody at the other end */
	check_refused(scratch->path, -EMEDIUMTYPE, "not a regular file");
	alarm(0);
}

/* Exit code 0 if an ordinary user gets the right refusals. */
static void open_as_another_user(const char *path)
{
	struct clock *c = NULL;
	const char *why = "";
	bool right;

	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0)) {
		_exit(2);
	}
	right = clock_file_open(&c, path, false, &why) == -EACCES && strstr(why, "read") &&
		clock_file_open(&c, path, true, &why) == -EACCES && strstr(why, "adjust");
	_exit(right ? 0 : 1);
}

static void files_of_others_are_refused(void **state)
{
	struct scratch *scratch = *state;
	union content content = sound_clock();
	int status = -1;
	pid_t child;

	scratch_write(scratch->path, &content, SIZE);
	/* Root, who may open everything, becomes somebody else; others just lock themselves out. */
	assert_int_equal(chmod(scratch->path, geteuid() == 0 ? 0600 : 0), 0);
	child = fork();
	if (child == 0) {
		open_as_another_user(scratch->path);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sound_one_is_opened),         TEST(every_cut_is_refused),
		TEST(every_flipped_bit_is_refused),  TEST(what_a_dying_writer_left_does_not_count),
		TEST(foreign_files_are_refused),     TEST(other_versions_are_refused),
		TEST(another_byte_order_is_refused), TEST(impossible_states_are_refused),
		TEST(damage_in_use_stops_adjusting), TEST(what_is_not_a_file_is_refused),
		TEST(files_of_others_are_refused),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
