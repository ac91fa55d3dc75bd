/* SPDX-License-Identifier: BSD-3-Clause */
/* The local socket: whoever connects waits in its queue, but not for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/local.h"
#include "tests/support/scratch.h"

/* How long connecting to `at` may take, by the limit that the kernel was given. */
static dur_ns patience(const struct address *at, dur_ns timeout)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = { .tv_sec = 0 };
	socklen_t len = sizeof(limit);

	assert_true(fd >= 0);
	assert_int_equal(local_connect(fd, at, timeout), 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &len), 0);
	close(fd);
	return limit.tv_sec * NS_PER_SEC + limit.tv_usec * NS_PER_US;
}

/* Not for ever either, which 0 would be. */
static void any_time_is_a_limit(void **state)
{
	static const dur_ns timeouts[] = {
		1,
		NS_PER_MS,
		NS_PER_SEC - 1,
		NS_PER_SEC,
		2 * NS_PER_SEC - NS_PER_US,
		2 * NS_PER_SEC - 1,
		3600 * NS_PER_SEC,
	};
	const struct scratch *s = *state;
	struct address at;
	int listener;

	assert_true(address_unix(&at, s->path));
	listener = local_listen(&at);
	assert_true(listener >= 0);
	for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
		const dur_ns limit = patience(&at, timeouts[i]);

		assert_true(limit >= timeouts[i]);
		assert_true(limit <= timeouts[i] + NS_PER_SEC / 10);
	}
	close(listener);
	local_remove(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_time_is_a_limit, scratch_setup,
						scratch_teardown),
	};

	return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
