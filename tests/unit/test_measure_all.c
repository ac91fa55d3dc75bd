/* SPDX-License-Identifier: BSD-3-Clause */
/* Several servers: all are measured, also where no thread can be had, and then that is said. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "measure/measure_all.h"
#include "os/clock_system.h"
#include "tests/support/output.h"

#define SERVERS 3

/* In the place of the library's: there are no threads. */
int pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *arg)
{
	(void)out;
	(void)attributes;
	(void)run;
	(void)arg;
	return EAGAIN;
}

/* A port that nobody has: bound for an instant. */
static struct address free_port(void)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct address a = address_loopback(AF_INET, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a.sa, a.len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a.sa, &a.len), 0);
	close(fd);
	return a;
}

static void without_threads_all_are_measured_and_it_is_said(void **state)
{
	const struct target_options how = { .socktype = SOCK_DGRAM };
	const struct measure_options options = {
		.rounds = 1,
		.timeout = NS_PER_SEC,
		.clock = clock_system(),
	};
	struct measure_job jobs[SERVERS];
	struct output output;
	char said[400];

	(void)state;
	memset(jobs, 0, sizeof(jobs));
	for (size_t i = 0; i < SERVERS; i++) {
		struct target *t = &jobs[i].target;

		strcpy(t->host.name, "127.0.0.1");
		t->socktype = SOCK_DGRAM;
		t->n = 1;
		t->addresses[0] = free_port();
		t->host.port = address_port(&t->addresses[0]);
	}
	output_divert(&output, STDERR_FILENO);
	assert_true(measure_jobs(jobs, SERVERS, &how, &options));
	output_restore(&output, said, sizeof(said));
	assert_non_null(strstr(said, "too few threads can be had to measure 3 servers at the same "
				     "time"));
	assert_non_null(strstr(said, strerror(EAGAIN)));
	for (size_t i = 0; i < SERVERS; i++) {
		assert_int_equal(jobs[i].rc, -1);
		assert_non_null(strstr(jobs[i].why, strerror(ECONNREFUSED)));
		measurement_free(&jobs[i].measured);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_threads_all_are_measured_and_it_is_said),
	};

	return cmocka_run_group_tests_name("measure_all", tests, NULL, NULL);
}
