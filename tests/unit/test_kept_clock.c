/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock file that a group's agent keeps: decisions are applied, and slews end by themselves. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "group/agent/kept_clock.h"
#include "os/clock_file.h"
#include "tests/support/scratch.h"

#define OFFSET (3 * NS_PER_SEC)

struct kept {
	struct scratch scratch;
	struct clock *clock, *other; /* the agent's, and that of somebody else */
	struct kept_clock keeps;
};

static int setup(void **state)
{
	static struct kept x;
	const char *why;

	if (scratch_make(&x.scratch) != 0 || clock_file_create(x.scratch.path, OFFSET, 0) != 0 ||
	    clock_file_open(&x.clock, x.scratch.path, true, &why) != 0 ||
	    clock_file_open(&x.other, x.scratch.path, true, &why) != 0) {
		return -1;
	}
	*state = &x;
	return kept_clock_open(&x.keeps, x.clock, false);
}

static int teardown(void **state)
{
	struct kept *x = *state;

	clock_close(x->clock);
	clock_close(x->other);
	scratch_remove(&x->scratch);
	return 0;
}

/* Nobody is needed to end it: the agent may have been killed. */
static void a_slew_ends_at_the_right_place(void **state)
{
	const struct servo_steering how = {
		.step = NS_PER_MS,
		.frequency_ppb = 1000,
		.slew_ppb = 500000,
		.slew_for = 20 * NS_PER_MS,
	};
	struct kept *x = *state;
	struct clock_file_state is;
	dur_ns by_rate;

	assert_true(kept_clock_observe(&x->keeps).ends_slews);
	assert_int_equal(kept_clock_correct(&x->keeps, &how), 0);
	assert_int_equal(kept_clock_observe(&x->keeps).epoch, 0);
	usleep(60000);
	clock_file_state(x->other, &is);
	assert_int_equal(is.frequency_ppb, 1000);
	by_rate = (is.at - is.set_at) / 1000000;
	assert_in_range(is.offset - OFFSET, NS_PER_MS + 10000 + by_rate - 2,
			NS_PER_MS + 10000 + by_rate + 2);
}

static void what_somebody_else_has_set_is_left_alone(void **state)
{
	const struct servo_steering how = { .step = NS_PER_MS };
	struct kept *x = *state;
	struct clock_file_state is;

	assert_int_equal(clock_step(x->other, NS_PER_SEC), 0);
	assert_int_equal(kept_clock_correct(&x->keeps, &how), -ESTALE);
	assert_int_equal(kept_clock_observe(&x->keeps).epoch, 1);
	clock_file_state(x->other, &is);
	assert_int_equal(is.offset, OFFSET + NS_PER_SEC);
	assert_int_equal(kept_clock_correct(&x->keeps, &how), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_slew_ends_at_the_right_place),
		TEST(what_somebody_else_has_set_is_left_alone),
	};

	return cmocka_run_group_tests_name("kept clock", tests, NULL, NULL);
}
