/* SPDX-License-Identifier: BSD-3-Clause */
/* The diagnosis of servers and of the paths to them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/diagnosis_facts.h"
#include "tests/support/random.h"

static struct diagnosis d;

/* One endpoint that fails in each way, found by rpcbind or by its port. */
static void servers_that_do_not_answer(void **state)
{
	static const struct {
		int error;
		bool connected;
		const char *name, *by_rpcbind, *by_port;
	} cases[] = {
		{ -ECONNREFUSED, false, "server-tcp", "stale registration", "nothing listens" },
		{ -ETIMEDOUT, false, "server-tcp", "though rpcbind does", "timed out" },
		{ -ETIMEDOUT, true, "server-tcp", "accepts", "accepts" },
		{ -ECONNRESET, true, "server-tcp", "closes it at once", "closes it at once" },
		{ -EPROTONOSUPPORT, true, "version", "the words for it", "the words for it" },
		{ -EBADMSG, true, "server-tcp", "rpcbind names, the words for it",
		  "the words for it" },
		{ -EPROTO, true, "server-tcp", "rpcbind names, the words", "tcp the words" },
		{ -EMSGSIZE, true, "server-tcp", "rpcbind names, the words", "tcp the words" },
		{ -EHOSTUNREACH, false, "server-tcp", "no way to", "no way to" },
		{ -EACCES, false, "server-tcp", "Permission denied", "Permission denied" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const bool by_port = i % 2 != 0;
		const char *text = by_port ? cases[i / 2].by_port : cases[i / 2].by_rpcbind;
		const bool worse = strstr(text, "stale") || strstr(text, "rpcbind names");
		struct diagnosis_facts f;

		facts_good(&f, false);
		f.host.port = by_port ? 4000 : 0;
		facts_server_fails(&f.endpoints[1], cases[i / 2].error);
		f.endpoints[1].connected = cases[i / 2].connected;
		strcpy(f.endpoints[1].why, "the words for it");
		facts_judge(&d, &f);
		assert_check(&d, cases[i / 2].name, worse ? DIAGNOSIS_FAILURE : DIAGNOSIS_WARNING,
			     text);
		facts_server_fails(&f.endpoints[0], -ETIMEDOUT);
		facts_judge(&d, &f);
		assert_check(&d, cases[i / 2].name, DIAGNOSIS_FAILURE, text);
		assert_check(&d, "server-udp", DIAGNOSIS_FAILURE, "timed out");
		assert_null(find_check(&d, "clock", DIAGNOSIS_WARNING, ""));
	}
}

static void rpcbind_is_not_spoken_of_when_there_is_a_port(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, true);
	f.host.port = 4000;
	for (size_t i = 0; i < f.n; i++) {
		facts_rpcbind_fails(&f.endpoints[i], -ECONNREFUSED);
	}
	facts_judge(&d, &f);
	assert_int_equal(diagnosis_count(&d, DIAGNOSIS_OK), d.n);
}

static void one_family_that_does_not_work(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	for (size_t dead = 0; dead < 4; dead += 2) {
		facts_good(&f, true);
		facts_server_fails(&f.endpoints[dead], -ETIMEDOUT);
		facts_server_fails(&f.endpoints[dead + 1], -ETIMEDOUT);
		facts_judge(&d, &f);
		assert_check(&d, "families", DIAGNOSIS_WARNING,
			     dead ? "IPv4 works, IPv6 does not" : "IPv6 works, IPv4 does not");
		assert_advice(&d, "families", DIAGNOSIS_WARNING, dead ? "-4" : "-6");
	}
	facts_good(&f, false);
	facts_judge(&d, &f);
	assert_null(find_check(&d, "families", DIAGNOSIS_OK, ""));
}

static void clocks(void **state)
{
	struct diagnosis_facts f;
	struct clock_quality *q;

	(void)state;
	facts_good(&f, false);
	q = &f.endpoints[0].quality;
	q->max_error = 100 * NS_PER_MS + 1;
	q->leap = CLOCK_LEAP_INSERT;
	facts_judge(&d, &f);
	assert_check(&d, "clock", DIAGNOSIS_WARNING, "only within 100.001 ms");
	assert_check(&d, "clock", DIAGNOSIS_WARNING, "leap second is inserted");
	q->synchronised = false;
	facts_judge(&d, &f);
	assert_check(&d, "clock", DIAGNOSIS_WARNING, "unknown");
	f.endpoints[0].stepped = 2;
	f.endpoints[1].stepped = 1;
	facts_judge(&d, &f);
	assert_check(&d, "clock", DIAGNOSIS_WARNING, "3 probes");
	f.endpoints[0].quality_known = f.endpoints[1].quality_known = false;
	facts_judge(&d, &f);
	assert_check(&d, "clock", DIAGNOSIS_WARNING, "did not say");
}

/* Whoever asks about a member is not told to run another program beside the group's agent. */
static void clocks_of_a_group(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	f.endpoints[0].group = f.endpoints[0].at;
	address_set_port(&f.endpoints[0].group, 21319);
	facts_judge(&d, &f);
	assert_check(&d, "clock", DIAGNOSIS_OK,
		     "a group cares for the server's clock, and its member at 192.0.2.1:21319 has "
		     "it within 5.000 ms of the group's time");
	f.endpoints[0].quality.synchronised = false;
	facts_judge(&d, &f);
	assert_check(&d, "clock", DIAGNOSIS_WARNING,
		     "a member of a group, at 192.0.2.1:21319, but its clock is not marked");
	assert_advice(&d, "clock", DIAGNOSIS_WARNING,
		      "timesync group status --at 192.0.2.1:21319 --key FILE");
	for (size_t i = 0; i < d.n; i++) {
		assert_null(strstr(d.checks[i].advice, "chronyd"));
	}
}

static void losses(void **state)
{
	struct diagnosis_facts f;
	struct call_counts *c;

	(void)state;
	facts_good(&f, false);
	c = &f.endpoints[0].counts;
	c->lost = 5;
	c->late = 2;
	f.endpoints[0].n = 15;
	facts_judge(&d, &f);
	assert_check(&d, "loss", DIAGNOSIS_WARNING,
		     "20 probes of 192.0.2.1:4000 over udp: 3 lost, 2");
	c->late = 7; /* some of these were greetings */
	facts_judge(&d, &f);
	assert_check(&d, "loss", DIAGNOSIS_WARNING, "0 lost, 5 answered too late");
	c->lost = 11;
	c->late = 0;
	f.endpoints[0].n = 9;
	facts_judge(&d, &f);
	assert_check(&d, "loss", DIAGNOSIS_FAILURE, "11 lost");
	c->lost = 0;
	c->sent = 3;
	f.endpoints[0].n = 0;
	facts_judge(&d, &f);
	assert_check(&d, "loss", DIAGNOSIS_WARNING, "gone");
	assert_null(find_check(&d, "delay", DIAGNOSIS_OK, "over udp"));
}

static void far_away(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	for (size_t i = 0; i < DIAGNOSIS_PROBES; i++) {
		facts_set_sample(&f.endpoints[0], i, 51 * NS_PER_MS, 50 * NS_PER_MS, 0);
		facts_set_sample(&f.endpoints[1], i, 51 * NS_PER_MS, 50 * NS_PER_MS, 0);
	}
	facts_judge(&d, &f);
	assert_check(&d, "delay", DIAGNOSIS_WARNING, "least 101.000 ms, median 101.000 ms");
	assert_advice(&d, "delay", DIAGNOSIS_WARNING, "nearer");
}

static void queues_one_way(void **state)
{
	struct diagnosis_facts f;

	(void)state;
	facts_good(&f, false);
	for (size_t i = 1; i < DIAGNOSIS_PROBES; i++) {
		facts_set_sample(&f.endpoints[0], i, 3 * NS_PER_MS, NS_PER_MS / 2, 2 * NS_PER_SEC);
	}
	facts_judge(&d, &f);
	assert_check(&d, "asymmetry", DIAGNOSIS_WARNING, "takes 2.500 ms more");
	for (size_t i = 1; i < DIAGNOSIS_PROBES; i++) {
		facts_set_sample(&f.endpoints[0], i, 3 * NS_PER_MS, 2 * NS_PER_MS, 2 * NS_PER_SEC);
	}
	facts_judge(&d, &f); /* both ways have queues: that is no lean */
	assert_check(&d, "asymmetry", DIAGNOSIS_OK, "the way back 1.500 ms");
}

/* The other transport's probes with that delay each way and offset. */
static void judge_with_other(dur_ns there, dur_ns back, dur_ns offset)
{
	struct diagnosis_facts f;

	facts_good(&f, false);
	for (size_t i = 0; i < DIAGNOSIS_PROBES; i++) {
		facts_set_sample(&f.endpoints[1], i, there, back, offset);
	}
	facts_judge(&d, &f);
}

static void paths_that_contradict_each_other(void **state)
{
	const dur_ns offset = 2 * NS_PER_SEC;

	(void)state;
	judge_with_other(NS_PER_MS, NS_PER_MS, offset + NS_PER_MS + NS_PER_MS / 2 + NS_PER_US);
	assert_check(&d, "asymmetry", DIAGNOSIS_FAILURE, "different clocks");
	judge_with_other(NS_PER_MS, NS_PER_MS, offset + NS_PER_MS + NS_PER_MS / 2);
	assert_null(find_check(&d, "asymmetry", DIAGNOSIS_FAILURE, ""));

	judge_with_other(8 * NS_PER_MS, 2 * NS_PER_MS, offset);
	assert_check(&d, "asymmetry", DIAGNOSIS_WARNING, "differ by 3.000 ms");
	judge_with_other(5 * NS_PER_MS, 5 * NS_PER_MS, offset);
	assert_null(find_check(&d, "asymmetry", DIAGNOSIS_WARNING, ""));
}

/* Any facts at all. */
static bool always_judged(struct random *r)
{
	static const int errors[] = { 0,        -ETIMEDOUT, -ECONNREFUSED,    -ECONNRESET,
				      -EBADMSG, -EPROTO,    -EPROTONOSUPPORT, -ENETUNREACH,
				      -EMFILE };
	struct diagnosis_facts f;

	facts_good(&f, random_between(r, 0, 1));
	f.host.port = (uint16_t)(random_between(r, 0, 1) * 4000);
	while (f.n < DIAGNOSIS_MAX_ENDPOINTS && random_between(r, 0, 9)) {
		f.endpoints[f.n] = f.endpoints[f.n % 2];
		f.n++;
	}
	for (size_t i = 0; i < f.n; i++) {
		struct diagnosis_endpoint *e = &f.endpoints[i];

		e->rpcbind = errors[random_between(r, 0, 8)];
		e->list = errors[random_between(r, 0, 8)];
		e->n_entries = (size_t)random_between(r, 0, 4);
		facts_server_fails(e, errors[random_between(r, 0, 8)]);
		e->connected = random_between(r, 0, 1);
		e->n = (size_t)random_between(r, 0, DIAGNOSIS_PROBES);
		e->refused = (unsigned)random_between(r, 0, DIAGNOSIS_PROBES);
		e->quality_known = random_between(r, 0, 1);
		e->named = f.endpoints[random_between(r, 0, (int64_t)f.n - 1)].at;
		memset(e->refusal, 'x', sizeof(e->refusal) - 1);
		memset(e->time_why, 'x', sizeof(e->time_why) - 1);
		e->counts.sent = (unsigned)random_between(r, 0, DIAGNOSIS_PROBES);
		e->counts.lost = (unsigned)random_between(r, 0, e->counts.sent);
		for (size_t k = 0; k < e->n; k++) {
			e->time = e->samples[0];
			facts_set_sample(e, k, random_of_any_size(r, NS_PER_SEC),
					 random_of_any_size(r, NS_PER_SEC),
					 random_of_any_size(r, NS_PER_SEC));
		}
	}
	f.over_udp.made = random_between(r, 0, 1);
	f.over_udp.rc = (int)random_between(r, -1, 0);
	memset(f.over_udp.why, 'x', sizeof(f.over_udp.why) - 1);
	f.over_tcp = f.over_udp;
	facts_judge(&d, &f);
	return true;
}

static void any_facts(void **state)
{
	(void)state;
	assert_true(random_holds("any facts are judged", always_judged, 2000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_that_do_not_answer),
		cmocka_unit_test(rpcbind_is_not_spoken_of_when_there_is_a_port),
		cmocka_unit_test(one_family_that_does_not_work),
		cmocka_unit_test(clocks),
		cmocka_unit_test(clocks_of_a_group),
		cmocka_unit_test(losses),
		cmocka_unit_test(far_away),
		cmocka_unit_test(queues_one_way),
		cmocka_unit_test(paths_that_contradict_each_other),
		cmocka_unit_test(any_facts),
	};

	return cmocka_run_group_tests_name("diagnosis_server", tests, NULL, NULL);
}
