/* SPDX-License-Identifier: BSD-3-Clause */
/* The samples for another daemon: from synchronised servers only, and none far worse than usual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/feed.h"

static enum feed_verdict judge(struct feed *f, dur_ns max_error)
{
	const struct feed_poll poll = { .synchronised = true,
					.leap_known = true,
					.max_error = max_error };

	return feed_judge(f, &poll, false);
}

static void nobody_vouches_for_it(void **state)
{
	struct feed f = { .seen = 0 };
	struct feed_poll poll = { .max_error = NS_PER_US };

	(void)state;
	assert_int_equal(feed_judge(&f, &poll, false), FEED_UNSYNCHRONISED);
	poll.leap_known = true;
	assert_int_equal(feed_judge(&f, &poll, false), FEED_UNSYNCHRONISED);
	poll = (struct feed_poll){ .synchronised = true, .max_error = NS_PER_US };
	assert_int_equal(feed_judge(&f, &poll, false), FEED_LEAP_UNKNOWN);
	poll.leap_known = true;
	assert_int_equal(feed_judge(&f, &poll, false), FEED_SEND);
}

static void unless_that_is_allowed(void **state)
{
	struct feed f = { .seen = 0 };
	struct feed_poll poll = { .max_error = 10 * NS_PER_US };

	(void)state;
	assert_int_equal(feed_judge(&f, &poll, true), FEED_SEND);
	poll.max_error = 36 * NS_PER_MS;
	assert_int_equal(feed_judge(&f, &poll, true), FEED_WIDE);
}

static void one_that_is_far_worse_is_left_out(void **state)
{
	struct feed f = { .seen = 0 };

	(void)state;
	assert_int_equal(feed_usual(&f), INT64_MAX);
	assert_int_equal(judge(&f, 10 * NS_PER_US), FEED_SEND);
	assert_int_equal(judge(&f, 36 * NS_PER_MS), FEED_WIDE);
	assert_int_equal(feed_usual(&f), 10 * NS_PER_US); /* of two the lesser */
	assert_int_equal(judge(&f, 40 * NS_PER_US), FEED_SEND);
	assert_int_equal(feed_usual(&f), 40 * NS_PER_US);
	for (int i = 0; i < 2 * FEED_REMEMBERED; i++) {
		assert_int_equal(judge(&f, 10 * NS_PER_US), FEED_SEND);
	}
	assert_int_equal(judge(&f, 40 * NS_PER_US), FEED_SEND);
	assert_int_equal(judge(&f, 44 * NS_PER_US), FEED_WIDE);
	assert_int_equal(judge(&f, INT64_MAX), FEED_WIDE);
}

/* Also one that begins badly is fed soon, and a path that becomes worse is not left out for ever.
 */
static void what_has_become_usual_is_fed(void **state)
{
	struct feed f = { .seen = 0 };
	int left_out = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(judge(&f, 10 * NS_PER_US), FEED_SEND);
	}
	while (judge(&f, 36 * NS_PER_MS) == FEED_WIDE) {
		left_out++;
	}
	assert_in_range(left_out, FEED_REMEMBERED / 2, FEED_REMEMBERED / 2 + 1);
	assert_int_equal(judge(&f, 36 * NS_PER_MS), FEED_SEND);
	assert_int_equal(judge(&f, 10 * NS_PER_US), FEED_SEND);
}

/* The bound of a poll that is not fed for another reason counts all the same. */
static void every_bound_is_remembered(void **state)
{
	struct feed f = { .seen = 0 };
	const struct feed_poll poll = { .max_error = 10 * NS_PER_US };

	(void)state;
	assert_int_equal(feed_judge(&f, &poll, false), FEED_UNSYNCHRONISED);
	assert_int_equal(judge(&f, 36 * NS_PER_MS), FEED_WIDE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_vouches_for_it),
		cmocka_unit_test(unless_that_is_allowed),
		cmocka_unit_test(one_that_is_far_worse_is_left_out),
		cmocka_unit_test(what_has_become_usual_is_fed),
		cmocka_unit_test(every_bound_is_remembered),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
