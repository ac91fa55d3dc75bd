/* SPDX-License-Identifier: BSD-3-Clause */
/* Simulated groups with references keep their promises, for any seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/groups/reference_scenarios.h"
#include "tests/support/sanitized.h"

/* With sanitizers only some: one lasts for a simulated day. */
#define EVERY (SANITIZED ? 4 : 1)

static void promises_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_reference_scenarios; i += EVERY) {
		struct steady_options options = reference_scenarios[i].options;
		struct steady_result r;
		const char *broken;

		options.seed = 1;
		steady_run(&r, &options);
		broken = reference_scenario_broken(&reference_scenarios[i], &r);
		if (broken) {
			fail_msg("%s: %s %s", reference_scenarios[i].name, broken, r.what);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promises_are_kept),
	};

	return cmocka_run_group_tests_name("groups with references", tests, NULL, NULL);
}
