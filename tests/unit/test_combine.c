/* How far from UTC the reference is that several servers agree upon, by their own word. */
#include <string.h>

#include "client/combine.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(of_one_server_it_is_its_own, set_up),
		cmocka_unit_test_setup(of_several_the_greatest_counts, set_up),
		cmocka_unit_test_setup(what_is_not_synchronised_claims_nothing, set_up),
		cmocka_unit_test_setup(a_falseticker_is_not_asked, set_up),
		cmocka_unit_test_setup(a_claim_that_means_nothing_is_none, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
