/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of what a member must not forget: all of it comes back, and nothing else passes. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/crc32c.h"
#include "core/hash.h"
#include "group/agent/state.h"
#include "tests/support/group_bodies.h"
#include "tests/support/scratch.h"

#define SELF          UINT64_C(139637976800088)
#define NOBODY        65534
#define SIZE_MAX_FILE 65536

static int setup(void **state)
{
	static struct scratch scratch;

	*state = &scratch;
	return scratch_make(&scratch);
}

static int teardown(void **state)
{
	scratch_remove(*state);
	return 0;
}

static struct group_state state_of(size_t members)
{
	return (struct group_state){
		.election = {
			.term = 5,
			.voted_for = UINT64_MAX,
			.voters = group_body_voters(members),
		},
		.clock = {
			.right = true,
			.frequency_ppb = -12345,
			.learned = true,
			.learned_ppb = 678,
		},
	};
}

static void assert_reads(const char *path, const struct group_state *expected)
{
	const struct voters *e = &expected->election.voters;
	struct group_state s;
	const char *why = "";

	assert_int_equal(group_state_read(&s, path, "room", SELF, &why), 0);
	assert_null(why);
	assert_int_equal(s.election.term, expected->election.term);
	assert_int_equal(s.election.voted_for, expected->election.voted_for);
	assert_int_equal(s.clock.right, expected->clock.right);
	assert_int_equal(s.clock.frequency_ppb, expected->clock.frequency_ppb);
	assert_int_equal(s.clock.learned, expected->clock.learned);
	assert_int_equal(s.clock.learned_ppb, expected->clock.learned_ppb);
	assert_int_equal(s.clock.term, s.election.term);
	assert_int_equal(s.election.voters.stamp.term, e->stamp.term);
	assert_int_equal(s.election.voters.stamp.version, e->stamp.version);
	assert_int_equal(s.election.voters.stamp.digest, e->stamp.digest);
	assert_int_equal(s.election.voters.n, e->n);
	assert_memory_equal(s.election.voters.id, e->id, e->n * sizeof(e->id[0]));
}

/* The file is refused with a reason, and stays as it is. */
static void assert_refused(const char *path, const char *group, member_id self)
{
	static uint8_t before[SIZE_MAX_FILE], after[SIZE_MAX_FILE];
	const size_t n = scratch_read(path, before, sizeof(before));
	struct group_state s;
	const char *why = NULL;

	assert_int_equal(group_state_read(&s, path, group, self, &why), -EBADMSG);
	assert_non_null(why);
	assert_non_null(strstr(why, "damaged, or of another group or member"));
	assert_int_equal(scratch_read(path, after, sizeof(after)), n);
	assert_memory_equal(after, before, n);
}

static void write_state(const char *path, const struct group_state *s)
{
	assert_int_equal(group_state_write(s, path, "room", SELF), 0);
}

static void what_was_written_can_be_read(void **state)
{
	static const size_t sizes[] = { 0, 1, 3, MEMBERS_MAX };
	const struct scratch *scratch = *state;
	struct stat st;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct group_state s = state_of(sizes[i]);

		write_state(scratch->path, &s);
		assert_reads(scratch->path, &s);
		s.election.term = ELECTION_TERM_LIMIT - 1;
		s.election.voted_for = MEMBER_NONE;
		s.clock = (struct servo_memory){ .right = false, .frequency_ppb = INT64_MAX };
		write_state(scratch->path, &s);
		assert_reads(scratch->path, &s);
		assert_int_equal(scratch_count(scratch), 1);
	}
	assert_int_equal(stat(scratch->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void none_is_not_a_damaged_one(void **state)
{
	const struct scratch *scratch = *state;
	struct group_state s;
	const char *why = NULL;

	assert_int_equal(group_state_read(&s, scratch->path, "room", SELF, &why), -ENOENT);
	assert_non_null(why);
	assert_int_equal(scratch_count(scratch), 0);
}

static void anothers_are_refused(void **state)
{
	const struct scratch *scratch = *state;
	const struct group_state s = state_of(3);

	write_state(scratch->path, &s);
	assert_refused(scratch->path, "room", SELF + 1);
	assert_refused(scratch->path, "roomy", SELF);
	assert_refused(scratch->path, "", SELF);
	assert_reads(scratch->path, &s);
}

static void every_octet_counts(void **state)
{
	const struct scratch *scratch = *state;
	const struct group_state s = state_of(2);
	uint8_t text[1024];
	size_t n;

	write_state(scratch->path, &s);
	n = scratch_read(scratch->path, text, sizeof(text));
	for (size_t i = 0; i < n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			text[i] ^= (uint8_t)(1 << bit);
			scratch_write(scratch->path, text, n);
			assert_refused(scratch->path, "room", SELF);
			text[i] ^= (uint8_t)(1 << bit);
		}
	}
	for (size_t less = 0; less < n; less++) {
		scratch_write(scratch->path, text, less);
		assert_refused(scratch->path, "room", SELF);
	}
	text[n] = '\n';
	scratch_write(scratch->path, text, n + 1);
	assert_refused(scratch->path, "room", SELF);
	scratch_write(scratch->path, text, n);
	assert_reads(scratch->path, &s);
}

/* A text of ours, whatever it says, with the checksum that it has to have. */
static void write_forged(const char *path, int version, const char *text)
{
	char whole[1024];
	const int n = snprintf(whole, sizeof(whole), "%schecksum %08" PRIx32 "\n", text,
			       version == 1 ? hash_bytes(0, text, strlen(text))
					    : crc32c(text, strlen(text)));

	assert_in_range(n, 1, sizeof(whole) - 1);
	scratch_write(path, whole, (size_t)n);
}

#define HEADER_1 "timesyncd group state 1\ngroup room\nself 139637976800088\n"
#define HEADER   "timesyncd group state 2\ngroup room\nself 139637976800088\n"
#define HEADER_3 "timesyncd group state 3\ngroup room\nself 139637976800088\n"
#define HEADER_4 "timesyncd group state 4\ngroup room\nself 139637976800088\n"

static void a_checksum_is_not_enough(void **state)
{
	static const char *const bad[] = {
		"",
		"#!/bin/sh\nexit 0\n",
		HEADER,
		HEADER "term 1\nvoted 0\nelectorate 1 0 2\nmember 7\n",
		HEADER "term 1\nvoted 0\nelectorate 1 0 1\nmember 7\nmember 8\n",
		HEADER "term 1\nvoted 0\nelectorate 1 0 2\nmember 7\nmember 7\n",
		HEADER "term 1\nvoted 0\nelectorate 1 0 2\nmember 8\nmember 7\n",
		HEADER "term 1\nvoted 0\nelectorate 1 0 1\nmember 0\n",
		HEADER "term 1\nvoted 0\nelectorate 1 0 1025\nmember 7\n",
		HEADER "term 01\nvoted 0\nelectorate 1 0 1\nmember 7\n",
		HEADER "term -1\nvoted 0\nelectorate 1 0 1\nmember 7\n",
		HEADER "term 18446744073709551616\nvoted 0\nelectorate 1 0 1\nmember 7\n",
		/* Terms that no group gets to, and a list of voters of a later one. */
		HEADER "term 18446744073709551615\nvoted 0\nelectorate 1 0 1\nmember 7\n",
		HEADER "term 4611686018427387904\nvoted 0\nelectorate 1 0 1\nmember 7\n",
		HEADER "term 1\nvoted 0\nelectorate 2 0 1\nmember 7\n",
		HEADER "term x\nvoted 0\nelectorate 1 0 1\nmember 7\n",
		HEADER "voted 0\nterm 1\nelectorate 1 0 1\nmember 7\n",
		HEADER "term 1\nvoted 0\nmember 7\nelectorate 1 0 1\n",
	};
	const char *path = ((const struct scratch *)*state)->path;
	struct group_state s;
	const char *why;

	write_forged(path, 2, HEADER "term 1\nvoted 0\nelectorate 1 0 1\nmember 7\n");
	assert_int_equal(group_state_read(&s, path, "room", SELF, &why), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_forged(path, 2, bad[i]);
		assert_refused(path, "room", SELF);
	}
}

/* Each version with its own checksum only; the newest is written. */
static void version_1_is_still_read(void **state)
{
	static const char rest[] = "term 1\nvoted 0\nelectorate 1 0 1\nmember 7\n";
	const char *path = ((const struct scratch *)*state)->path;
	char one[512], two[512], text[64] = "";
	struct group_state s;
	const char *why;
	FILE *f;

	snprintf(one, sizeof(one), "%s%s", HEADER_1, rest);
	snprintf(two, sizeof(two), "%s%s", HEADER, rest);
	write_forged(path, 1, one);
	assert_int_equal(group_state_read(&s, path, "room", SELF, &why), 0);
	assert_int_equal(s.election.term, 1);
	assert_int_equal(s.election.voters.n, 1);
	assert_false(s.clock.right);
	assert_int_equal(s.clock.frequency_ppb, 0);
	write_forged(path, 2, one);
	assert_refused(path, "room", SELF);
	write_forged(path, 1, two);
	assert_refused(path, "room", SELF);
	write_state(path, &s);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "timesyncd group state 4\n");
}

/* Version 4 must have the rate learned from references, and version 3 must not. */
static void what_was_learned_is_of_version_4(void **state)
{
#define CLOCK "term 1\nvoted 0\nelectorate 1 0 1\nmember 7\nfrequency 7\nright 1\n"
	static const char *const bad[] = {
		HEADER_4 CLOCK,
		HEADER_3 CLOCK "learned 1 5\n",
		HEADER_4 CLOCK "learned 2 5\n",
		HEADER_4 CLOCK "learned 1\n",
		HEADER_4 CLOCK "learned 1 05\n",
		HEADER_4 CLOCK "learned x 5\n",
	};
	const char *path = ((const struct scratch *)*state)->path;
	struct group_state s;
	const char *why;

	write_forged(path, 3, HEADER_3 CLOCK);
	assert_int_equal(group_state_read(&s, path, "room", SELF, &why), 0);
	assert_true(!s.clock.learned && s.clock.learned_ppb == 0);
	write_forged(path, 4, HEADER_4 CLOCK "learned 1 -5\n");
	assert_int_equal(group_state_read(&s, path, "room", SELF, &why), 0);
	assert_true(s.clock.learned && s.clock.learned_ppb == -5 && s.clock.right);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_forged(path, 4, bad[i]);
		assert_refused(path, "room", SELF);
	}
#undef CLOCK
}

/* Version 2 says nothing of the clock, and version 3 has to. */
static void the_clock_is_of_version_3(void **state)
{
#define REST "term 1\nvoted 0\nelectorate 1 0 1\nmember 7\n"
	static const char *const bad[] = {
		HEADER_3 REST,
		HEADER REST "frequency 7\nright 1\n",
		HEADER_3 REST "frequency 7\n",
		HEADER_3 REST "right 1\n",
		HEADER_3 REST "right 1\nfrequency 7\n",
		HEADER_3 REST "frequency 07\nright 1\n",
		HEADER_3 REST "frequency 7\nright 2\n",
		HEADER_3 REST "frequency x\nright 1\n",
		HEADER_3 REST "frequency 9223372036854775808\nright 1\n",
	};
	const char *path = ((const struct scratch *)*state)->path;
	struct group_state s;
	const char *why;

	write_forged(path, 2, HEADER REST);
	assert_int_equal(group_state_read(&s, path, "room", SELF, &why), 0);
	assert_true(!s.clock.right && s.clock.frequency_ppb == 0);
	write_forged(path, 3, HEADER_3 REST "frequency -7\nright 1\n");
	assert_int_equal(group_state_read(&s, path, "room", SELF, &why), 0);
	assert_true(s.clock.right && s.clock.frequency_ppb == -7 && s.clock.term == 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_forged(path, 3, bad[i]);
		assert_refused(path, "room", SELF);
	}
}

static void what_is_no_file(void **state)
{
	const struct scratch *scratch = *state;
	struct group_state s = state_of(1);
	char link[sizeof(scratch->path) + 8];
	const char *why = NULL;

	snprintf(link, sizeof(link), "%s.link", scratch->path);
	write_state(scratch->path, &s);
	assert_int_equal(symlink(scratch->path, link), 0);
	assert_int_equal(group_state_read(&s, link, "room", SELF, &why), -ELOOP);
	assert_non_null(why);
	assert_int_equal(group_state_read(&s, scratch->directory, "room", SELF, &why), -EISDIR);
	assert_string_equal(why, strerror(EISDIR));
	assert_int_equal(unlink(scratch->path), 0);
	assert_int_equal(mkfifo(scratch->path, 0600), 0);
	alarm(10); /* ends the test if opening it waits for somebody at the other end */
	assert_int_equal(group_state_read(&s, scratch->path, "room", SELF, &why), -EMEDIUMTYPE);
	alarm(0);
}

/* Whether a user without rights gets -EACCES, and the old file is still there. */
static int write_without_rights(const struct scratch *scratch)
{
	const struct group_state s = state_of(2);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)) {
			_exit(2);
		}
		_exit(group_state_write(&s, scratch->path, "room", SELF) == -EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void where_nobody_may_write(void **state)
{
	const struct scratch *scratch = *state;
	const struct group_state s = state_of(1);

	write_state(scratch->path, &s);
	assert_int_equal(chmod(scratch->directory, 0555), 0);
	assert_int_equal(write_without_rights(scratch), 0);
	assert_int_equal(chmod(scratch->directory, 0755), 0);
	assert_reads(scratch->path, &s);
	assert_int_equal(scratch_count(scratch), 1);
}

static void where_nothing_can_be_written(void **state)
{
	const struct scratch *scratch = *state;
	const struct group_state old = state_of(1), new = state_of(2);
	char path[sizeof(scratch->path) + 8];

	snprintf(path, sizeof(path), "%s/none", scratch->path);
	assert_int_equal(group_state_write(&new, path, "room", SELF), -ENOENT);
	write_state(scratch->path, &old);
	assert_int_equal(group_state_write(&new, path, "room", SELF), -ENOTDIR);
	/* In the way of the new one. */
	snprintf(path, sizeof(path), "%s.new", scratch->path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(group_state_write(&new, scratch->path, "room", SELF), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	assert_reads(scratch->path, &old);
	/* What a crash left there is not, nor what would be waited for. */
	scratch_write(path, "half", 4);
	write_state(scratch->path, &new);
	assert_int_equal(mkfifo(path, 0600), 0);
	write_state(scratch->path, &new);
	assert_reads(scratch->path, &new);
	assert_int_equal(scratch_count(scratch), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_written_can_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(none_is_not_a_damaged_one, setup, teardown),
		cmocka_unit_test_setup_teardown(anothers_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(every_octet_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(a_checksum_is_not_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(version_1_is_still_read, setup, teardown),
		cmocka_unit_test_setup_teardown(the_clock_is_of_version_3, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_learned_is_of_version_4, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(where_nobody_may_write, setup, teardown),
		cmocka_unit_test_setup_teardown(where_nothing_can_be_written, setup, teardown),
	};

	return cmocka_run_group_tests_name("group state", tests, NULL, NULL);
}
