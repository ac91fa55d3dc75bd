/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The page of a bound: libtimesync reads exactly the published values, at any moment, whatever
 * happens to publishers and to the file.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/timesync_now.h"
#include "os/bound_publisher.h"
#include "os/suspend.h"
#include "tests/support/between.h"
#include "tests/support/random.h"
#include "tests/support/scratch.h"

#define READS    1000000
#define KILLS    100
#define LONGEST  60 /* seconds that a test may take before it is killed */
#define NEW_YEAR (INT64_C(1704067200) * NS_PER_SEC)

static struct mono mono_now(void)
{
	struct timespec t = { 0 };

	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &t), 0);
	return (struct mono){ .ns = (int64_t)t.tv_sec * NS_PER_SEC + (int64_t)t.tv_nsec };
}

/* The bound of a clock that showed NEW_YEAR when the machine was started; `number` is its error. */
static struct bound bound_of(int64_t number)
{
	const struct mono now = mono_now();

	return (struct bound){
		.state = BOUND_SYNCHRONISED,
		.at = now,
		.shown = NEW_YEAR + now.ns,
		.max_error = number,
		.slew_end = now,
		.due = mono_add(now, 3600 * NS_PER_SEC),
		.forgotten = mono_add(now, 7200 * NS_PER_SEC),
		.asleep = suspend_total(),
	};
}

struct fixture {
	struct scratch scratch;
	char page[200]; /* the page of the clock file scratch.path */
	struct bound_publisher publisher;
};

static int setup(void **state)
{
	static struct fixture f;

	*state = &f;
	alarm(LONGEST);
	if (scratch_make(&f.scratch) != 0 ||
	    bound_page_path(f.scratch.path, f.page, sizeof(f.page)) != 0) {
		return -1;
	}
	bound_publisher_begin(&f.publisher, f.page);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	alarm(0);
	bound_publisher_end(&f->publisher);
	scratch_remove(&f->scratch);
	return 0;
}

static void publish(struct fixture *f, int64_t number)
{
	const struct bound b = bound_of(number);

	assert_int_equal(bound_publish(&f->publisher, &b), 0);
}

static struct timesync_page *open_page(struct fixture *f)
{
	struct timesync_page *page = NULL;

	assert_int_equal(timesync_open(&page, f->scratch.path), 0);
	return page;
}

/* Read, and check that the interval is one of bound_of(). Returns half its width. */
static int64_t read_error(struct timesync_page *page)
{
	struct timesync_interval now;
	const struct mono before = mono_now();
	const int state = timesync_now(page, &now);
	const struct mono after = mono_now();
	const int64_t middle = now.earliest + (now.latest - now.earliest) / 2;

	assert_int_equal(state, TIMESYNC_SYNCHRONISED);
	assert_between(NEW_YEAR + before.ns, middle, NEW_YEAR + after.ns);
	return (now.latest - now.earliest) / 2;
}

static void check_unknown(struct timesync_page *page)
{
	struct timesync_interval now;

	assert_int_equal(timesync_now(page, &now), TIMESYNC_UNKNOWN);
	assert_true(now.earliest == 0 && now.latest == INT64_MAX);
}

static void what_is_published_is_read(void **state)
{
	struct fixture *f = *state;
	struct timesync_page *page;

	assert_int_equal(timesync_open(&page, f->scratch.path), -ENOENT);
	publish(f, 1000);
	page = open_page(f);
	for (int64_t number = 0; number < 100000; number += 1000) {
		publish(f, number);
		assert_between(number, read_error(page), number + 10);
	}
	timesync_close(page);
	timesync_close(NULL);
}

static void paths_that_are_none_are_refused(void **state)
{
	struct timesync_page *page;
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(timesync_open(&page, ""), -EINVAL);
	assert_int_equal(timesync_open(&page, text), -ENAMETOOLONG);
}

static void a_new_publisher_uses_the_page_again(void **state)
{
	struct fixture *f = *state;
	struct timesync_page *page;

	publish(f, 1000);
	page = open_page(f);
	bound_publisher_end(&f->publisher);
	bound_publisher_begin(&f->publisher, f->page);
	publish(f, 5000);
	assert_between(5000, read_error(page), 5010);
	timesync_close(page);
}

/* --- values not to be believed --------------------------------------------------------------- */

static void after_a_suspend_nothing_is_known(void **state)
{
	struct fixture *f = *state;
	struct bound b = bound_of(1000);
	struct timesync_page *page;

	publish(f, 1000);
	page = open_page(f);
	(void)read_error(page);
	b.asleep -= NS_PER_SEC; /* since then a second has been slept */
	assert_int_equal(bound_publish(&f->publisher, &b), 0);
	check_unknown(page);
	publish(f, 1000);
	(void)read_error(page);
	timesync_close(page);
}

static void another_start_of_the_machine_is_not_believed(void **state)
{
	struct fixture *f = *state;
	struct timesync_page *page;

	publish(f, 1000);
	page = open_page(f);
	f->publisher.boot++;
	publish(f, 1000);
	check_unknown(page);
	timesync_close(page);
}

/* Change an octet of the file behind the backs of all. */
static void damage(const struct fixture *f, long place)
{
	FILE *file = fopen(f->page, "r+e");
	int octet;

	assert_non_null(file);
	assert_int_equal(fseek(file, place, SEEK_SET), 0);
	octet = fgetc(file);
	assert_int_equal(fseek(file, place, SEEK_SET), 0);
	assert_int_equal(fputc(octet ^ 1, file), octet ^ 1);
	assert_int_equal(fclose(file), 0);
}

static void damage_is_not_believed(void **state)
{
	struct fixture *f = *state;
	struct timesync_page *page, *other;

	for (size_t place = 0; place < sizeof(struct bound_page_record); place++) {
		publish(f, 1000); /* which is generation 1, in slot 1 */
		damage(f, (long)(offsetof(struct bound_page, slots[1]) + place));
		assert_int_equal(timesync_open(&other, f->scratch.path), -EBADMSG);
		bound_publisher_end(&f->publisher);
		assert_int_equal(unlink(f->page), 0);
	}
	publish(f, 1000);
	page = open_page(f);
	damage(f, (long)offsetof(struct bound_page, slots[1]) + 30);
	check_unknown(page);
	timesync_close(page);
}

static void headers_of_others_are_refused(void **state)
{
	static const struct {
		long place;
		int error;
	} cases[] = { { 0, -EMEDIUMTYPE },
		      { 8, -ENOTSUP },
		      { 12, -ENOTSUP },
		      { 16, -EBADMSG },
		      { 24, -EBADMSG } };
	struct fixture *f = *state;
	struct timesync_page *page;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		publish(f, 1000);
		damage(f, cases[i].place);
		assert_int_equal(timesync_open(&page, f->scratch.path), cases[i].error);
		bound_publisher_end(&f->publisher);
		assert_int_equal(unlink(f->page), 0);
	}
}

/* --- the file of a publisher ------------------------------------------------------------------ */

static void a_file_of_others_is_not_replaced(void **state)
{
	static const char text[] = "a diary of somebody";
	struct fixture *f = *state;
	const struct bound b = bound_of(1000);
	char found[sizeof(text)];

	scratch_write(f->page, text, sizeof(text));
	assert_int_equal(bound_publish(&f->publisher, &b), -EMEDIUMTYPE);
	assert_int_equal(scratch_read(f->page, found, sizeof(found)), sizeof(text));
	assert_memory_equal(found, text, sizeof(text));
}

/* Root publishes for clock files in directories of users, and gives pages to users. */
static void the_page_of_another_clock_is_left_alone(void **state)
{
	struct fixture *f = *state;
	const struct bound b = bound_of(5000);
	struct bound_publisher other;
	struct timesync_page *page;
	char link_to[220];

	publish(f, 1000);
	page = open_page(f);
	snprintf(link_to, sizeof(link_to), "%s.link", f->page);
	bound_publisher_begin(&other, link_to);
	assert_int_equal(symlink(f->page, link_to), 0);
	assert_int_equal(bound_publish(&other, &b), -ELOOP);
	assert_int_equal(bound_publisher_give(&other, getuid(), getgid()), -ELOOP);
	assert_int_equal(unlink(link_to), 0);
	assert_int_equal(link(f->page, link_to), 0);
	assert_int_equal(bound_publish(&other, &b), -EMLINK);
	assert_int_equal(bound_publisher_give(&other, getuid(), getgid()), -EMLINK);
	assert_between(1000, read_error(page), 1010);
	assert_int_equal(unlink(link_to), 0);
	assert_int_equal(bound_publish(&other, &b), 0);
	assert_between(1000, read_error(page), 1010);
	bound_publisher_end(&other);
	assert_int_equal(unlink(link_to), 0);
	timesync_close(page);
}

static void a_page_that_was_cut_off_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct timesync_page *page;

	publish(f, 1000);
	for (int length = 0; length < 264; length += 33) {
		assert_int_equal(truncate(f->page, length), 0);
		publish(f, 2000); /* and does not die of it */
		page = open_page(f);
		assert_between(2000, read_error(page), 2010);
		timesync_close(page);
	}
	assert_int_equal(scratch_count(&f->scratch), 1);
}

/* As a crash of the machine leaves it; also when it is open. */
static void a_page_of_zeros_is_replaced(void **state)
{
	static const char zeros[264];
	struct fixture *f = *state;
	struct timesync_page *page;

	for (int open = 0; open <= 1; open++) {
		scratch_write(f->page, zeros, sizeof(zeros));
		assert_int_equal(timesync_open(&page, f->scratch.path), -EBADMSG);
		publish(f, 2000);
		page = open_page(f);
		assert_between(2000, read_error(page), 2010);
		timesync_close(page);
	}
	assert_int_equal(scratch_count(&f->scratch), 1);
}

/* Whoever keeps the clock by one name of it, and whoever reads it by another, mean one page. */
static void a_link_to_a_clock_file_has_the_page_of_that(void **state)
{
	struct fixture *f = *state;
	char link[sizeof(f->page)], page[sizeof(f->page)];

	snprintf(link, sizeof(link), "%s.link", f->scratch.path);
	scratch_write(f->scratch.path, "clock", 5);
	assert_int_equal(symlink(f->scratch.path, link), 0);
	assert_int_equal(bound_page_path(link, page, sizeof(page)), 0);
	assert_string_equal(page, f->page);
	assert_int_equal(unlink(link), 0);
}

static void a_page_that_was_removed_is_made_again(void **state)
{
	struct fixture *f = *state;
	struct timesync_page *page;

	publish(f, 1000);
	assert_int_equal(unlink(f->page), 0);
	publish(f, 2000);
	page = open_page(f);
	assert_between(2000, read_error(page), 2010);
	timesync_close(page);
}

/* As services have it. */
static void a_page_is_for_everyone_whatever_the_umask(void **state)
{
	struct fixture *f = *state;
	const mode_t before = umask(0077);
	struct stat st;

	publish(f, 1);
	(void)umask(before);
	assert_int_equal(stat(f->page, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void a_failure_is_not_for_ever(void **state)
{
	struct fixture *f = *state;
	const struct bound b = bound_of(1000);

	assert_int_equal(mkdir(f->page, 0700), 0);
	assert_int_equal(bound_publish(&f->publisher, &b), -EISDIR);
	assert_int_equal(rmdir(f->page), 0);
	publish(f, 1000);
}

/* --- at the same time ------------------------------------------------------------------------- */

static void publish_for_ever(struct fixture *f)
{
	bound_publisher_begin(&f->publisher, f->page);
	alarm(LONGEST);
	for (int64_t number = 0;; number = (number + 1) % 1000000) {
		const struct bound b = bound_of(number);

		(void)bound_publish(&f->publisher, &b);
	}
}

/* Readings while publishers are killed at any instant: always one of what they published. */
static void readers_see_whole_records_only(void **state)
{
	struct fixture *f = *state;
	struct random random = random_from(1);
	struct timesync_page *page;
	size_t reads = 0;

	publish(f, 0);
	page = open_page(f);
	for (int kill_number = 0; kill_number < KILLS; kill_number++) {
		const pid_t pid = fork();
		const int64_t turn = random_between(&random, 1, 2 * READS / KILLS);

		assert_true(pid >= 0);
		if (pid == 0) {
			publish_for_ever(f);
		}
		for (int64_t i = 0; i < turn; i++, reads++) {
			assert_between(0, read_error(page), 1000010);
		}
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	timesync_close(page);
	print_message("%zu readings, %d publishers killed\n", reads, KILLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_is_published_is_read),
		TEST(paths_that_are_none_are_refused),
		TEST(a_new_publisher_uses_the_page_again),
		TEST(after_a_suspend_nothing_is_known),
		TEST(another_start_of_the_machine_is_not_believed),
		TEST(damage_is_not_believed),
		TEST(headers_of_others_are_refused),
		TEST(a_file_of_others_is_not_replaced),
		TEST(the_page_of_another_clock_is_left_alone),
		TEST(a_page_that_was_cut_off_is_replaced),
		TEST(a_page_of_zeros_is_replaced),
		TEST(a_link_to_a_clock_file_has_the_page_of_that),
		TEST(a_page_that_was_removed_is_made_again),
		TEST(a_page_is_for_everyone_whatever_the_umask),
		TEST(a_failure_is_not_for_ever),
		TEST(readers_see_whole_records_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
