/* SPDX-License-Identifier: BSD-3-Clause */
/* Events and phases: each has words of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/discipline.h"

static const char *event(int e)
{
	return discipline_event_text((enum discipline_event)e);
}

static const char *phase(int p)
{
	return discipline_phase_text((enum discipline_phase)p);
}

static void assert_all_differ(const char *(*text)(int), int first, int last)
{
	for (int a = first; a <= last; a++) {
		assert_string_not_equal(text(a), "unknown");
		for (int b = first; b < a; b++) {
			assert_string_not_equal(text(a), text(b));
		}
	}
	assert_string_equal(text(last + 1), "unknown");
}

static void events(void **state)
{
	(void)state;
	assert_all_differ(event, DISCIPLINE_FIRST, DISCIPLINE_RATE);
}

static void phases(void **state)
{
	(void)state;
	assert_all_differ(phase, DISCIPLINE_STARTING, DISCIPLINE_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events),
		cmocka_unit_test(phases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
