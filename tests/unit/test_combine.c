/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The combined result of several servers: their votes, and the error of their reference against
 * UTC.
 */
#include <errno.h>
#include <string.h>

#include "measure/combine.h"
#include "tests/support/between.h"

#define SERVERS 3

static struct measure_job jobs[SERVERS];
static struct combination c;

/* Servers at 0, 2 and 1 ms to within 4, 3 and 5 ms, that claim to be right to 10, 20 and 30 ms. */
static int set_up(void **state)
{
	static const dur_ns offsets[SERVERS] = { 0, 2, 1 };
	static const dur_ns errors[SERVERS] = { 4, 3, 5 };

	(void)state;
	memset(jobs, 0, sizeof(jobs));
	for (size_t i = 0; i < SERVERS; i++) {
		jobs[i].measured.estimate.offset = offsets[i] * NS_PER_MS;
		jobs[i].measured.estimate.max_error = errors[i] * NS_PER_MS;
		jobs[i].measured.quality_known = true;
		jobs[i].measured.quality.synchronised = true;
		jobs[i].measured.quality.max_error = (dur_ns)(i + 1) * 10 * NS_PER_MS;
	}
	return 0;
}

static dur_ns reference_error(size_t servers)
{
	combine(&c, jobs, servers);
	assert_int_equal(c.rc, 0);
	return combine_reference_error(&c, jobs);
}

static void of_one_server_it_is_its_own(void **state)
{
	(void)state;
	assert_int_equal(reference_error(1), 10 * NS_PER_MS);
}

/* If only the claim of the last is true, its clock is as far away as its interval reaches. */
static void of_several_the_greatest_counts(void **state)
{
	dur_ns error;
	dur_ns reach;

	(void)state;
	error = reference_error(SERVERS);
	assert_int_equal(c.select.truechimers, SERVERS);
	reach = jobs[2].measured.estimate.offset + jobs[2].measured.estimate.max_error -
		(c.estimate.offset + c.estimate.max_error);
	assert_between(30 * NS_PER_MS + (reach > 0 ? reach : 0), error, (30 + 2 + 5) * NS_PER_MS);
}

static void what_is_not_synchronised_claims_nothing(void **state)
{
	(void)state;
	jobs[2].measured.quality.synchronised = false;
	assert_between(20 * NS_PER_MS, reference_error(SERVERS), (20 + 2 + 5) * NS_PER_MS);
	jobs[1].measured.quality_known = false;
	assert_between(10 * NS_PER_MS, reference_error(SERVERS), (10 + 2 + 5) * NS_PER_MS);
	jobs[0].measured.quality.synchronised = false;
	assert_int_equal(reference_error(SERVERS), INT64_MAX);
}

static void a_falseticker_is_not_asked(void **state)
{
	(void)state;
	jobs[2].measured.estimate.offset = NS_PER_SEC;
	assert_between(20 * NS_PER_MS, reference_error(SERVERS), (20 + 2 + 5) * NS_PER_MS);
}

static void a_claim_that_means_nothing_is_none(void **state)
{
	(void)state;
	jobs[0].measured.quality.max_error = INT64_MAX;
	assert_int_equal(reference_error(1), INT64_MAX);
}

/* --- votes ------------------------------------------------------------------------------------ */

/* The server that was named first lies, by a name more. */
static void a_server_has_one_vote(void **state)
{
	(void)state;
	jobs[0].measured.estimate.offset = NS_PER_SEC;
	jobs[1] = jobs[0];
	combine(&c, jobs, SERVERS);
	assert_int_equal(c.rc, 0);
	assert_int_equal(c.select.verdict[2], SELECT_BEHIND);
	assert_true(combine_is_disputed(&c));

	jobs[1].same_as = &jobs[0];
	combine(&c, jobs, SERVERS);
	assert_int_equal(c.rc, -EDOM);
	assert_int_equal(c.named, 3);
	assert_int_equal(c.servers, 2);
	assert_int_equal(c.answered, 2);
	assert_int_equal(c.select.verdict[0], SELECT_NO_MAJORITY);
	assert_int_equal(c.select.verdict[1], SELECT_UNUSABLE);
	assert_int_equal(c.select.verdict[2], SELECT_NO_MAJORITY);
	assert_string_equal(combine_why(&c), "the servers contradict each other");
}

static void oneself_has_none(void **state)
{
	(void)state;
	jobs[0].measured.estimate.offset = NS_PER_SEC;
	jobs[1].is_self = true;
	combine(&c, jobs, SERVERS);
	assert_int_equal(c.rc, -EDOM);
	assert_int_equal(c.servers, 2);
	assert_int_equal(c.self, 1);

	combine(&c, &jobs[1], 1);
	assert_int_equal(c.rc, -ENODATA);
	assert_int_equal(c.servers, 0);
	assert_string_equal(combine_why(&c),
			    "only this machine's own daemon was named, and it has no vote");
}

/* Two of three are silent: the third alone decides nothing. */
static void the_dead_count(void **state)
{
	(void)state;
	jobs[0].rc = -1;
	combine(&c, jobs, SERVERS);
	assert_int_equal(c.rc, 0);
	assert_false(combine_is_disputed(&c));
	jobs[1].rc = -1;
	combine(&c, jobs, SERVERS);
	assert_int_equal(c.rc, -EDOM);
	assert_int_equal(c.servers, 3);
	assert_int_equal(c.answered, 1);
	assert_int_equal(c.select.verdict[2], SELECT_NO_MAJORITY);
	assert_string_equal(combine_why(&c), "too few servers answered for a majority");
	/* One of them was named twice. */
	jobs[1].same_as = &jobs[0];
	combine(&c, jobs, SERVERS);
	assert_int_equal(c.rc, -EDOM);
	assert_int_equal(c.servers, 2);
}

/* The first was measured 10 s before the last, whose clock drifts by 100 ppm: 1 ms. */
static void bounds_grow_to_one_instant(void **state)
{
	(void)state;
	jobs[0].measured.estimate.at = 10 * NS_PER_SEC;
	jobs[0].measured.estimate.drift_ppb = 100000;
	jobs[1].measured.estimate.at = 20 * NS_PER_SEC;
	jobs[1].measured.estimate.offset = 8 * NS_PER_MS;
	combine(&c, jobs, 2);
	assert_int_equal(c.rc, 0);
	assert_int_equal(c.estimate.at, 20 * NS_PER_SEC);
	assert_int_equal(c.select.low, 5 * NS_PER_MS);
	assert_int_equal(c.select.high, 5 * NS_PER_MS);

	jobs[0].measured.estimate.drift_ppb = 0;
	jobs[0].measured.quality.synchronised = false;
	jobs[1].measured.quality.synchronised = false;
	combine(&c, jobs, 2);
	assert_int_equal(c.rc, -EDOM);
}

/* --- claims ----------------------------------------------------------------------------------- */

/* Two clocks 25 ms apart, known to within 7 ms together, that are right to 10 and 20 ms. */
static void clocks_within_their_claims_agree_on_utc(void **state)
{
	(void)state;
	jobs[1].measured.estimate.offset = 25 * NS_PER_MS;
	combine(&c, jobs, 2);
	assert_int_equal(c.rc, 0);
	assert_true(c.by_claims);
	assert_int_equal(c.select.truechimers, 2);
	assert_int_equal(c.select.low, (25 - 20 - 3) * NS_PER_MS);
	assert_int_equal(c.select.high, (0 + 10 + 4) * NS_PER_MS);
	assert_false(combine_is_disputed(&c));
	/* The sum of both bounds is at least as wide as the intersection. */
	assert_true(combine_reference_error(&c, jobs) >= 0);

	jobs[1].measured.estimate.offset = 38 * NS_PER_MS;
	combine(&c, jobs, 2);
	assert_int_equal(c.rc, -EDOM);
	assert_false(c.by_claims);
}

/* Whoever does not know UTC cannot tell where it is, however exactly its clock is known. */
static void no_claim_is_no_exact_one(void **state)
{
	(void)state;
	jobs[0].measured.quality.synchronised = false;
	jobs[1].measured.estimate.offset = 25 * NS_PER_MS;
	jobs[1].measured.quality.max_error = NS_PER_SEC;
	combine(&c, jobs, 2);
	assert_int_equal(c.rc, -EDOM);
	assert_false(c.by_claims);

	jobs[0].measured.quality.synchronised = true;
	jobs[0].measured.quality_known = false;
	combine(&c, jobs, 2);
	assert_int_equal(c.rc, -EDOM);

	/* With the claim of a third there is a majority without it. */
	jobs[2].measured.estimate.offset = -25 * NS_PER_MS;
	combine(&c, jobs, SERVERS);
	assert_int_equal(c.rc, 0);
	assert_true(c.by_claims);
	assert_int_equal(c.select.verdict[0], SELECT_UNUSABLE);
	assert_int_equal(c.select.truechimers, 2);
	assert_int_equal(c.select.low, (-25 - 30 - 5) * NS_PER_MS);
	assert_int_equal(c.select.high, (-25 + 30 + 5) * NS_PER_MS);
}

/* Two agree on their clocks: the third is a falseticker, whatever it admits. */
static void clocks_that_agree_need_no_claims(void **state)
{
	(void)state;
	jobs[2].measured.estimate.offset = 25 * NS_PER_MS;
	combine(&c, jobs, SERVERS);
	assert_int_equal(c.rc, 0);
	assert_false(c.by_claims);
	assert_int_equal(c.select.verdict[2], SELECT_AHEAD);
}

/* One that admits too much agrees with nobody. */
static void a_claim_too_wide_is_none(void **state)
{
	(void)state;
	jobs[1].measured.estimate.offset = NS_PER_SEC;
	jobs[1].measured.quality.max_error = NS_PER_SEC;
	combine(&c, jobs, 2);
	assert_int_equal(c.rc, 0);
	assert_int_equal(c.select.low, -3 * NS_PER_MS);
	assert_int_equal(c.select.high, 14 * NS_PER_MS);
	jobs[1].measured.quality.max_error++;
	combine(&c, jobs, 2);
	assert_int_equal(c.rc, -EDOM);
	jobs[1].measured.quality.max_error = INT64_MAX;
	combine(&c, jobs, 2);
	assert_int_equal(c.rc, -EDOM);
}

/* --- leap seconds ----------------------------------------------------------------------------- */

static enum clock_leap leap_of(enum clock_leap a, enum clock_leap b, enum clock_leap d)
{
	jobs[0].measured.quality.leap = a;
	jobs[1].measured.quality.leap = b;
	jobs[2].measured.quality.leap = d;
	combine(&c, jobs, SERVERS);
	assert_int_equal(c.rc, 0);
	return combine_leap(&c, jobs);
}

static void the_majority_announces_a_leap_second(void **state)
{
	const enum clock_leap no = CLOCK_LEAP_NONE, in = CLOCK_LEAP_INSERT;
	const enum clock_leap what = CLOCK_LEAP_UNKNOWN;

	(void)state;
	assert_int_equal(leap_of(in, no, no), no);
	assert_int_equal(leap_of(no, in, no), no);
	assert_int_equal(leap_of(no, no, in), no);
	assert_int_equal(leap_of(no, in, in), in);
	assert_int_equal(leap_of(what, in, in), in);
	assert_int_equal(leap_of(what, what, in), in);
	assert_int_equal(leap_of(what, no, in), what);
	assert_int_equal(leap_of(no, in, CLOCK_LEAP_DELETE), what);
	assert_int_equal(leap_of(what, what, what), what);
}

static void who_is_not_synchronised_knows_less_of_leap_seconds(void **state)
{
	(void)state;
	jobs[0].measured.quality.synchronised = false;
	jobs[1].measured.quality.synchronised = false;
	assert_int_equal(leap_of(CLOCK_LEAP_NONE, CLOCK_LEAP_NONE, CLOCK_LEAP_INSERT),
			 CLOCK_LEAP_INSERT);
	jobs[2].measured.quality.synchronised = false;
	assert_int_equal(leap_of(CLOCK_LEAP_NONE, CLOCK_LEAP_NONE, CLOCK_LEAP_INSERT),
			 CLOCK_LEAP_NONE);
	jobs[2].measured.quality_known = false;
	jobs[1].measured.quality_known = false;
	assert_int_equal(leap_of(CLOCK_LEAP_DELETE, CLOCK_LEAP_NONE, CLOCK_LEAP_NONE),
			 CLOCK_LEAP_DELETE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(of_one_server_it_is_its_own, set_up),
		cmocka_unit_test_setup(of_several_the_greatest_counts, set_up),
		cmocka_unit_test_setup(what_is_not_synchronised_claims_nothing, set_up),
		cmocka_unit_test_setup(a_falseticker_is_not_asked, set_up),
		cmocka_unit_test_setup(a_claim_that_means_nothing_is_none, set_up),
		cmocka_unit_test_setup(a_server_has_one_vote, set_up),
		cmocka_unit_test_setup(oneself_has_none, set_up),
		cmocka_unit_test_setup(the_dead_count, set_up),
		cmocka_unit_test_setup(bounds_grow_to_one_instant, set_up),
		cmocka_unit_test_setup(clocks_within_their_claims_agree_on_utc, set_up),
		cmocka_unit_test_setup(no_claim_is_no_exact_one, set_up),
		cmocka_unit_test_setup(clocks_that_agree_need_no_claims, set_up),
		cmocka_unit_test_setup(a_claim_too_wide_is_none, set_up),
		cmocka_unit_test_setup(the_majority_announces_a_leap_second, set_up),
		cmocka_unit_test_setup(who_is_not_synchronised_knows_less_of_leap_seconds, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
