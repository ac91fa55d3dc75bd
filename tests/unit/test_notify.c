/* SPDX-License-Identifier: BSD-3-Clause */
/* What a service manager is told, seen from a socket that stands in for its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/notify.h"

struct manager {
	int fd;
	char directory[40], name[60];
};

static int set_up(void **state)
{
	struct manager *m = calloc(1, sizeof(*m));
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	assert_non_null(m);
	strcpy(m->directory, "/tmp/timesync-notify-XXXXXX");
	assert_non_null(mkdtemp(m->directory));
	snprintf(m->name, sizeof(m->name), "%s/socket", m->directory);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", m->name);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	setenv("NOTIFY_SOCKET", m->name, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	struct manager *m = *state;

	close(m->fd);
	(void)unlink(m->name);
	(void)rmdir(m->directory);
	free(m);
	unsetenv("NOTIFY_SOCKET");
	return 0;
}

static void assert_told(int fd, const char *text)
{
	char got[2000];
	const ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, text);
}

static void test_what_is_said_arrives_as_one_datagram(void **state)
{
	const struct manager *m = *state;

	assert_int_equal(notify_send("READY=1\nSTATUS=port %d", 5542), 0);
	assert_int_equal(notify_send("WATCHDOG=1"), 0);
	assert_told(m->fd, "READY=1\nSTATUS=port 5542");
	assert_told(m->fd, "WATCHDOG=1");
}

static void test_a_name_without_a_file(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char name[40];
	const int n = snprintf(name, sizeof(name), "@timesync-notify-%ld", (long)getpid());
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)state;
	memcpy(at.sun_path + 1, name + 1, (size_t)n - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("READY=1"), 0);
	assert_told(fd, "READY=1");
	close(fd);
}

static void test_nobody_wants_to_be_told(void **state)
{
	const struct manager *m = *state;
	char got;

	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_send("READY=1"), 0);
	assert_int_equal(recv(m->fd, &got, 1, 0), -1);
}

static void test_what_cannot_be_told(void **state)
{
	const struct manager *m = *state;
	char name[200], text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(notify_send("STATUS=%s", text), -EMSGSIZE);
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("READY=1"), -ENAMETOOLONG);
	setenv("NOTIFY_SOCKET", m->directory, 1);
	assert_int_equal(notify_send("READY=1"), -ECONNREFUSED);
	snprintf(name, sizeof(name), "%s/none", m->directory);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("READY=1"), -ENOENT);
}

/* A manager that reads nothing does not hold the daemon up. */
static void test_nobody_waits_for_a_full_socket(void **state)
{
	int rc = 0;

	(void)state;
	for (int i = 0; i < 100000 && rc == 0; i++) {
		rc = notify_send("WATCHDOG=1");
	}
	assert_int_equal(rc, -EAGAIN);
}

static void test_the_watchdog(void **state)
{
	char pid[20];

	(void)state;
	assert_int_equal(notify_watchdog(), 0);
	setenv("WATCHDOG_USEC", "3000000", 1);
	assert_int_equal(notify_watchdog(), 1500 * NS_PER_MS);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog(), 1500 * NS_PER_MS);
	snprintf(pid, sizeof(pid), "%ld", (long)getppid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog(), 0);
	unsetenv("WATCHDOG_PID");
	for (size_t i = 0; i < 4; i++) {
		static const char *const wrong[] = { "", "0", "-1", "soon" };

		setenv("WATCHDOG_USEC", wrong[i], 1);
		assert_int_equal(notify_watchdog(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_said_arrives_as_one_datagram, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_name_without_a_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_wants_to_be_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_waits_for_a_full_socket, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_the_watchdog, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
