/* SPDX-License-Identifier: BSD-3-Clause */
/* Sources: the server in the middle, servers that come and go, and detours of a path. */
#include <errno.h>

#include "core/arith.h"
#include "core/sources.h"
#include "tests/support/between.h"
#include "tests/support/random.h"

#define WIDTH (20 * NS_PER_MS) /* of a measurement that is not delayed */

/* Some servers, whose offsets and delays are these, polled every 16 s. */
struct fixture {
	struct sources sources;
	struct mono now;
	struct random random;
	struct sources_measurement measured[3];
	struct sources_result result;
};

static struct fixture new_fixture(void)
{
	struct fixture f = { .random = random_from(1) };

	for (size_t i = 0; i < 3; i++) {
		f.measured[i] = (struct sources_measurement){ .used = true,
							      .single = true,
							      .width = WIDTH };
	}
	return f;
}

static int poll(struct fixture *f, size_t n)
{
	f->now = mono_add(f->now, 16 * NS_PER_SEC);
	return sources_combine(&f->sources, f->now, f->measured, n, &f->result);
}

/* The same with delays of up to 2 ms each way, which make the offsets wrong. */
static int poll_noisily(struct fixture *f, size_t n)
{
	struct fixture noisy = *f;
	int rc;

	for (size_t i = 0; i < n; i++) {
		const dur_ns out = random_between(&f->random, 0, 2 * NS_PER_MS);
		const dur_ns back = random_between(&f->random, 0, 2 * NS_PER_MS);

		noisy.measured[i].offset += (out - back) / 2;
		noisy.measured[i].width += out + back;
	}
	rc = poll(&noisy, n);
	f->sources = noisy.sources;
	f->result = noisy.result;
	f->now = noisy.now;
	return rc;
}

static void one_passes_through(void **state)
{
	struct fixture f = new_fixture();

	(void)state;
	for (int i = 0; i < 100; i++) {
		f.measured[0].offset = i * NS_PER_SEC;
		assert_int_equal(poll(&f, 1), 0);
		assert_int_equal(f.result.offset, i * NS_PER_SEC);
	}
	assert_between(1, f.result.error, NS_PER_US);
}

static void nobody_gives_nothing(void **state)
{
	struct fixture f = new_fixture();

	(void)state;
	f.measured[0].used = f.measured[1].used = false;
	assert_int_equal(poll(&f, 2), -ENODATA);
	assert_int_equal(poll(&f, 0), -ENODATA);
}

static void what_was_delayed_counts_less(void **state)
{
	struct fixture f = new_fixture();
	dur_ns error;

	(void)state;
	for (int i = 0; i < 40; i++) {
		poll_noisily(&f, 1);
	}
	assert_int_equal(poll(&f, 1), 0);
	error = f.result.error;
	f.measured[0].width = WIDTH + 3 * NS_PER_MS;
	assert_int_equal(poll(&f, 1), 0);
	assert_between(2 * error, f.result.error, 2 * NS_PER_MS);
}

/* The middle one of three, from the first poll on, whoever is silent at a poll. */
static void the_one_in_the_middle_counts(void **state)
{
	struct fixture f = new_fixture();

	(void)state;
	f.measured[0].offset = 5 * NS_PER_MS; /* lies, within its bound */
	f.measured[1].offset = 20 * NS_PER_US;
	f.measured[2].offset = -10 * NS_PER_US;
	for (int i = 0; i < 300; i++) {
		f.measured[0].used = i % 3 != 2;
		f.measured[1].used = i % 5 != 1;
		f.measured[2].used = i % 7 != 1 || !f.measured[0].used;
		assert_int_equal(poll(&f, 3), 0);
		assert_between(19 * NS_PER_US, f.result.offset, 21 * NS_PER_US);
	}
}

/* It is followed when all move: the clock does that. */
static void a_change_of_all_is_seen_at_once(void **state)
{
	struct fixture f = new_fixture();

	(void)state;
	f.measured[0].offset = 5 * NS_PER_MS;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(poll(&f, 3), 0);
	}
	for (size_t i = 0; i < 3; i++) {
		f.measured[i].offset += 70 * NS_PER_MS;
	}
	assert_int_equal(poll(&f, 3), 0);
	assert_between(70 * NS_PER_MS - 10, f.result.offset, 70 * NS_PER_MS + 10);
}

/* Of three noisy ones the result is better than each, and a liar costs little of that. */
static void noise_is_averaged(void **state)
{
	(void)state;
	for (int lie = 0; lie < 2; lie++) {
		struct fixture f = new_fixture();
		double squares = 0;

		f.measured[0].offset = lie * 5 * NS_PER_MS;
		for (int i = 0; i < 2000; i++) {
			assert_int_equal(poll_noisily(&f, 3), 0);
			if (f.result.error != INT64_MAX && i >= 500) {
				const double e = (double)f.result.offset;

				squares += e * e / 1500;
			}
		}
		/* One alone is wrong by 408 us RMS. */
		assert_between(0, (int64_t)squares, INT64_C(300000) * 300000);
	}
}

static void one_that_is_gone_is_not_in_the_middle(void **state)
{
	struct fixture f = new_fixture();

	(void)state;
	f.measured[0].offset = 5 * NS_PER_MS;
	f.measured[1].offset = 3 * NS_PER_MS;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(poll(&f, 3), 0);
	}
	assert_between(2999 * NS_PER_US, f.result.offset, 3001 * NS_PER_US);
	f.measured[1].used = false;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(poll(&f, 3), 0);
	}
	assert_between(2499 * NS_PER_US, f.result.offset, 2501 * NS_PER_US);
}

/* 5 ms more on one way are 2.5 ms of offset that nobody should follow; for good, one has to. */
static void a_detour_says_nothing_for_half_an_hour(void **state)
{
	struct fixture f = new_fixture();
	int ignored = 0;

	(void)state;
	for (int i = 0; i < 64; i++) {
		assert_int_equal(poll_noisily(&f, 1), 0);
	}
	f.measured[0].offset = 5 * NS_PER_MS;
	f.measured[0].width += 10 * NS_PER_MS;
	while (poll_noisily(&f, 1) == 0 && f.result.error == INT64_MAX) {
		ignored++;
	}
	assert_between(1800 / 16 - 1, ignored, 1800 / 16 + 1);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(poll_noisily(&f, 1), 0);
	}
	assert_true(f.result.error < 2 * NS_PER_MS);
	f.measured[0].offset = 0;
	f.measured[0].width = WIDTH; /* and back: less delay is better at once */
	assert_int_equal(poll_noisily(&f, 1), 0);
	assert_true(f.result.error < 2 * NS_PER_MS);
}

/* Polls of many exchanges are delayed less than single ones, which are no detours for that. */
static void a_single_exchange_is_no_detour(void **state)
{
	struct fixture f = new_fixture();

	(void)state;
	f.measured[0].single = false;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(poll(&f, 1), 0);
	}
	f.measured[0].single = true;
	for (int i = 0; i < 40; i++) {
		assert_int_equal(poll_noisily(&f, 1), 0);
		assert_true(f.result.error != INT64_MAX || i >= 16);
	}
}

static void extremes_do_not_overflow(void **state)
{
	struct fixture f = new_fixture();

	(void)state;
	f.measured[0].offset = TS_LIMIT - 1;
	f.measured[1].offset = -(TS_LIMIT - 1);
	f.measured[2].width = TS_LIMIT - 1;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(poll(&f, 3), 0);
		assert_true(f.result.error > 0);
		assert_true(arith_abs(f.result.offset) < TS_LIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_passes_through),
		cmocka_unit_test(nobody_gives_nothing),
		cmocka_unit_test(what_was_delayed_counts_less),
		cmocka_unit_test(the_one_in_the_middle_counts),
		cmocka_unit_test(a_change_of_all_is_seen_at_once),
		cmocka_unit_test(noise_is_averaged),
		cmocka_unit_test(one_that_is_gone_is_not_in_the_middle),
		cmocka_unit_test(a_detour_says_nothing_for_half_an_hour),
		cmocka_unit_test(a_single_exchange_is_no_detour),
		cmocka_unit_test(extremes_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
