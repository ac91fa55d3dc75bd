/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arithmetic that is cut where it does not fit, against the same in 128 bits; and the small headers
 * beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arith.h"
#include "core/seldom.h"
#include "core/splitmix.h"
#include "tests/support/random.h"

#define CASES 100000

__extension__ typedef __int128 wide;

static int64_t cut(wide x)
{
	return x > INT64_MAX ? INT64_MAX : x < -INT64_MAX ? -INT64_MAX : (int64_t)x;
}

static wide size_of(wide x)
{
	return x < 0 ? -x : x;
}

/* Also the ends, which a random number never is. */
static int64_t any(struct random *r)
{
	static const int64_t ends[] = { INT64_MIN, -INT64_MAX, INT64_MAX - 1, INT64_MAX, 0, -1 };
	const int64_t n = random_of_any_size(r, INT64_MAX);

	switch (random_between(r, 0, 3)) {
	case 0:
		return ends[random_between(r, 0, 5)];
	case 1:
		return -n;
	default:
		return n;
	}
}

static bool is_exact_or_cut(struct random *r)
{
	const int64_t a = any(r), b = any(r);
	const int64_t most = random_of_any_size(r, INT64_MAX);

	return arith_add(a, b) == cut((wide)a + b) && arith_sub(a, b) == cut((wide)a - b) &&
	       arith_abs(a) == cut(size_of(a)) &&
	       arith_distance(a, b) == cut(size_of(cut((wide)a - b))) &&
	       arith_magnitude(a) == (uint64_t)size_of(a) &&
	       size_of(arith_clamp(a, most)) <= (wide)most &&
	       (size_of(a) > (wide)most || arith_clamp(a, most) == a) &&
	       arith_min(a, b) <= arith_max(a, b) && arith_min(a, b) <= a && arith_max(a, b) >= b;
}

static void what_fits_is_exact_and_the_rest_cut(void **state)
{
	(void)state;
	assert_true(random_holds("arithmetic", is_exact_or_cut, CASES));
}

static void known_values(void **state)
{
	uint64_t seed = 1234567;

	(void)state;
	assert_true(arith_add(INT64_MAX, 1) == INT64_MAX);
	assert_true(arith_add(-INT64_MAX, -1) == -INT64_MAX);
	assert_true(arith_sub(0, INT64_MIN) == INT64_MAX);
	assert_true(arith_abs(INT64_MIN) == INT64_MAX);
	assert_true(arith_magnitude(INT64_MIN) == UINT64_C(1) << 63);
	assert_true(arith_distance(INT64_MIN, INT64_MAX) == INT64_MAX);
	assert_true(arith_between(7, 0, 5) == 5);
	assert_true(arith_between(-7, 0, 5) == 0);
	/* The first outputs that its authors' generator has for this seed. */
	assert_true(splitmix_next(&seed) == UINT64_C(6457827717110365317));
	assert_true(splitmix_next(&seed) == UINT64_C(3203168211198807973));
	assert_true(splitmix_next(&seed) == UINT64_C(9817491932198370423));
}

static void what_is_said_seldom(void **state)
{
	struct seldom s = { .said = false };
	const struct mono start = { .ns = -5 };

	(void)state;
	assert_true(seldom_is_due(&s, start, 100));
	assert_false(seldom_is_due(&s, mono_add(start, 99), 100));
	assert_true(seldom_is_due(&s, mono_add(start, 100), 100));
	assert_false(seldom_is_due(&s, mono_add(start, 199), 100)); /* since it was said last */
	assert_true(seldom_is_due(&s, mono_add(start, 200), 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_exact_and_the_rest_cut),
		cmocka_unit_test(known_values),
		cmocka_unit_test(what_is_said_seldom),
	};

	return cmocka_run_group_tests_name("arith", tests, NULL, NULL);
}
