/* SPDX-License-Identifier: BSD-3-Clause */
/* Tickets: which corrections a member applies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "group/core/ticket.h"
#include "tests/support/elector.h"

#define LEASE ELECTOR_LEASE

static const struct ticket_nonce nonce = { { 1, 2, 3 } };
static const struct ticket_nonce other = { { 1, 2, 3, [15] = 1 } };
static const struct ticket_limits limits = {
	.max_correction = NS_PER_SEC,
	.min_interval = 100 * NS_PER_MS,
};

/* Member 2 follows 3 in term 5, and has handed a ticket out to it. */
struct member {
	struct elector x;
	struct ticket ticket;
	struct correction c; /* that is valid */
};

static void start(struct member *m)
{
	elector_start(&m->x, 2, 3);
	elector_told(&m->x, ELECTION_HEARTBEAT, 3, 5);
	m->ticket = (struct ticket){ .open = false };
	ticket_issue(&m->ticket, &m->x.e, &nonce, m->x.now);
	m->c = (struct correction){
		.from = 3,
		.to = 2,
		.term = 5,
		.nonce = nonce,
		.amount = NS_PER_SEC,
	};
}

static enum ticket_verdict redeem(struct member *m, const struct correction *c)
{
	return ticket_redeem(&m->ticket, &m->x.e, c, &limits, m->x.now);
}

static void valid_once(void **state)
{
	struct member m;

	(void)state;
	start(&m);
	assert_int_equal(redeem(&m, &m.c), TICKET_VALID);
	assert_int_equal(redeem(&m, &m.c), TICKET_UNKNOWN);
	m.x.now = mono_add(m.x.now, limits.min_interval);
	assert_int_equal(redeem(&m, &m.c), TICKET_UNKNOWN);
	m.ticket = (struct ticket){ .open = false }; /* after a restart */
	assert_int_equal(redeem(&m, &m.c), TICKET_UNKNOWN);
}

/* An answer to another question than the ticket's does not use it up either. */
static void not_as_it_should_be(void **state)
{
	struct member m;

	(void)state;
	start(&m);
	static const struct {
		struct correction c;
		enum ticket_verdict verdict;
	} cases[] = {
		{ { 3, 1, 5, { { 1, 2, 3 } }, 1, 0, 0, 0, { 0 } }, TICKET_NOT_FOR_ME },
		{ { 3, 2, 4, { { 1, 2, 3 } }, 1, 0, 0, 0, { 0 } }, TICKET_OLD_TERM },
		{ { 3, 2, 6, { { 1, 2, 3 } }, 1, 0, 0, 0, { 0 } }, TICKET_OLD_TERM },
		{ { 1, 2, 5, { { 1, 2, 3 } }, 1, 0, 0, 0, { 0 } }, TICKET_NOT_LEADER },
		{ { 2, 2, 5, { { 1, 2, 3 } }, 1, 0, 0, 0, { 0 } },
		  TICKET_NOT_LEADER }, /* reflected */
		{ { 3, 2, 5, { { 1, 2, 4 } }, 1, 0, 0, 0, { 0 } }, TICKET_UNKNOWN },
		{ { 3, 2, 5, { { 0 } }, 1, 0, 0, 0, { 0 } }, TICKET_UNKNOWN },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(redeem(&m, &cases[i].c), cases[i].verdict);
	}
	assert_int_equal(redeem(&m, &m.c), TICKET_VALID);
}

/* The leader has changed since. */
static void of_the_leader_before(void **state)
{
	struct member m;

	(void)state;
	start(&m);
	elector_told(&m.x, ELECTION_HEARTBEAT, 1, 6);
	assert_int_equal(redeem(&m, &m.c), TICKET_OLD_TERM);
	m.c.term = 6; /* it says */
	assert_int_equal(redeem(&m, &m.c), TICKET_NOT_LEADER);
	m.c.from = 1; /* another has its ticket */
	assert_int_equal(redeem(&m, &m.c), TICKET_UNKNOWN);
}

static void late(void **state)
{
	struct member m;

	(void)state;
	start(&m);
	m.x.now = mono_add(m.x.now, LEASE);
	assert_int_equal(redeem(&m, &m.c), TICKET_LATE);
	start(&m);
	m.x.now = mono_add(m.x.now, LEASE - 1);
	assert_int_equal(redeem(&m, &m.c), TICKET_VALID);
}

static void replaced(void **state)
{
	struct member m;

	(void)state;
	start(&m);
	ticket_issue(&m.ticket, &m.x.e, &other, m.x.now);
	assert_int_equal(redeem(&m, &m.c), TICKET_UNKNOWN);
	m.c.nonce = other;
	assert_int_equal(redeem(&m, &m.c), TICKET_VALID);
}

static void too_large(void **state)
{
	static const dur_ns amounts[] = { NS_PER_SEC + 1, -NS_PER_SEC - 1, INT64_MAX, INT64_MIN };
	const struct ticket_limits none = { .max_correction = 0 };
	struct member m;

	(void)state;
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		start(&m);
		m.c.amount = amounts[i];
		assert_int_equal(redeem(&m, &m.c), TICKET_TOO_LARGE);
		m.c.amount = 1;
		assert_int_equal(redeem(&m, &m.c), TICKET_UNKNOWN); /* no second try */
		start(&m);
		m.c.amount = amounts[i];
		assert_int_equal(ticket_redeem(&m.ticket, &m.x.e, &m.c, &none, m.x.now),
				 TICKET_VALID);
	}
	start(&m);
	m.c.amount = -NS_PER_SEC;
	assert_int_equal(redeem(&m, &m.c), TICKET_VALID);
}

static void too_soon(void **state)
{
	struct member m;

	(void)state;
	start(&m);
	redeem(&m, &m.c);
	m.x.now = mono_add(m.x.now, limits.min_interval - 1);
	ticket_issue(&m.ticket, &m.x.e, &nonce, m.x.now);
	assert_int_equal(redeem(&m, &m.c), TICKET_TOO_SOON);
	m.x.now = mono_add(m.x.now, 1);
	ticket_issue(&m.ticket, &m.x.e, &nonce, m.x.now);
	assert_int_equal(redeem(&m, &m.c), TICKET_VALID);
}

/* The leader corrects its own clock only as long as it may act. */
static void its_own(void **state)
{
	struct member m = { .ticket = { .open = false } };

	(void)state;
	elector_start(&m.x, 3, 3);
	elector_elect(&m.x);
	m.c = (struct correction){ .from = 3, .to = 3, .term = 1, .nonce = nonce, .amount = 1 };
	ticket_issue(&m.ticket, &m.x.e, &nonce, m.x.now);
	struct mono before = m.x.now;
	m.x.now = mono_add(before, LEASE - LEASE / 16);
	assert_int_equal(redeem(&m, &m.c), TICKET_NOT_LEADER);
	m.x.now = mono_add(before, LEASE - LEASE / 16 - 1);
	assert_int_equal(redeem(&m, &m.c), TICKET_VALID);
}

static void verdicts_have_texts(void **state)
{
	(void)state;
	for (int a = 0; a < TICKET_VERDICTS; a++) {
		const char *text = ticket_verdict_text((enum ticket_verdict)a);
		assert_non_null(text);
		for (int b = 0; b < a; b++) {
			assert_string_not_equal(text, ticket_verdict_text((enum ticket_verdict)b));
		}
	}
	assert_string_equal(ticket_verdict_text(TICKET_VERDICTS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_once),
		cmocka_unit_test(not_as_it_should_be),
		cmocka_unit_test(of_the_leader_before),
		cmocka_unit_test(late),
		cmocka_unit_test(replaced),
		cmocka_unit_test(too_large),
		cmocka_unit_test(too_soon),
		cmocka_unit_test(its_own),
		cmocka_unit_test(verdicts_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
