/* SPDX-License-Identifier: BSD-3-Clause */
/* The truth: what two clocks at hand differ by at an instant, and when that cannot be told. */
#include <errno.h>
#include <stdio.h>
#include <stdint.h>
#include <time.h>

#include "measure/truth.h"
#include "os/clock_file.h"
#include "os/clock_system.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"
#include "tests/support/scratch.h"

#define SERVER_OFFSET (1700 * NS_PER_MS)
#define LOCAL_OFFSET  (-800 * NS_PER_MS)

struct fixture {
	struct scratch scratch;
	char server_path[200], local_path[200];
	struct clock *server, *local; /* writable */
	struct truth truth;
};

/* Two clock files of these rates, and the truth about them. */
static void begin(struct fixture *f, int64_t server_ppb, int64_t local_ppb)
{
	const char *why;

	assert_int_equal(scratch_make(&f->scratch), 0);
	snprintf(f->server_path, sizeof(f->server_path), "%s/server", f->scratch.directory);
	snprintf(f->local_path, sizeof(f->local_path), "%s/local", f->scratch.directory);
	assert_int_equal(clock_file_create(f->server_path, SERVER_OFFSET, server_ppb), 0);
	assert_int_equal(clock_file_create(f->local_path, LOCAL_OFFSET, local_ppb), 0);
	assert_int_equal(clock_file_open(&f->server, f->server_path, true, &why), 0);
	assert_int_equal(clock_file_open(&f->local, f->local_path, true, &why), 0);
	assert_int_equal(truth_open(&f->truth, f->server_path, f->local, &why), 0);
}

static void end(struct fixture *f)
{
	truth_close(&f->truth);
	clock_close(f->server);
	clock_close(f->local);
	scratch_remove(&f->scratch);
}

static void sleep_ms(int ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * NS_PER_MS }, NULL);
}

/* The true offset at that instant of the system clock, with the sign of clock.h. */
static dur_ns expected_at(const struct fixture *f, ts_ns real)
{
	return clock_from_kernel(f->server, real) - clock_from_kernel(f->local, real);
}

static void assert_truth(const struct fixture *f, ts_ns real)
{
	const dur_ns expected = expected_at(f, real);
	dur_ns offset;

	assert_true(truth_at(&f->truth, clock_from_kernel(f->local, real), &offset));
	assert_between(expected - 2, offset, expected + 2);
}

static void of_constant_clocks_it_is_exact(void **state)
{
	struct fixture f;
	dur_ns offset;

	(void)state;
	begin(&f, 0, 0);
	assert_true(truth_at(&f.truth, clock_now(f.local), &offset));
	assert_int_equal(offset, SERVER_OFFSET - LOCAL_OFFSET);
	assert_true(truth_at(&f.truth, clock_now(f.local) - 100 * NS_PER_SEC, &offset));
	assert_int_equal(offset, SERVER_OFFSET - LOCAL_OFFSET);
	end(&f);
}

static void of_clocks_that_drift_it_is_that_of_the_instant(void **state)
{
	static const int64_t rates_ppb[][2] = {
		{ 50000, -30000 },
		{ -DRIFT_NAMED_PPB, DRIFT_NAMED_PPB },
		{ DRIFT_NAMED_PPB, -DRIFT_NAMED_PPB },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rates_ppb) / sizeof(rates_ppb[0]); i++) {
		struct fixture f;
		ts_ns now;

		begin(&f, rates_ppb[i][0], rates_ppb[i][1]);
		now = clock_now(clock_system());
		assert_int_not_equal(expected_at(&f, now), expected_at(&f, now - NS_PER_SEC));
		for (dur_ns ago = 0; ago < 100 * NS_PER_SEC; ago = 3 * ago + 1234567) {
			assert_truth(&f, now - ago);
		}
		end(&f);
	}
}

static void the_system_clock_may_be_what_is_served(void **state)
{
	struct fixture f;
	struct truth truth;
	const char *why;
	dur_ns offset;

	(void)state;
	begin(&f, 0, 0);
	assert_int_equal(truth_open(&truth, "system", f.local, &why), 0);
	assert_true(truth_at(&truth, clock_now(f.local), &offset));
	assert_int_equal(offset, -LOCAL_OFFSET);
	truth_close(&truth);
	assert_int_equal(truth_open(&truth, f.server_path, clock_system(), &why), 0);
	assert_true(truth_at(&truth, clock_now(clock_system()), &offset));
	assert_int_equal(offset, SERVER_OFFSET);
	truth_close(&truth);
	end(&f);
}

/* Whether the truth is still known after one of the clocks was adjusted in one way. */
static bool known_after(int which, int way)
{
	struct fixture f;
	struct clock *adjusted;
	dur_ns offset;
	bool known;
	int rc;

	begin(&f, 0, 0);
	adjusted = which == 0 ? f.server : f.local;
	sleep_ms(2);
	rc = way == 0   ? clock_step(adjusted, 1)
	     : way == 1 ? clock_file_set_offset(adjusted, 0)
	     : way == 2 ? clock_file_set_drift(adjusted, 50000)
			: 0;
	assert_int_equal(rc, 0);
	known = truth_at(&f.truth, clock_now(f.local), &offset);
	end(&f);
	return known;
}

static void a_clock_that_was_adjusted_is_noticed(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		for (int way = 0; way < 3; way++) {
			assert_false(known_after(which, way));
		}
		assert_true(known_after(which, 3));
	}
}

/* A slew changes nothing that was shown before it. */
static void a_slew_is_followed(void **state)
{
	struct fixture f;
	ts_ns before, after;

	(void)state;
	begin(&f, 20000, 0);
	sleep_ms(2);
	before = clock_now(clock_system());
	assert_int_equal(clock_slew(f.local, 10 * NS_PER_MS), 0);
	sleep_ms(10);
	after = clock_now(clock_system());
	assert_truth(&f, before);
	assert_truth(&f, after);
	assert_between(1000, expected_at(&f, before) - expected_at(&f, after), NS_PER_MS);
	end(&f);
}

static void what_is_no_clock_file_is_refused(void **state)
{
	struct truth truth;
	const char *why = NULL;

	(void)state;
	assert_int_equal(truth_open(&truth, "/nonexistent/clock", clock_system(), &why), -ENOENT);
	assert_non_null(why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_constant_clocks_it_is_exact),
		cmocka_unit_test(of_clocks_that_drift_it_is_that_of_the_instant),
		cmocka_unit_test(the_system_clock_may_be_what_is_served),
		cmocka_unit_test(a_clock_that_was_adjusted_is_noticed),
		cmocka_unit_test(a_slew_is_followed),
		cmocka_unit_test(what_is_no_clock_file_is_refused),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
