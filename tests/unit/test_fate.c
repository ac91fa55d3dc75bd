/* SPDX-License-Identifier: BSD-3-Clause */
/* What a bad network does to datagrams: the shapes of delays, and that a seed fixes them. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/support/fate.h"

#define DRAWS 20000

static int compare(const void *a, const void *b)
{
	const dur_ns x = *(const dur_ns *)a, y = *(const dur_ns *)b;

	return (x > y) - (x < y);
}

struct drawn {
	double mean, deviation, median;
	dur_ns least, most;
};

static struct drawn draw(const struct fate_delay *delay)
{
	const size_t middle = DRAWS / 2;
	const struct fate_rules rules = { .delay = *delay };
	struct fate_source source = { .random = 7 };
	static dur_ns delays[DRAWS];
	struct drawn d = { 0 };

	for (size_t i = 0; i < DRAWS; i++) {
		delays[i] = fate_draw(&rules, &source).delay;
		d.mean += (double)delays[i] / DRAWS;
	}
	for (size_t i = 0; i < DRAWS; i++) {
		d.deviation += pow((double)delays[i] - d.mean, 2) / DRAWS;
	}
	d.deviation = sqrt(d.deviation);
	qsort(delays, DRAWS, sizeof(delays[0]), compare);
	d.median = (double)delays[middle];
	d.least = delays[0];
	d.most = delays[DRAWS - 1];
	return d;
}

static void assert_near(double value, double expected, double share)
{
	if (fabs(value - expected) > share * expected) {
		fail_msg("%f is not near %f", value, expected);
	}
}

static void uniform_delays(void **state)
{
	const struct drawn d =
		draw(&(struct fate_delay){ .first = NS_PER_MS, .second = 5 * NS_PER_MS });

	(void)state;
	assert_near(d.mean, 3 * NS_PER_MS, 0.02);
	assert_true(d.least >= NS_PER_MS && d.most <= 5 * NS_PER_MS);
	assert_true(d.least < NS_PER_MS + 10 * NS_PER_US);
	assert_true(d.most > 5 * NS_PER_MS - 10 * NS_PER_US);
}

static void normal_delays(void **state)
{
	const struct drawn d = draw(&(struct fate_delay){
		.shape = FATE_NORMAL, .first = 10 * NS_PER_MS, .second = NS_PER_MS });

	(void)state;
	assert_near(d.mean, 10 * NS_PER_MS, 0.01);
	assert_near(d.median, 10 * NS_PER_MS, 0.01);
	assert_near(d.deviation, NS_PER_MS, 0.03);
}

static void no_delay_is_negative(void **state)
{
	const struct drawn d = draw(&(struct fate_delay){
		.shape = FATE_NORMAL, .first = NS_PER_MS, .second = 5 * NS_PER_MS });

	(void)state;
	assert_int_equal(d.least, 0);
}

static void pareto_delays(void **state)
{
	const struct drawn d = draw(&(struct fate_delay){
		.shape = FATE_PARETO, .first = 2 * NS_PER_MS, .second = NS_PER_MS, .tail = 3 });

	(void)state;
	/* Lomax: mean scale / (tail - 1), median scale x (2^(1/tail) - 1) */
	assert_near(d.mean, 2.5 * NS_PER_MS, 0.03);
	assert_near(d.median, (2 + cbrt(2) - 1) * NS_PER_MS, 0.03);
	assert_true(d.least >= 2 * NS_PER_MS);
	assert_true(d.most > 10 * NS_PER_MS);
}

static void the_heaviest_tail_has_an_end(void **state)
{
	const struct drawn d = draw(
		&(struct fate_delay){ .shape = FATE_PARETO, .second = NS_PER_SEC, .tail = 0.1 });

	(void)state;
	assert_int_equal(d.most, FATE_DELAY_MOST);
}

/* The path of a trace with that text. */
static const char *write_trace(const char *text)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/timesync-trace-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "%s", text) >= 0);
	close(fd);
	return path;
}

static int read_trace(struct fate_delay *out, const char *text, size_t *line)
{
	const char *path = write_trace(text);
	const int rc = fate_read_trace(out, path, line);

	unlink(path);
	return rc;
}

static void a_trace_is_played_in_turn(void **state)
{
	struct fate_rules rules = { 0 };
	struct fate_source source = { 0 };
	size_t line;

	(void)state;
	assert_int_equal(read_trace(&rules.delay, "# recorded\n1ms\n\n2.5ms\n30us\n", &line), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fate_draw(&rules, &source).delay, NS_PER_MS);
		assert_int_equal(fate_draw(&rules, &source).delay, 2500 * NS_PER_US);
		assert_int_equal(fate_draw(&rules, &source).delay, 30 * NS_PER_US);
	}
	fate_delay_forget(&rules.delay);
	assert_int_equal(fate_draw(&rules, &source).delay, 0);
}

static void what_is_no_trace(void **state)
{
	struct fate_delay delay;
	size_t line = 0;

	(void)state;
	assert_int_equal(read_trace(&delay, "1ms\n2ms\nsoon\n", &line), -EINVAL);
	assert_int_equal(line, 3);
	assert_int_equal(read_trace(&delay, "-1ms\n", &line), -EINVAL);
	assert_int_equal(read_trace(&delay, "61s\n", &line), -EINVAL);
	assert_int_equal(read_trace(&delay, "# nothing\n", &line), -ENODATA);
	assert_int_equal(fate_read_trace(&delay, "/nowhere/trace", &line), -ENOENT);
}

static void a_seed_fixes_all_fates(void **state)
{
	const struct fate_rules rules = { .percent = { 30, 20, 10 },
					  .delay = { .second = NS_PER_SEC } };
	struct fate_source one = { .random = 5 }, same = one, other = { .random = 6 };
	int different = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		const struct fate a = fate_draw(&rules, &one), b = fate_draw(&rules, &same);

		assert_int_equal(a.delay, b.delay);
		assert_int_equal(a.drop, b.drop);
		different += a.delay != fate_draw(&rules, &other).delay;
	}
	assert_true(different > 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uniform_delays),
		cmocka_unit_test(normal_delays),
		cmocka_unit_test(no_delay_is_negative),
		cmocka_unit_test(pareto_delays),
		cmocka_unit_test(the_heaviest_tail_has_an_end),
		cmocka_unit_test(a_trace_is_played_in_turn),
		cmocka_unit_test(what_is_no_trace),
		cmocka_unit_test(a_seed_fixes_all_fates),
	};

	return cmocka_run_group_tests_name("fate", tests, NULL, NULL);
}
