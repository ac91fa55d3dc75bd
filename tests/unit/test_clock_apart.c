/* SPDX-License-Identifier: BSD-3-Clause */
/* The frequency of a clock and its slew, of a clock that ends the slew at any moment. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/clock.h"

#define LASTS 1000
#define SLEW  500000

struct ending {
	struct clock clock;
	int questions; /* that it answers before the slew ends */
	int error;     /* of the frequency */
};

static int64_t slew_of(struct clock *c)
{
	struct ending *e = (struct ending *)(void *)c;

	return e->questions-- > 0 ? SLEW : 0;
}

static int frequency_of(struct clock *c, int64_t *ppb)
{
	struct ending *e = (struct ending *)(void *)c;

	*ppb = LASTS + slew_of(c);
	return e->error;
}

static const struct clock_ops ops = { .frequency = frequency_of, .frequency_slew = slew_of };

static void both_are_of_one_instant(void **state)
{
	(void)state;
	for (int questions = 0; questions <= 4; questions++) {
		struct ending e = { .clock.ops = &ops, .questions = questions };
		int64_t ppb, slew_ppb;

		assert_int_equal(clock_frequency_apart(&e.clock, &ppb, &slew_ppb), 0);
		assert_int_equal(ppb, LASTS);
		assert_int_equal(slew_ppb, questions >= 3 ? SLEW : 0);
	}
}

static void an_error_is_one(void **state)
{
	struct ending e = { .clock.ops = &ops, .questions = 1, .error = -EIO };
	int64_t ppb, slew_ppb;

	(void)state;
	assert_int_equal(clock_frequency_apart(&e.clock, &ppb, &slew_ppb), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_are_of_one_instant),
		cmocka_unit_test(an_error_is_one),
	};

	return cmocka_run_group_tests_name("clock apart", tests, NULL, NULL);
}
