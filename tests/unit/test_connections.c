/* SPDX-License-Identifier: BSD-3-Clause */
/* The open connections: their order, and the first one to go. No socket is behind them here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rpc/server/connections.h"
#include "tests/support/random.h"

#define NO_SOCKET (-1)

static int setup(void **state)
{
	return connections_open((struct connections **)state, 4);
}

static int teardown(void **state)
{
	connections_close((struct connections *)*state);
	return 0;
}

static struct host host(uint8_t n)
{
	return (struct host){ .octets = { [15] = n } };
}

static struct mono at(int64_t ns)
{
	return (struct mono){ .ns = ns };
}

static struct connection *add(struct connections *set, uint8_t n, int64_t now)
{
	const struct host h = host(n);
	struct connection *c = connections_add(set, NO_SOCKET, &h, at(now));

	assert_non_null(c);
	return c;
}

static void check_from(const struct connections *set, uint8_t n, size_t count,
		       const struct connection *oldest)
{
	const struct host h = host(n);

	assert_int_equal(connections_from(set, &h), count);
	assert_ptr_equal(connections_spare_from(set, &h), oldest);
}

static void an_empty_set(void **state)
{
	struct connections *set = *state;

	assert_int_equal(connections_count(set), 0);
	assert_null(connections_spare(set));
	assert_null(connections_oldest(set, false));
	assert_null(connections_oldest(set, true));
	check_from(set, 1, 0, NULL);
	connections_close(NULL);
}

static void the_longest_idle_goes_first(void **state)
{
	struct connections *set = *state;
	struct connection *a = add(set, 1, 10), *b = add(set, 2, 20), *c = add(set, 1, 30);

	assert_ptr_equal(connections_spare(set), a);
	connections_mark(set, a, false, true, at(40)); /* it was answered: idle anew */
	assert_ptr_equal(connections_spare(set), b);
	assert_ptr_equal(connections_oldest(set, false), b);
	check_from(set, 1, 2, c);
	connections_remove(set, b);
	assert_ptr_equal(connections_spare(set), c);
	assert_int_equal(connections_count(set), 2);
}

/* Being in the middle of something is no merit: those who send nothing but halves could stay. */
static void the_longest_so_goes_first(void **state)
{
	struct connections *set = *state;
	struct connection *a = add(set, 1, 10), *b = add(set, 1, 20), *c = add(set, 1, 30);

	connections_mark(set, a, true, false, at(40));
	assert_ptr_equal(connections_spare(set), b);
	assert_ptr_equal(connections_oldest(set, true), a);
	check_from(set, 1, 3, b);
	connections_mark(set, c, true, false, at(50));
	connections_mark(set, b, true, false, at(60));
	assert_null(connections_oldest(set, false));
	assert_ptr_equal(connections_spare(set), a);
	check_from(set, 1, 3, a);
	connections_mark(set, b, false, true, at(70));
	assert_ptr_equal(connections_spare(set), a);
	check_from(set, 1, 3, a);
}

static void busy_keeps_its_time_without_progress(void **state)
{
	struct connections *set = *state;
	struct connection *a = add(set, 1, 0), *b = add(set, 1, 0);

	connections_mark(set, a, true, false, at(10));
	connections_mark(set, b, true, false, at(20));
	connections_mark(set, a, true, false, at(30));
	assert_int_equal(a->since.ns, 10);
	assert_ptr_equal(connections_oldest(set, true), a);
	connections_mark(set, a, true, true, at(40)); /* another call, in the middle of the next */
	assert_int_equal(a->since.ns, 40);
	assert_ptr_equal(connections_oldest(set, true), b);
	connections_mark(set, b, false, true, at(50));
	assert_int_equal(b->since.ns, 50);
	assert_ptr_equal(connections_oldest(set, true), a);
	assert_ptr_equal(connections_oldest(set, false), b);
}

static void hosts_are_counted_apart(void **state)
{
	struct connections *set = *state;
	struct connection *first[200];

	for (uint8_t n = 0; n < 200; n++) { /* more than there are buckets */
		first[n] = add(set, n, n);
	}
	for (uint8_t n = 0; n < 200; n++) {
		for (int i = 0; i < n % 4; i++) {
			add(set, n, 1000 + i);
		}
	}
	for (uint8_t n = 0; n < 200; n++) {
		check_from(set, n, 1 + n % 4U, first[n]);
	}
	check_from(set, 200, 0, NULL);
}

/* --- against a plain list --------------------------------------------------------------------- */

#define MOST 20

struct model {
	struct connections *set;
	struct entry {
		struct connection *c;
		uint8_t host;
		bool busy;
		int64_t since;
	} entries[MOST];
	size_t n;
	int64_t now;
};

static void step_add(struct random *r, struct model *m)
{
	struct entry *e = &m->entries[m->n++];

	e->host = (uint8_t)random_between(r, 0, 2);
	e->busy = false;
	e->since = m->now;
	e->c = add(m->set, e->host, m->now);
}

static void step_mark(struct random *r, struct model *m, struct entry *e)
{
	const bool busy = random_between(r, 0, 1), progress = random_between(r, 0, 1);

	connections_mark(m->set, e->c, busy, progress, at(m->now));
	if (!(busy && e->busy && !progress)) {
		e->since = m->now;
	}
	e->busy = busy;
}

static void step(struct random *r, struct model *m)
{
	const size_t which = m->n > 0 ? (size_t)random_between(r, 0, (int64_t)m->n - 1) : 0;

	m->now += random_between(r, 1, 3);
	switch (random_between(r, 0, 3)) {
	case 0:
		if (m->n < MOST) {
			step_add(r, m);
		}
		break;
	case 1:
		if (m->n > 0) {
			connections_remove(m->set, m->entries[which].c);
			m->entries[which] = m->entries[--m->n];
		}
		break;
	default:
		if (m->n > 0) {
			step_mark(r, m, &m->entries[which]);
		}
	}
}

/* The first to go of the list: those of `host` only, unless it is negative. */
static const struct connection *first_to_go(const struct model *m, int host_wanted)
{
	const struct entry *first = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct entry *e = &m->entries[i];

		if (host_wanted >= 0 && e->host != host_wanted) {
			continue;
		}
		if (!first || e->since < first->since) {
			first = e;
		}
	}
	return first ? first->c : NULL;
}

static size_t count_from(const struct model *m, int host_wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		n += m->entries[i].host == host_wanted;
	}
	return n;
}

static bool same_as_a_plain_list(struct random *r)
{
	struct model m = { .n = 0 };
	bool same = connections_open(&m.set, MOST) == 0;

	for (int i = 0; same && i < 200; i++) {
		step(r, &m);
		same = connections_count(m.set) == m.n &&
		       connections_spare(m.set) == first_to_go(&m, -1);
		for (uint8_t n = 0; n < 3; n++) {
			const struct host h = host(n);

			same = same && connections_from(m.set, &h) == count_from(&m, n) &&
			       connections_spare_from(m.set, &h) == first_to_go(&m, n);
		}
	}
	connections_close(m.set);
	return same;
}

static void any_sequence(void **state)
{
	(void)state;
	assert_true(random_holds("same_as_a_plain_list", same_as_a_plain_list, 500));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_set),
		TEST(the_longest_idle_goes_first),
		TEST(the_longest_so_goes_first),
		TEST(busy_keeps_its_time_without_progress),
		TEST(hosts_are_counted_apart),
		cmocka_unit_test(any_sequence),
	};

	return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
