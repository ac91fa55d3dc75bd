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

static const struct berkeley_options hour = { .tolerance = HOUR, .max_error = HOUR };

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
	const struct berkeley_options bad[] = { { .tolerance = -1 },
						{ .max_error = -1 },
						{ .max_correction = -1 } };
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
static struct set best_of_all(const struct berkeley_clock *clocks, size_t n,
			      const struct berkeley_options *o)
{
	struct set best = { .count = 0 };

	for (unsigned members = 1; members < 1U << n; members++) {
		struct set s = set_of(clocks, n, members);
		if (s.most - s.least <= o->tolerance &&
		    !has_vague(clocks, n, members, o->max_error) &&
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

	if (c->max_error > o->max_error) {
		size = size > c->max_error ? size - c->max_error : 0;
		wanted = wanted < 0 ? -size : size;
	}
	if (o->max_correction && size > o->max_correction) {
		return c->correction == 0 && c->part == BERKELEY_REFUSED;
	}
	return c->correction == wanted && c->part != BERKELEY_REFUSED;
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

/* By how many intervals that point is held, of clocks that are known well enough. */
static int held_by(const struct berkeley_clock *clocks, size_t n, wide point, dur_ns max_error)
{
	int held = 0;

	for (size_t i = 0; i < n; i++) {
		const wide most = (wide)clocks[i].max_error + 50 * NS_PER_US;

		held += clocks[i].max_error <= max_error && point >= clocks[i].offset - most &&
			point <= clocks[i].offset + most;
	}
	return held;
}

/* Every end of an interval is tried. */
static int most_held(const struct berkeley_clock *clocks, size_t n, dur_ns max_error)
{
	int most = 0;

	for (size_t i = 0; i < n; i++) {
		const wide low = (wide)clocks[i].offset - clocks[i].max_error - 50 * NS_PER_US;
		const int held =
			clocks[i].max_error <= max_error ? held_by(clocks, n, low, max_error) : 0;

		most = held > most ? held : most;
	}
	return most;
}

static int known(const struct berkeley_clock *clocks, size_t n, dur_ns max_error)
{
	int count = 0;

	for (size_t i = 0; i < n; i++) {
		count += clocks[i].max_error <= max_error;
	}
	return count;
}

static size_t count_in(const struct berkeley_clock *clocks, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		count += clocks[i].part == BERKELEY_IN_MEAN;
	}
	return count;
}

/* No limit on corrections, as one that is refused hides whether it counts. */
static bool is_averaged(const struct berkeley_clock *clocks, size_t n,
			const struct berkeley_options *o, const struct berkeley_result *result)
{
	const struct set best = best_of_all(clocks, n, o);

	for (size_t i = 0; i < n; i++) {
		if ((bool)(best.members >> i & 1) != (clocks[i].part == BERKELEY_IN_MEAN)) {
			return false;
		}
	}
	return (int)result->used == best.count && is_floor_of_mean(clocks, n, &best, result->mean);
}

/* The aim lies between clocks that count, and those have a point in common. */
static bool is_voted(const struct berkeley_clock *clocks, size_t n, int held,
		     const struct berkeley_result *result)
{
	dur_ns least = INT64_MAX, most = INT64_MIN;
	wide low = -TS_LIMIT * (wide)4, high = TS_LIMIT * (wide)4;

	for (size_t i = 0; i < n; i++) {
		const wide error = (wide)clocks[i].max_error + 50 * NS_PER_US;

		if (clocks[i].part == BERKELEY_IN_MEAN) {
			least = clocks[i].offset < least ? clocks[i].offset : least;
			most = clocks[i].offset > most ? clocks[i].offset : most;
			low = clocks[i].offset - error > low ? clocks[i].offset - error : low;
			high = clocks[i].offset + error < high ? clocks[i].offset + error : high;
		}
	}
	return (int)result->used == held && least <= result->mean && result->mean <= most &&
	       low <= high;
}

/* From ranges so small that ties are frequent to those that only just fit. */
static bool is_what_the_header_says(struct random *r)
{
	dur_ns range = random_of_any_size(r, MOST);
	const struct berkeley_options options = {
		.tolerance = random_of_any_size(r, INT64_MAX),
		.max_error = random_of_any_size(r, range),
	};
	struct berkeley_clock clocks[MAX_CLOCKS];
	struct berkeley_result result;
	size_t n = random_clocks(r, clocks, range);
	const int held = most_held(clocks, n, options.max_error);

	if (berkeley_decide(&result, clocks, n, &options) || result.used != count_in(clocks, n)) {
		return false;
	}
	return 2 * held > known(clocks, n, options.max_error)
		       ? is_voted(clocks, n, held, &result)
		       : is_averaged(clocks, n, &options, &result);
}

/* To the aim, as far as it may be and is sure. */
static bool corrections_are_right(struct random *r)
{
	dur_ns range = random_of_any_size(r, MOST);
	const struct berkeley_options options = {
		.tolerance = random_of_any_size(r, INT64_MAX),
		.max_error = random_of_any_size(r, range),
		.max_correction = random_of_any_size(r, range),
	};
	struct berkeley_clock clocks[MAX_CLOCKS];
	struct berkeley_result result;
	size_t n = random_clocks(r, clocks, range);

	if (berkeley_decide(&result, clocks, n, &options)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_right_correction(&clocks[i], result.mean, &options)) {
			return false;
		}
	}
	return true;
}

static bool order_does_not_matter(struct random *r)
{
	const struct berkeley_options options = {
		.tolerance = random_between(r, 0, 300000),
		.max_error = 250000,
	};
	struct berkeley_clock a[MAX_CLOCKS], b[MAX_CLOCKS];
	struct berkeley_result x, y;
	size_t n = random_clocks(r, a, 250000);

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
	return x.mean == y.mean && x.used == y.used;
}

static void definition(void **state)
{
	(void)state;
	assert_true(random_holds("definition", is_what_the_header_says, CASES));
}

static void corrections(void **state)
{
	(void)state;
	assert_true(random_holds("corrections", corrections_are_right, CASES));
}

static void permutation(void **state)
{
	(void)state;
	assert_true(random_holds("permutation", order_does_not_matter, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extremes),    cmocka_unit_test(errors),
		cmocka_unit_test(definition),  cmocka_unit_test(corrections),
		cmocka_unit_test(permutation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
