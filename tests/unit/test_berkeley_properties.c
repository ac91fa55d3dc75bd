/* SPDX-License-Identifier: BSD-3-Clause */
/* Berkeley's algorithm: its limits, and what must hold for any clocks, tried on many random ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "group/core/berkeley.h"
#include "tests/support/random.h"

#define CASES 50000
#define MOST  (TS_LIMIT - 1) /* the largest offset */

#define HOUR (3600 * NS_PER_SEC)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct berkeley_options hour = { .tolerance = HOUR };

static struct berkeley_result decide(struct berkeley_clock *clocks, size_t n,
				     const struct berkeley_options *options)
{
	struct berkeley_result r = { .used = 0 };

	assert_int_equal(berkeley_decide(&r, clocks, n, options), 0);
	return r;
}

static void extremes(void **state)
{
	const struct berkeley_options any = { .tolerance = INT64_MAX };
	struct berkeley_clock two[] = { { .offset = 0 }, { .offset = MOST }, { .offset = -MOST } };
	struct berkeley_clock *many = calloc(BERKELEY_MAX_CLOCKS, sizeof(*many));

	(void)state;
	assert_int_equal(decide(two, 3, &any).mean, 0);
	assert_int_equal(two[1].correction, -MOST);
	assert_int_equal(two[2].correction, MOST);

	/* As many as there can be: the leader, and all others as far off as can be. */
	assert_non_null(many);
	for (size_t i = 1; i < BERKELEY_MAX_CLOCKS; i++) {
		many[i].offset = -MOST;
	}
	assert_int_equal(decide(many, BERKELEY_MAX_CLOCKS, &hour).mean, -MOST);
	assert_int_equal(many[0].correction, -MOST);
	assert_int_equal(many[1].correction, 0);
	free(many);
}

static void errors(void **state)
{
	static struct berkeley_clock many[BERKELEY_MAX_CLOCKS + 1];
	const struct berkeley_options bad[] = { { .tolerance = -1 }, { .max_correction = -1 } };
	struct berkeley_clock clocks[] = { { .offset = 0 }, { .correction = 7 } };
	struct berkeley_result r = { .mean = 7 };
	static const struct berkeley_clock not_leaders[] = { { .offset = 1 }, { .max_error = 1 } };
	static const struct berkeley_clock out_of_range[] = {
		{ .offset = TS_LIMIT },
		{ .offset = -TS_LIMIT },
		{ .offset = INT64_MIN },
		{ .max_error = -1 },
	};

	(void)state;
	assert_int_equal(berkeley_decide(&r, clocks, 0, &hour), -EINVAL);
	assert_int_equal(berkeley_decide(&r, many, BERKELEY_MAX_CLOCKS + 1, &hour), -E2BIG);
	assert_int_equal(berkeley_decide(&r, many, BERKELEY_MAX_CLOCKS, &hour), 0);
	r.mean = 7;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(berkeley_decide(&r, clocks, 2, &bad[i]), -EINVAL);
	}
	for (size_t i = 0; i < COUNT(not_leaders); i++) {
		clocks[0] = not_leaders[i];
		assert_int_equal(berkeley_decide(&r, clocks, 2, &hour), -EINVAL);
	}
	clocks[0] = (struct berkeley_clock){ .offset = 0 };
	for (size_t i = 0; i < COUNT(out_of_range); i++) {
		clocks[1] = out_of_range[i];
		clocks[1].correction = 7;
		assert_int_equal(berkeley_decide(&r, clocks, 2, &hour), -ERANGE);
		assert_int_equal(clocks[1].correction, 7);
	}
	assert_int_equal(r.mean, 7);
}

#define MAX_CLOCKS 7

__extension__ typedef __int128 wide;

struct set {
	unsigned members; /* a bit for each clock */
	int count;
	dur_ns least, most;
};

static dur_ns distance(const struct set *s)
{
	if (s->least > 0) {
		return s->least;
	}
	return s->most < 0 ? -s->most : 0;
}

/* By the words of the header. */
static bool is_better(const struct set *a, const struct set *b)
{
	if (a->count != b->count) {
		return a->count > b->count;
	}
	if (distance(a) != distance(b)) {
		return distance(a) < distance(b);
	}
	if (a->most - a->least != b->most - b->least) {
		return a->most - a->least < b->most - b->least;
	}
	return a->least < b->least;
}

static struct set set_of(const struct berkeley_clock *clocks, size_t n, unsigned members)
{
	struct set s = { .members = members, .least = INT64_MAX, .most = INT64_MIN };

	for (size_t i = 0; i < n; i++) {
		if (members >> i & 1) {
			s.count++;
			s.least = clocks[i].offset < s.least ? clocks[i].offset : s.least;
			s.most = clocks[i].offset > s.most ? clocks[i].offset : s.most;
		}
	}
	return s;
}

static bool has_vague(const struct berkeley_clock *clocks, size_t n, unsigned members, dur_ns most)
{
	for (size_t i = 0; i < n; i++) {
		if (members >> i & 1 && clocks[i].max_error > most) {
			return true;
		}
	}
	return false;
}

/* Every subset is tried. */
static struct set best_of_all(const struct berkeley_clock *clocks, size_t n, dur_ns tolerance)
{
	struct set best = { .count = 0 };

	for (unsigned members = 1; members < 1U << n; members++) {
		struct set s = set_of(clocks, n, members);
		if (s.most - s.least <= tolerance && !has_vague(clocks, n, members, tolerance) &&
		    (best.count == 0 || is_better(&s, &best))) {
			best = s;
		}
	}
	return best;
}

static bool is_floor_of_mean(const struct berkeley_clock *clocks, size_t n, const struct set *s,
			     dur_ns mean)
{
	wide sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += s->members >> i & 1 ? clocks[i].offset : 0;
	}
	return (wide)mean * s->count <= sum && sum < ((wide)mean + 1) * s->count;
}

static bool is_right_correction(const struct berkeley_clock *c, dur_ns mean,
				const struct berkeley_options *o)
{
	dur_ns wanted = mean - c->offset;
	dur_ns size = wanted < 0 ? -wanted : wanted;

	if (c->max_error > o->tolerance && size <= c->max_error) {
		wanted = 0;
	}
	if (o->max_correction && size > o->max_correction && wanted != 0) {
		wanted = wanted < 0 ? -o->max_correction : o->max_correction;
	}
	return c->correction == wanted;
}

static size_t random_clocks(struct random *r, struct berkeley_clock *clocks, dur_ns range)
{
	size_t n = (size_t)random_between(r, 1, MAX_CLOCKS);

	clocks[0] = (struct berkeley_clock){ .offset = 0 };
	for (size_t i = 1; i < n; i++) {
		clocks[i] = (struct berkeley_clock){
			.offset = random_between(r, -range, range),
			.max_error = random_of_any_size(r, range / 2),
		};
	}
	return n;
}

/* From ranges so small that ties are frequent to those that only just fit. */
static bool is_what_the_header_says(struct random *r)
{
	dur_ns range = random_of_any_size(r, MOST);
	const struct berkeley_options options = {
		.tolerance = random_of_any_size(r, INT64_MAX),
		.max_correction = random_of_any_size(r, range),
	};
	struct berkeley_clock clocks[MAX_CLOCKS];
	struct berkeley_result result;
	size_t n = random_clocks(r, clocks, range);

	if (berkeley_decide(&result, clocks, n, &options)) {
		return false;
	}
	struct set best = best_of_all(clocks, n, options.tolerance);
	if ((int)result.used != best.count || !is_floor_of_mean(clocks, n, &best, result.mean)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		bool in = best.members >> i & 1;
		if (in != (clocks[i].part == BERKELEY_IN_MEAN) ||
		    !is_right_correction(&clocks[i], result.mean, &options)) {
			return false;
		}
	}
	return true;
}

static bool order_does_not_matter(struct random *r)
{
	const struct berkeley_options options = { .tolerance = random_between(r, 0, 6) };
	struct berkeley_clock a[MAX_CLOCKS], b[MAX_CLOCKS];
	struct berkeley_result x, y;
	size_t n = random_clocks(r, a, 5);

	b[0] = a[0];
	for (size_t i = 1; i < n; i++) {
		b[i] = a[n - i];
	}
	if (berkeley_decide(&x, a, n, &options) || berkeley_decide(&y, b, n, &options)) {
		return false;
	}
	for (size_t i = 1; i < n; i++) {
		if (a[i].correction != b[n - i].correction || a[i].part != b[n - i].part) {
			return false;
		}
	}
	return x.mean == y.mean && x.used == y.used && x.max_error == y.max_error;
}

static void definition(void **state)
{
	(void)state;
	assert_true(random_holds("definition", is_what_the_header_says, CASES));
}

static void permutation(void **state)
{
	(void)state;
	assert_true(random_holds("permutation", order_does_not_matter, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extremes),
		cmocka_unit_test(errors),
		cmocka_unit_test(definition),
		cmocka_unit_test(permutation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
