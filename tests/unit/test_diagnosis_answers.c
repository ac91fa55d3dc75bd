/* SPDX-License-Identifier: BSD-3-Clause */
/* The diagnosis of servers that answer, but not as they should. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/diagnosis_facts.h"

static struct diagnosis d;

/* All probes of an endpoint were answered in vain. */
static void refuse(struct diagnosis_endpoint *e)
{
	e->n = 0;
	e->refused = DIAGNOSIS_PROBES;
	strcpy(e->refusal, "the words for it");
}

static void fail_measurement(struct diagnosis_measurement *m)
{
	m->made = true;
	m->rc = -1;
	strcpy(m->why, "host.example: the reason");
}

static void answers_of_no_use(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	refuse(&f.endpoints[1]);
	facts_judge(&d, &f); /* over TCP: clients can do without */
	assert_check(&d, "server-tcp", DIAGNOSIS_WARNING,
		     "20 of 20 GET_TIMESTAMPS were answered in a way that is of no use: the words");
	assert_int_equal(diagnosis_count(&d, DIAGNOSIS_FAILURE), 0);

	facts_good(&f, false);
	refuse(&f.endpoints[0]);
	fail_measurement(&f.over_udp);
	facts_judge(&d, &f);
	assert_check(&d, "server-udp", DIAGNOSIS_FAILURE, "of no use: the words for it");
	assert_null(find_check(&d, "loss", DIAGNOSIS_OK, "over udp")); /* which they are not */
}

/* Nobody is sent to look for another program at the port when it is the key that is another. */
static void another_key(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	refuse(&f.endpoints[0]);
	f.endpoints[0].other_key = true;
	facts_judge(&d, &f);
	assert_advice(&d, "server-udp", DIAGNOSIS_FAILURE, "Give both sides the same key file");
	facts_good(&f, false);
	facts_server_fails(&f.endpoints[0], -EBADMSG);
	f.endpoints[0].other_key = true;
	facts_judge(&d, &f);
	assert_advice(&d, "server-udp", DIAGNOSIS_FAILURE, "Give both sides the same key file");
}

static void measurements(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	fail_measurement(&f.over_udp);
	facts_judge(&d, &f);
	assert_check(&d, "measurement", DIAGNOSIS_FAILURE, "there is none over udp: the reason");
	f.over_tcp = (struct diagnosis_measurement){ .made = true, .server = f.endpoints[1].at };
	facts_judge(&d, &f);
	assert_check(&d, "measurement", DIAGNOSIS_FAILURE, "over udp: the reason");
	assert_advice(&d, "measurement", DIAGNOSIS_FAILURE, "--transport tcp");
	assert_check(&d, "measurement", DIAGNOSIS_OK, "over tcp");
	f.over_udp.made = f.over_tcp.made = false; /* and nothing else is wrong */
	facts_judge(&d, &f);
	assert_check(&d, "measurement", DIAGNOSIS_FAILURE, "over udp: nothing was answered");
}

static void a_server_that_contradicts_itself(void **state)
{
	struct diagnosis_facts f;
	struct sample *time;

	(void)state;
	facts_good(&f, false);
	time = &f.endpoints[0].time;
	*time = f.endpoints[0].samples[0];
	time->kind = SAMPLE_TIME;
	time->t2 = time->t3 += NS_PER_MS / 2; /* within the bounds */
	facts_judge(&d, &f);
	assert_int_equal(diagnosis_count(&d, DIAGNOSIS_FAILURE), 0);
	time->t2 = time->t3 += NS_PER_SEC;
	facts_judge(&d, &f);
	assert_check(
		&d, "clock", DIAGNOSIS_FAILURE,
		"192.0.2.1:4000 over udp contradicts itself: by GET_TIME the local clock is 3.");
	f.endpoints[0].quality_known = f.endpoints[1].quality_known = false;
	strcpy(f.endpoints[0].time_why, "the words for it");
	facts_judge(&d, &f);
	assert_check(&d, "clock", DIAGNOSIS_WARNING, "(GET_TIME: the words for it)");
}

static void foreign_packets(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	f.endpoints[0].n = 0;
	f.endpoints[0].counts.lost = f.endpoints[0].counts.stray = DIAGNOSIS_PROBES;
	facts_judge(&d, &f);
	assert_check(&d, "loss", DIAGNOSIS_FAILURE, "20 lost, 0 answered too late; 20 that came");
}

static void rpcbind_that_names_another_host(void **state)
{
	static const struct {
		const char *named;
		bool another;
	} rows[] = {
		{ "192.0.2.2", true },
		{ "192.0.2.1", false },
		{ "0.0.0.0", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct diagnosis_facts f;

		facts_good(&f, false);
		assert_true(address_parse(&f.endpoints[0].named, rows[i].named));
		address_set_port(&f.endpoints[0].named, 4000);
		facts_judge(&d, &f);
		assert_int_equal(diagnosis_count(&d, DIAGNOSIS_WARNING), rows[i].another);
	}
	assert_check(&d, "registration", DIAGNOSIS_OK, "");
}

static void a_server_over_tcp_only(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	facts_forget_registrations(&f);
	f.over_udp.made = false;
	facts_register(&f.endpoints[1], EXCHANGE_VERSION, "tcp", "0.0.0.0.15.160", "superuser");
	facts_judge(&d, &f);
	assert_check(&d, "registration", DIAGNOSIS_FAILURE, "the server is there over TCP only");
	assert_advice(&d, "registration", DIAGNOSIS_FAILURE, "--transport tcp");
}

static void an_address_that_was_meant_with_a_port(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	strcpy(f.host.name, "::1:5600");
	facts_judge(&d, &f);
	assert_null(find_check(&d, "name", DIAGNOSIS_WARNING, "")); /* something is there */
	for (size_t i = 0; i < f.n; i++) {
		facts_rpcbind_fails(&f.endpoints[i], -ENETUNREACH);
		facts_server_fails(&f.endpoints[i], -ENETUNREACH);
	}
	facts_judge(&d, &f);
	assert_check(&d, "name", DIAGNOSIS_WARNING, "if 5600 is the port, write [::1]:5600");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_of_no_use),
		cmocka_unit_test(another_key),
		cmocka_unit_test(measurements),
		cmocka_unit_test(a_server_that_contradicts_itself),
		cmocka_unit_test(foreign_packets),
		cmocka_unit_test(rpcbind_that_names_another_host),
		cmocka_unit_test(a_server_over_tcp_only),
		cmocka_unit_test(an_address_that_was_meant_with_a_port),
	};

	return cmocka_run_group_tests_name("diagnosis_answers", tests, NULL, NULL);
}
