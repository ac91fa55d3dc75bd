/* SPDX-License-Identifier: BSD-3-Clause */
/* The bound that a group's agent publishes of its clock, and until when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "group/agent/care.h"
#include "tests/support/fake_clock.h"
#include "tests/support/scratch.h"

#define CYCLE NS_PER_SEC

struct cared {
	struct scratch scratch;
	char page[200];
	struct fake_clock clock;
	struct care care;
	struct notes notes;
	struct agent agent;
	uint64_t epoch;
};

/* A member of three that knows its error from UTC. */
static int setup(void **state)
{
	struct cared *x = calloc(1, sizeof(*x));

	if (!x || scratch_make(&x->scratch) != 0) {
		return -1;
	}
	snprintf(x->page, sizeof(x->page), "%s.bound", x->scratch.path);
	scratch_write(x->scratch.path, "", 0);
	fake_clock_init(&x->clock, 1000000000 * NS_PER_SEC);
	x->clock.mono.ns = 5000 * NS_PER_SEC;
	x->agent.settings.cycle = CYCLE;
	x->agent.is_member = true;
	x->agent.election.state.voters.n = 3;
	x->agent.corrector.claim.known = true;
	x->agent.corrector.claim.at = x->clock.mono;
	x->agent.corrector.claim.max_error = NS_PER_MS;
	care_begin(&x->care, &x->clock.clock, x->scratch.path, false);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct cared *x = *state;

	care_close(&x->care);
	scratch_remove(&x->scratch);
	free(x);
	return 0;
}

/* After two more cycles: the bound that is published. */
static struct bound published_later(struct cared *x)
{
	struct bound_page_record record;
	struct bound_page *page;

	x->clock.mono = mono_add(x->clock.mono, 2 * CYCLE);
	care_after_step(&x->care, &x->agent, x->epoch, x->clock.mono, &x->notes);
	assert_int_equal(bound_page_map(x->page, &page, NULL), 0);
	(void)bound_page_read(page, &record);
	bound_page_unmap(page);
	return record.bound;
}

static void a_removed_member_publishes_no_more(void **state)
{
	struct cared *x = *state;
	struct bound before = published_later(x), after = published_later(x);

	assert_int_equal(before.state, BOUND_HOLD_OVER);
	assert_true(after.due.ns == before.due.ns + 2 * CYCLE);
	x->agent.is_member = false;
	before = after;
	after = published_later(x);
	assert_memory_equal(&after, &before, sizeof(after));
	x->epoch++; /* somebody sets the clock */
	after = published_later(x);
	assert_memory_equal(&after, &before, sizeof(after));
	assert_true(after.forgotten.ns == after.due.ns + BOUND_LASTS);
	x->agent.is_member = true;
	after = published_later(x);
	assert_true(after.due.ns == before.due.ns + 6 * CYCLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_removed_member_publishes_no_more, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("care", tests, NULL, NULL);
}
