/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log: one write a line on stderr, or one message to syslog, for which the functions below
 * stand in.
 */
#undef _FORTIFY_SOURCE /* under which the two functions cannot be defined */

#include <errno.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "os/log.h"
#include "os/stdio.h"
#include "tests/support/between.h"

static struct {
	const char *ident;
	int option, facility;
	int priority;
	char message[2048];
	int messages;
} system_log;

void openlog(const char *ident, int option, int facility)
{
	system_log.ident = ident;
	system_log.option = option;
	system_log.facility = facility;
}

__attribute__((format(printf, 2, 0))) static void take(int priority, const char *format,
						       va_list args)
{
	system_log.priority = priority;
	system_log.messages++;
	vsnprintf(system_log.message, sizeof(system_log.message), format, args);
	errno = ENOTCONN; /* as it may be without a syslog daemon */
}

void syslog(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	take(priority, format, args);
	va_end(args);
}

/* The functions that a fortified program calls instead. */
void __syslog_chk(int priority, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	take(priority, format, args);
	va_end(args);
}

/* --- stderr, as packets: one for each write ----------------------------------------------------
 */

struct fixture {
	int packets;     /* where the output on stderr arrives */
	int real_stderr; /* while stderr goes there */
};

static int setup(void **state)
{
	static struct fixture f;
	int ends[2];

	*state = &f;
	memset(&system_log, 0, sizeof(system_log));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0) {
		return -1;
	}
	f.packets = ends[0];
	f.real_stderr = dup(STDERR_FILENO);
	if (f.real_stderr < 0 || dup2(ends[1], STDERR_FILENO) < 0) {
		return -1;
	}
	return close(ends[1]);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (dup2(f->real_stderr, STDERR_FILENO) < 0) {
		return -1;
	}
	close(f->real_stderr);
	return close(f->packets);
}

/* The next write to stderr is exactly `line`. */
static void expect_line(const struct fixture *f, const char *line)
{
	char found[2048] = { 0 };

	assert_true(recv(f->packets, found, sizeof(found) - 1, 0) > 0);
	assert_string_equal(found, line);
}

static void expect_nothing_more(const struct fixture *f)
{
	char byte;

	assert_int_equal(recv(f->packets, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

/* Nobody has stderr open any more. */
static void expect_end(const struct fixture *f)
{
	char byte;

	assert_int_equal(recv(f->packets, &byte, 1, 0), 0);
}

/* --- tests ------------------------------------------------------------------------------------ */

/* Must be the first, as log_open is for good. */
static void before_log_open_the_program_has_its_own_name(void **state)
{
	char line[256];

	snprintf(line, sizeof(line), "%s: early\n", program_invocation_short_name);
	log_info("early");
	log_debug("too much");
	expect_line(*state, line);
	expect_nothing_more(*state);
}

static void a_message_is_one_line_in_one_write(void **state)
{
	log_open("timesyncd", LOG_LEVEL_DEBUG, false);
	log_error("%s has %d legs", "a cat", 4);
	log_warning("second");
	log_info("third");
	log_debug("%%");
	expect_line(*state, "timesyncd: a cat has 4 legs\n");
	expect_line(*state, "timesyncd: second\n");
	expect_line(*state, "timesyncd: third\n");
	expect_line(*state, "timesyncd: %\n");
	expect_nothing_more(*state);
	assert_int_equal(system_log.messages, 0);
}

static void log_all_levels(void)
{
	log_error("error");
	log_warning("warning");
	log_info("info");
	log_debug("debug");
}

static void levels_above_the_limit_are_dropped(void **state)
{
	static const char *const lines[] = { "x: error\n", "x: warning\n", "x: info\n",
					     "x: debug\n" };

	for (int up_to = LOG_LEVEL_ERROR; up_to <= LOG_LEVEL_DEBUG; up_to++) {
		log_open("x", (enum log_level)up_to, false);
		log_all_levels();
		for (int level = LOG_LEVEL_ERROR; level <= up_to; level++) {
			expect_line(*state, lines[level]);
		}
		expect_nothing_more(*state);
	}
}

static void errno_is_kept(void **state)
{
	log_open("x", LOG_LEVEL_INFO, false);
	close(STDERR_FILENO); /* so that the write fails with EBADF */
	errno = ENOENT;
	log_error("lost");
	assert_int_equal(errno, ENOENT);
	log_debug("dropped");
	assert_int_equal(errno, ENOENT);
	expect_end(*state);

	log_open("x", LOG_LEVEL_INFO, true);
	log_error("to syslog");
	assert_int_equal(errno, ENOENT);
	assert_int_equal(system_log.messages, 1);
}

static void a_long_message_is_cut_off(void **state)
{
	char text[3000];
	char line[sizeof(text) + 8];

	log_open("x", LOG_LEVEL_INFO, false);
	memset(text, 'y', sizeof(text));
	text[899] = '\0';
	log_info("%s", text); /* just fits */
	snprintf(line, sizeof(line), "x: %s\n", text);
	expect_line(*state, line);

	text[899] = 'y';
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	snprintf(line, sizeof(line), "x: %.896s...\n", text);
	expect_line(*state, line);
	expect_nothing_more(*state);
}

static void a_long_name_is_cut_off(void **state)
{
	static char ident[200]; /* log_open keeps it */
	char line[200];

	memset(ident, 'i', sizeof(ident) - 1);
	log_open(ident, LOG_LEVEL_INFO, false);
	log_info("message");
	snprintf(line, sizeof(line), "%.61s...: message\n", ident);
	expect_line(*state, line);
}

static void no_message_looks_like_two(void **state)
{
	log_open("x", LOG_LEVEL_INFO, false);
	log_info("a\nx: b\r\t\033[0m\177 caf\xc3\xa9");
	expect_line(*state, "x: a?x: b???[0m? caf\xc3\xa9\n");
	log_info("%s", "\xc2\x9b"
		       "31m\xe9"); /* U+009B, and no UTF-8 */
	expect_line(*state, "x: ?31m?\n");
	log_open("\033[2J", LOG_LEVEL_INFO, false); /* as a program may be called */
	log_info("message");
	expect_line(*state, "?[2J: message\n");
	log_open("x", LOG_LEVEL_INFO, false);
	log_info("%s", "");
	expect_line(*state, "x: \n");
	expect_nothing_more(*state);
}

/* Name `fd` as the stream that systemd would have connected to stderr. */
static void name_stream(int fd)
{
	struct stat st;
	char stream[64];

	assert_int_equal(fstat(fd, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
}

static void the_journal_gets_priorities_and_no_name(void **state)
{
	const struct fixture *f = *state;

	log_open("x", LOG_LEVEL_DEBUG, false);
	name_stream(STDERR_FILENO);
	log_all_levels();
	log_info("%s", "<0>not a priority"); /* for the journal takes one */
	stdio_complain("x verb", "wrong: %d", 1);
	expect_line(f, "<3>error\n");
	expect_line(f, "<4>warning\n");
	expect_line(f, "<6>info\n");
	expect_line(f, "<7>debug\n");
	expect_line(f, "<6><0>not a priority\n");
	expect_line(f, "<4>wrong: 1\n");

	name_stream(f->packets); /* stderr has been redirected since */
	log_info("info");
	stdio_complain("x verb", "wrong");
	expect_line(f, "x: info\n");
	expect_line(f, "x verb: wrong\n");
	assert_int_equal(setenv("JOURNAL_STREAM", "nonsense", 1), 0);
	log_info("info");
	expect_line(f, "x: info\n");
	unsetenv("JOURNAL_STREAM");
}

static void syslog_gets_facility_and_priority(void **state)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

	log_open("timesyncd", LOG_LEVEL_DEBUG, true);
	assert_string_equal(system_log.ident, "timesyncd");
	assert_int_equal(system_log.facility, LOG_DAEMON);
	assert_int_equal(system_log.option, LOG_PID);
	for (int i = 0; i < 4; i++) {
		log_at((enum log_level)i, "level %d, 100%%s", i);
		assert_int_equal(system_log.priority, priorities[i]);
		assert_int_equal(system_log.messages, i + 1);
	}
	assert_string_equal(system_log.message, "level 3, 100%s");
	expect_nothing_more(*state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(before_log_open_the_program_has_its_own_name),
		TEST(a_message_is_one_line_in_one_write),
		TEST(levels_above_the_limit_are_dropped),
		TEST(errno_is_kept),
		TEST(a_long_message_is_cut_off),
		TEST(a_long_name_is_cut_off),
		TEST(no_message_looks_like_two),
		TEST(the_journal_gets_priorities_and_no_name),
		TEST(syslog_gets_facility_and_priority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
