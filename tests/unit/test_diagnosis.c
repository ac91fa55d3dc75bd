/* SPDX-License-Identifier: BSD-3-Clause */
/* The diagnosis of hosts: each fault is named as what it is, as bad as it is, with advice. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/diagnosis_facts.h"

static struct diagnosis d;

static void a_good_host(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, true);
	facts_judge(&d, &f);
	assert_int_equal(diagnosis_count(&d, DIAGNOSIS_OK), d.n);
	assert_check(&d, "name", DIAGNOSIS_OK, "192.0.2.1, 2001:db8::1");
	assert_check(&d, "rpcbind-udp", DIAGNOSIS_OK, "192.0.2.1 port 111 answers over udp");
	assert_check(&d, "rpcbind-tcp", DIAGNOSIS_OK, "2001:db8::1 port 111 answers over tcp");
	assert_check(&d, "registration", DIAGNOSIS_OK,
		     "udp port 4000, tcp port 4000, udp6 port 4000, tcp6 port 4000, by superuser");
	assert_check(&d, "server-udp", DIAGNOSIS_OK, "[2001:db8::1]:4000 answers over udp");
	assert_check(&d, "families", DIAGNOSIS_OK, "both");
	assert_check(&d, "clock", DIAGNOSIS_OK, "within 5.000 ms");
	assert_check(&d, "loss", DIAGNOSIS_OK, "none lost");
	assert_check(&d, "delay", DIAGNOSIS_OK, "least 1.000 ms");
	assert_check(&d, "asymmetry", DIAGNOSIS_OK, "cannot be seen");
	assert_check(
		&d, "measurement", DIAGNOSIS_OK,
		"the local clock is 2.000000 s slow, +/- 500.000 us, against 192.0.2.1:4000 over "
		"udp");
}

static void a_name_that_is_not_known(void **state)
{
	struct diagnosis_facts f = { .host = { .name = "x.example" }, .why = "x.example: no" };

	(void)state;
	facts_judge(&d, &f);
	assert_int_equal(d.n, 1);
	assert_check(&d, "name", DIAGNOSIS_FAILURE, "x.example: no");
}

/* With every kind of failure at one endpoint: a warning while UDP still works somewhere. */
static void rpcbind_that_does_not_answer(void **state)
{
	static const struct {
		int error;
		const char *text, *advice;
	} cases[] = {
		{ -ECONNREFUSED, "refused", "Start rpcbind" },
		{ -ETIMEDOUT, "timed out", "firewalls" },
		{ -ENETUNREACH, "no way to 192.0.2.1", "-6" },
		{ -EHOSTUNREACH, "no way to 192.0.2.1", "route" },
		{ -EPROTO, "something else", "port 111" },
		{ -EACCES, "Permission denied", "firewall" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diagnosis_facts f;

		facts_good(&f, true);
		for (size_t k = 0; k < f.n; k++) {
			facts_rpcbind_fails(&f.endpoints[k], cases[i].error);
			if (k == 1) { /* not over IPv4, so far */
				facts_judge(&d, &f);
				assert_check(&d, "rpcbind-udp", DIAGNOSIS_WARNING, cases[i].text);
				assert_advice(&d, "rpcbind-tcp", DIAGNOSIS_WARNING,
					      cases[i].advice);
			}
		}
		facts_judge(&d, &f);
		assert_check(&d, "rpcbind-udp", DIAGNOSIS_FAILURE, cases[i].text);
		assert_check(&d, "rpcbind-tcp", DIAGNOSIS_FAILURE, cases[i].text);
		assert_null(find_check(&d, "registration", DIAGNOSIS_FAILURE, ""));
	}
}

static void rpcbind_over_one_transport_only(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	facts_rpcbind_fails(&f.endpoints[1], -ECONNREFUSED);
	facts_judge(&d, &f);
	assert_check(&d, "rpcbind-tcp", DIAGNOSIS_WARNING, "refused");
	assert_int_equal(diagnosis_count(&d, DIAGNOSIS_FAILURE), 0);

	facts_good(&f, false);
	facts_rpcbind_fails(&f.endpoints[0], -ETIMEDOUT);
	facts_judge(&d, &f);
	assert_check(&d, "rpcbind-udp", DIAGNOSIS_FAILURE, "timed out");
	assert_check(&d, "rpcbind-tcp", DIAGNOSIS_OK, "answers");
	assert_check(&d, "registration", DIAGNOSIS_OK, "tcp port 4000");
}

static void rpcbind_that_hangs(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	facts_rpcbind_fails(&f.endpoints[0], -ETIMEDOUT);
	facts_rpcbind_fails(&f.endpoints[1], -ETIMEDOUT);
	f.endpoints[0].rpcbind_connected = f.endpoints[1].rpcbind_connected = true;
	facts_judge(&d, &f);
	assert_check(&d, "rpcbind-udp", DIAGNOSIS_FAILURE, "does not answer over udp");
	assert_advice(&d, "rpcbind-tcp", DIAGNOSIS_FAILURE, "Restart rpcbind");
}

static void nothing_registered(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	facts_forget_registrations(&f);
	facts_judge(&d, &f);
	assert_advice(&d, "registration", DIAGNOSIS_FAILURE, "Start timesyncd");
	assert_check(&d, "registration", DIAGNOSIS_FAILURE, "542397273");
	assert_null(find_check(&d, "server-udp", DIAGNOSIS_OK, ""));
}

static void registrations_that_rpcbind_does_not_list(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	facts_forget_registrations(&f);
	f.endpoints[0].list = f.endpoints[1].list = -EPROTO;
	facts_judge(&d, &f);
	assert_check(&d, "registration", DIAGNOSIS_FAILURE, "make no sense");
	f.endpoints[1].list = 0; /* a list too long for UDP */
	facts_register(&f.endpoints[1], 1, "tcp", "0.0.0.0.15.160", "superuser");
	facts_register(&f.endpoints[1], 1, "udp", "0.0.0.0.15.160", "superuser");
	facts_judge(&d, &f);
	assert_check(&d, "registration", DIAGNOSIS_OK, "udp port 4000");
}

static void some_netids_missing(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, true);
	facts_forget_registrations(&f);
	facts_register(&f.endpoints[0], 1, "udp", "0.0.0.0.15.160", "1000");
	facts_judge(&d, &f);
	assert_check(&d, "registration", DIAGNOSIS_OK, "udp port 4000, by 1000");
	assert_check(&d, "registration", DIAGNOSIS_WARNING, "on tcp, udp6, tcp6");

	facts_forget_registrations(&f);
	facts_register(&f.endpoints[0], 1, "tcp", "0.0.0.0.15.160", "1000");
	facts_judge(&d, &f);
	assert_check(&d, "registration", DIAGNOSIS_FAILURE, "on udp, udp6, tcp6");
}

static void registrations_of_several_owners(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	facts_forget_registrations(&f);
	facts_register(&f.endpoints[0], 1, "udp", "0.0.0.0.15.160", "1000");
	facts_register(&f.endpoints[0], 1, "tcp", "0.0.0.0.15.161", "superuser");
	facts_judge(&d, &f);
	assert_check(&d, "registration", DIAGNOSIS_OK,
		     "udp port 4000 by 1000, tcp port 4001 by superuser");
}

static void registrations_of_other_versions(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	facts_forget_registrations(&f);
	facts_register(&f.endpoints[0], 2, "udp", "0.0.0.0.15.160", "superuser");
	facts_register(&f.endpoints[0], 2, "tcp", "0.0.0.0.15.160", "superuser");
	facts_judge(&d, &f);
	assert_check(&d, "version", DIAGNOSIS_FAILURE, "udp port 4000 (version 2)");
	/* Of ours and others, ours is taken. */
	facts_register(&f.endpoints[0], 1, "udp", "0.0.0.0.15.161", "superuser");
	facts_judge(&d, &f);
	assert_check(&d, "registration", DIAGNOSIS_OK, "udp port 4001, tcp port 4000 (version 2)");
}

static void an_address_gets_its_own_registrations_only(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, true);
	assert_ptr_equal(diagnosis_entry(&f, &f.endpoints[3])->netid, netid_named("tcp6"));
	f.endpoints[2].n_entries = 0;
	assert_non_null(diagnosis_entry(&f, &f.endpoints[2])); /* as TCP told */
	f.endpoints[3].n_entries = 0;
	assert_null(diagnosis_entry(&f, &f.endpoints[2]));
	assert_non_null(diagnosis_entry(&f, &f.endpoints[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_host),
		cmocka_unit_test(a_name_that_is_not_known),
		cmocka_unit_test(rpcbind_that_does_not_answer),
		cmocka_unit_test(rpcbind_over_one_transport_only),
		cmocka_unit_test(rpcbind_that_hangs),
		cmocka_unit_test(nothing_registered),
		cmocka_unit_test(registrations_that_rpcbind_does_not_list),
		cmocka_unit_test(some_netids_missing),
		cmocka_unit_test(registrations_of_several_owners),
		cmocka_unit_test(registrations_of_other_versions),
		cmocka_unit_test(an_address_gets_its_own_registrations_only),
	};

	return cmocka_run_group_tests_name("diagnosis", tests, NULL, NULL);
}
