/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream transport when the process may open no more files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/served_stream.h"
#include "tests/support/sockets.h"

struct fixture {
	struct served_stream server;
	struct rlimit files;
};

static int setup(void **state)
{
	static const struct svc_stream_limits limits = {
		.connections = 10,
		.connections_per_address = 10,
		.idle_timeout = 60 * NS_PER_SEC,
		.busy_timeout = 60 * NS_PER_SEC,
	};
	static struct fixture f;

	*state = &f;
	return getrlimit(RLIMIT_NOFILE, &f.files) < 0 ? -1 : served_stream_open(&f.server, &limits);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	const int rc = setrlimit(RLIMIT_NOFILE, &f->files);

	served_stream_close(&f->server);
	return rc;
}

/* Let this process open no more files than it has. */
static void no_more_files(const struct fixture *f)
{
	const int next = dup(0);
	const struct rlimit none = { .rlim_cur = (rlim_t)next, .rlim_max = f->files.rlim_max };

	assert_true(next > 0);
	close(next);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void pass_a_second(const struct fixture *f)
{
	const struct mono later = { .ns = NS_PER_SEC };

	assert_int_equal(svc_stream_expire(f->server.transport, later), NS_PER_SEC);
}

/* One connection makes room for the next, and one is enough. */
static void one_makes_room(void **state)
{
	struct fixture *f = *state;
	const int oldest = served_stream_client(&f->server, NULL);
	int younger, next;

	f->server.served.clock.mono.ns++;
	younger = served_stream_client(&f->server, NULL);
	f->server.served.clock.mono.ns++;
	next = sockets_connect(&f->server.at, SOCK_STREAM);
	no_more_files(f);
	served_stream_serve(&f->server);
	assert_true(served_stream_closed(oldest));
	assert_true(served_stream_answers(&f->server, next));
	assert_true(served_stream_answers(&f->server, younger));
	assert_int_equal(svc_stream_connections(f->server.transport), 2);
	assert_int_equal(served_count(&f->server.served, COUNTER_CLOSED_EARLY), 1);
	close(oldest);
	close(younger);
	close(next);
}

/* With nobody to make room it waits for a while: spinning would not help. */
static void it_rests(void **state)
{
	struct fixture *f = *state;
	const int client = sockets_connect(&f->server.at, SOCK_STREAM);

	no_more_files(f);
	served_stream_serve(&f->server);
	assert_false(sockets_readable(svc_stream_fd(f->server.transport), 0));
	pass_a_second(f);
	served_stream_serve(&f->server); /* tries again, and rests again */
	assert_false(sockets_readable(svc_stream_fd(f->server.transport), 0));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &f->files), 0);
	pass_a_second(f);
	served_stream_serve(&f->server);
	assert_true(served_stream_answers(&f->server, client));
	close(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_makes_room),
		TEST(it_rests),
	};

	return cmocka_run_group_tests_name("svc_stream_files", tests, NULL, NULL);
}
