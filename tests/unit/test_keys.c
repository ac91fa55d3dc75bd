/* SPDX-License-Identifier: BSD-3-Clause */
/* Key files: their form, their permissions, and that none is ever overwritten. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/keys.h"
#include "tests/support/memory.h"
#include "tests/support/scratch.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static int read_text(const struct scratch *s, const char *text, struct keys *out, const char **why)
{
	*why = NULL;
	scratch_write(s->path, text, strlen(text));
	assert_int_equal(chmod(s->path, 0600), 0);
	return keys_read(out, s->path, why);
}

static void assert_wrong(void **state, const char *text, const char *word)
{
	struct keys k;
	const char *why;

	assert_int_equal(read_text(*state, text, &k, &why), -EBADMSG);
	assert_non_null(strstr(why, word));
	assert_int_equal(k.n, 0);
}

static void what_was_made_can_be_read(void **state)
{
	const struct scratch *s = *state;
	struct keys a, b;
	const char *why;
	struct stat st;

	assert_int_equal(keys_create(s->path), 0);
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(keys_read(&a, s->path, &why), 0);
	assert_int_equal(a.n, 1);
	assert_true(a.key[0].id > 0);
	assert_int_equal(unlink(s->path), 0);
	assert_int_equal(keys_create(s->path), 0);
	assert_int_equal(keys_read(&b, s->path, &why), 0);
	assert_memory_not_equal(a.key[0].bytes, b.key[0].bytes, KEYS_KEY_SIZE);
}

static void two_keys_in_their_order(void **state)
{
	struct keys k;
	const char *why;

	assert_int_equal(read_text(*state, "# new\n4294967295 " HEX "\n\n1 " HEX, &k, &why), 0);
	assert_int_equal(k.n, 2);
	assert_int_equal(k.key[0].id, UINT32_MAX);
	assert_int_equal(k.key[1].id, 1);
	for (size_t i = 0; i < KEYS_KEY_SIZE; i++) {
		assert_int_equal(k.key[1].bytes[i], i);
	}
	assert_ptr_equal(keys_find(&k, 1), &k.key[1]);
	assert_null(keys_find(&k, 2));
}

static void what_is_no_key_file(void **state)
{
	assert_wrong(state, "", "no key");
	assert_wrong(state, "# only words\n", "no key");
	assert_wrong(state, HEX "\n", "ID KEY");
	assert_wrong(state, "0 " HEX "\n", "id");
	assert_wrong(state, "-1 " HEX "\n", "id");
	assert_wrong(state, "4294967296 " HEX "\n", "id");
	assert_wrong(state, "1 " HEX "0\n", "64");
	assert_wrong(state, "1 " HEX " \n", "64");
	assert_wrong(state, "1  " HEX "\n", "64");
	assert_wrong(state, "1 g" HEX "\n", "64");
	assert_wrong(state, "1 " HEX "\n1 " HEX "\n", "same");
	assert_wrong(state, "1 " HEX "\n2 " HEX "\n3 " HEX "\n", "two");
}

/* As editors of other systems leave it. */
static void other_ends_of_lines_and_a_mark(void **state)
{
	static const char *const texts[] = {
		"# one\r\n\r\n7 " HEX "\r\n",
		"7 " HEX "\r\n",
		"7 " HEX "\r",
		"\xef\xbb\xbf"
		"7 " HEX "\n",
		"\xef\xbb\xbf# one\r\n7 " HEX "\r\n",
	};
	struct keys k;
	const char *why;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(read_text(*state, texts[i], &k, &why), 0);
		assert_int_equal(k.n, 1);
		assert_int_equal(k.key[0].id, 7);
		assert_int_equal(k.key[0].bytes[31], 31);
	}
	assert_wrong(state, "\xef\xbb\xbf", "no key");
	assert_wrong(state, "\xef\xbb", "ID KEY");
}

/* Nor is there anything to wait for. */
static void what_is_no_file(void **state)
{
	const struct scratch *s = *state;
	struct keys k;
	const char *why = NULL;

	assert_int_equal(mkfifo(s->path, 0600), 0);
	assert_int_equal(keys_read(&k, s->path, &why), -EMEDIUMTYPE);
	assert_int_equal(keys_read(&k, s->directory, &why), -EISDIR);
	assert_string_equal(why, "Is a directory");
	assert_int_equal(keys_read(&k, "/dev/null", &why), -EMEDIUMTYPE);
}

static void a_long_line_is_refused(void **state)
{
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_wrong(state, text, "long");
}

static void others_may_have_no_access(void **state)
{
	const struct scratch *s = *state;
	struct keys k;
	const char *why;

	assert_int_equal(keys_create(s->path), 0);
	for (mode_t bit = 01; bit <= 040; bit <<= 1) {
		assert_int_equal(chmod(s->path, 0600 | bit), 0);
		assert_int_equal(keys_read(&k, s->path, &why), -EPERM);
		assert_non_null(strstr(why, "0600"));
	}
	assert_int_equal(chmod(s->path, 0400), 0);
	assert_int_equal(keys_read(&k, s->path, &why), 0);
}

static void nothing_is_overwritten(void **state)
{
	const struct scratch *s = *state;
	char text[8];

	scratch_write(s->path, "precious", 8);
	assert_int_equal(keys_create(s->path), -EEXIST);
	assert_int_equal(scratch_read(s->path, text, sizeof(text)), 8);
	assert_memory_equal(text, "precious", 8);
}

static void what_is_not_there(void **state)
{
	const struct scratch *s = *state;
	struct keys k;
	const char *why;

	assert_int_equal(keys_read(&k, s->path, &why), -ENOENT);
	assert_int_equal(symlink("/dev/null", s->path), 0);
	assert_int_equal(keys_read(&k, s->path, &why), -ELOOP);
}

static void forgotten_keys_are_gone(void **state)
{
	const struct keys nothing = { 0 };
	struct keys k;
	const char *why;

	assert_int_equal(read_text(*state, "1 " HEX, &k, &why), 0);
	keys_forget(&k);
	assert_memory_equal(&k, &nothing, sizeof(k));
}

/* --- remains in memory ------------------------------------------------------------------------ */

/* The digits of a key file's last line, as text and as octets. */
static void learn_secret(const char *path, struct memory_secret *text, struct memory_secret *octets)
{
	char file[512];
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = read(fd, file, sizeof(file));
	unsigned octet = 0;

	assert_true(n > 65 && file[n - 1] == '\n');
	for (ssize_t i = n - 65; i < n - 1; i++) {
		const char c = file[i];

		memory_secret_add(text, (uint8_t)c);
		octet = octet << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
		if ((n - i) % 2 == 0) {
			memory_secret_add(octets, octet & 0xff);
		}
	}
	explicit_bzero(file, sizeof(file));
	close(fd);
}

static void nothing_is_left_of_forgotten_keys(void **state)
{
	const struct scratch *s = *state;
	struct memory_secret text = { 0 }, octets = { 0 };
	struct keys k;
	const char *why;

	assert_int_equal(keys_create(s->path), 0);
	learn_secret(s->path, &text, &octets);
	assert_int_equal(memory_find(&text), 0);
	assert_int_equal(memory_find(&octets), 0);
	assert_int_equal(keys_read(&k, s->path, &why), 0);
	assert_int_equal(memory_find(&text), 0);
	assert_int_equal(memory_find(&octets), 1); /* so it would be found */
	keys_forget(&k);
	assert_int_equal(memory_find(&octets), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_made_can_be_read),
		TEST(two_keys_in_their_order),
		TEST(what_is_no_key_file),
		TEST(a_long_line_is_refused),
		TEST(others_may_have_no_access),
		TEST(nothing_is_overwritten),
		TEST(what_is_not_there),
		TEST(forgotten_keys_are_gone),
		TEST(what_is_no_file),
		TEST(other_ends_of_lines_and_a_mark),
		TEST(nothing_is_left_of_forgotten_keys),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
