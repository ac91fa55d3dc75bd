/* SPDX-License-Identifier: BSD-3-Clause */
/* How far the clocks may drift apart while they are measured, by the rate of the local one. */
#include <errno.h>

#include "measure/measure.h"
#include "tests/support/between.h"

static int64_t rate, frequency;
static int frequency_error;

static int64_t op_rate(struct clock *c)
{
	(void)c;
	return rate;
}

static int op_frequency(struct clock *c, int64_t *ppb)
{
	(void)c;
	*ppb = frequency;
	return frequency_error;
}

static int64_t drift_of(const struct clock_ops *ops, const char *clock_file)
{
	struct clock clock = { .ops = ops };
	struct measure_options options = { .clock = &clock, .clock_file = clock_file };

	measure_take_drift(&options);
	return options.estimate.max_drift_ppb;
}

/* Of a clock file: its own rate, and what corrects it. */
static void a_clock_file_says_how_fast_it_runs(void **state)
{
	const struct clock_ops ops = { .rate = op_rate, .frequency = op_frequency };

	(void)state;
	rate = 0;
	frequency = -50000000; /* which corrects it */
	assert_int_equal(drift_of(&ops, "file"), 1200000);
	rate = 50000000; /* since somebody has changed it */
	assert_between(48000000, drift_of(&ops, "file"), 49000000);
	rate = -50000000;
	assert_between(53000000, drift_of(&ops, "file"), 54000000);
}

/* Nobody knows whether its frequency was changed to correct it, or wrongly. */
static void the_system_clock_may_run_as_its_frequency_was_set(void **state)
{
	const struct clock_ops ops = { .frequency = op_frequency };

	(void)state;
	frequency = 0;
	frequency_error = 0;
	assert_int_equal(drift_of(&ops, NULL), 1200000);
	frequency = 83333000; /* left by a slew */
	assert_between(78000000, drift_of(&ops, NULL), 84533000);
	frequency = -83333000;
	assert_between(84533000, drift_of(&ops, NULL), 100000000);
	frequency_error = -EPERM;
	assert_int_equal(drift_of(&ops, NULL), 1200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_file_says_how_fast_it_runs),
		cmocka_unit_test(the_system_clock_may_run_as_its_frequency_was_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
