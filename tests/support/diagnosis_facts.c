/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/diagnosis_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOON   (INT64_C(1795262400) * NS_PER_SEC)
#define OFFSET (2 * NS_PER_SEC)
#define WAY    (NS_PER_MS / 2)

static const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };

void facts_set_sample(struct diagnosis_endpoint *e, size_t i, dur_ns there, dur_ns back,
		      dur_ns offset)
{
	struct sample *s = &e->samples[i];

	s->kind = SAMPLE_TIMESTAMPS;
	s->t1 = NOON + (dur_ns)i * 20 * NS_PER_MS;
	s->t2 = s->t1 + there + offset;
	s->t3 = s->t2 + NS_PER_US;
	s->t4 = s->t3 + back - offset;
}

static void register_all(struct diagnosis_endpoint *e)
{
	for (size_t i = 0; i < NETIDS; i++) {
		facts_register(e, EXCHANGE_VERSION, netids[i].name,
			       netids[i].family == AF_INET ? "0.0.0.0.15.160" : "::.15.160",
			       "superuser");
	}
}

static void add_endpoint(struct diagnosis_facts *f, const char *address, int socktype)
{
	struct diagnosis_endpoint *e = &f->endpoints[f->n++];

	assert_true(address_parse(&e->at, address));
	address_set_port(&e->at, 4000);
	e->socktype = socktype;
	e->rpcbind_connected = e->connected = true;
	e->rpcbind_took = e->server_took = NS_PER_MS;
	register_all(e);
	e->counts.sent = e->counts.received = DIAGNOSIS_PROBES;
	e->n = DIAGNOSIS_PROBES;
	for (size_t i = 0; i < e->n; i++) {
		facts_set_sample(e, i, WAY, WAY, OFFSET);
	}
	e->time = e->samples[0];
	e->quality_known = true;
	e->quality = (struct clock_quality){ .synchronised = true, .max_error = 5 * NS_PER_MS };
}

void facts_good(struct diagnosis_facts *f, bool both)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->host.name, "host.example");
	f->family = AF_UNSPEC;
	f->max_drift_ppb = 200000;
	f->resolved = true;
	for (size_t i = 0; i < (both ? 2 : 1); i++) {
		add_endpoint(f, addresses[i], SOCK_DGRAM);
		add_endpoint(f, addresses[i], SOCK_STREAM);
	}
	f->over_udp.made = true;
	f->over_udp.server = f->endpoints[0].at;
	f->over_udp.estimate = (struct estimate){ .offset = OFFSET, .max_error = WAY };
}

void facts_forget_registrations(struct diagnosis_facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct diagnosis_endpoint *e = &f->endpoints[i];

		e->n_entries = 0;
		facts_server_fails(e, 0);
		address_set_port(&e->at, 0);
	}
}

void facts_register(struct diagnosis_endpoint *e, rpcvers_t vers, const char *netid,
		    const char *uaddr, const char *owner)
{
	struct rpcbind_entry *entry = &e->entries[e->n_entries++];

	entry->vers = vers;
	entry->netid = netid_named(netid);
	snprintf(entry->uaddr, sizeof(entry->uaddr), "%s", uaddr);
	snprintf(entry->owner, sizeof(entry->owner), "%s", owner);
}

void facts_rpcbind_fails(struct diagnosis_endpoint *e, int error)
{
	e->rpcbind = error;
	e->rpcbind_connected = false;
	e->n_entries = 0;
}

void facts_server_fails(struct diagnosis_endpoint *e, int error)
{
	e->server = error;
	e->connected = false;
	e->quality_known = false;
	e->n = 0;
	memset(&e->counts, 0, sizeof(e->counts));
}

void facts_judge(struct diagnosis *out, const struct diagnosis_facts *f)
{
	diagnose(out, f);
	assert_in_range(out->n, 1, DIAGNOSIS_MAX_CHECKS);
	for (size_t i = 0; i < out->n; i++) {
		const struct diagnosis_check *c = &out->checks[i];
		const size_t length = strlen(c->text), advice = strlen(c->advice);

		assert_in_range(length, 1, DIAGNOSIS_TEXT_MAX - 2);
		assert_in_range(advice, 0, DIAGNOSIS_TEXT_MAX - 2);
		assert_int_not_equal(c->text[length - 1], '.');
		if (c->state == DIAGNOSIS_OK) {
			assert_int_equal(advice, 0);
		} else {
			assert_true(advice > 0 && c->advice[advice - 1] == '.');
		}
	}
}

const struct diagnosis_check *find_check(const struct diagnosis *d, const char *name,
					 enum diagnosis_state state, const char *text)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct diagnosis_check *c = &d->checks[i];

		if (strcmp(c->name, name) == 0 && c->state == state && strstr(c->text, text)) {
			return c;
		}
	}
	return NULL;
}

static void show(const struct diagnosis *d)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct diagnosis_check *c = &d->checks[i];

		print_error("%s %s: %s -> %s\n", diagnosis_state_name(c->state), c->name, c->text,
			    c->advice);
	}
}

void assert_check(const struct diagnosis *d, const char *name, enum diagnosis_state state,
		  const char *text)
{
	if (!find_check(d, name, state, text)) {
		show(d);
		fail_msg("no %s of %s with '%s'", diagnosis_state_name(state), name, text);
	}
}

void assert_advice(const struct diagnosis *d, const char *name, enum diagnosis_state state,
		   const char *advice)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct diagnosis_check *c = &d->checks[i];

		if (strcmp(c->name, name) == 0 && c->state == state && strstr(c->advice, advice)) {
			return;
		}
	}
	show(d);
	fail_msg("no %s of %s with the advice '%s'", diagnosis_state_name(state), name, advice);
}
