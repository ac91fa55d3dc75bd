/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/doctor/diagnosis_probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/doctor/diagnosis_ask.h"
#include "os/stdio.h"
#include "os/threads.h"

/* Take over what the resolver said: each address is an endpoint over UDP, and one over TCP. */
static void take_addresses(struct diagnosis_facts *facts, const struct target_lookup *l)
{
	static const int socktypes[] = { SOCK_DGRAM, SOCK_STREAM };

	facts->host = l->target.host;
	facts->target = l->target;
	facts->resolved = l->rc == 0;
	snprintf(facts->why, sizeof(facts->why), "%s", l->why);
	for (size_t i = 0; facts->resolved && i < l->target.n; i++) {
		for (size_t k = 0; k < 2; k++) {
			struct diagnosis_endpoint *e = &facts->endpoints[facts->n++];

			e->at = l->target.addresses[i];
			e->socktype = socktypes[k];
		}
	}
}

/* False when out of memory. */
static bool resolve(struct diagnosis_facts *facts, size_t n, const struct parse_host *hosts,
		    const struct diagnosis_options *options)
{
	struct target_options how = options->target;
	struct target_lookup *lookups = calloc(n, sizeof(*lookups));

	if (!lookups) {
		return false;
	}
	how.socktype = SOCK_DGRAM; /* or each address would come twice */
	for (size_t i = 0; i < n; i++) {
		lookups[i].target.host = hosts[i];
	}
	target_resolve_all(lookups, n, &how);
	for (size_t i = 0; i < n; i++) {
		facts[i].family = options->target.family;
		facts[i].max_drift_ppb = options->max_drift_ppb;
		take_addresses(&facts[i], &lookups[i]);
	}
	free(lookups);
	return true;
}

/* Whether an endpoint takes part in a step. */
typedef bool chooser(struct diagnosis_facts *facts, struct diagnosis_endpoint *e);

static bool has_no_port(struct diagnosis_facts *facts, struct diagnosis_endpoint *e)
{
	(void)e;
	return facts->host.port == 0;
}

/* Learn the port from rpcbind if need be. */
static bool find_port(struct diagnosis_facts *facts, struct diagnosis_endpoint *e)
{
	const struct rpcbind_entry *entry = diagnosis_entry(facts, e);
	struct address named;

	if (entry && address_from_uaddr(&named, e->at.sa.ss_family, entry->uaddr)) {
		address_set_port(&e->at, address_port(&named)); /* of the host that was asked */
	}
	return address_port(&e->at) != 0;
}

/* Side by side. What no thread could be had for was done one after the other. */
static void run_all(void *works, size_t n, size_t size, threads_fn *run)
{
	const int rc = threads_run(works, n, size, run);

	if (rc != 0) {
		stdio_complain(program_invocation_short_name,
			       "too few threads can be had to ask all at the same time, which may "
			       "have taken longer: %s",
			       strerror(-rc));
	}
}

/* One step for all endpoints that take part. False when out of memory. */
static bool step(struct diagnosis_facts *facts, size_t n, const struct diagnosis_options *options,
		 chooser *choose, threads_fn *run)
{
	struct diagnosis_work *works = calloc(n * DIAGNOSIS_MAX_ENDPOINTS, sizeof(*works));
	size_t chosen = 0;

	if (!works) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < facts[i].n; k++) {
			struct diagnosis_endpoint *e = &facts[i].endpoints[k];

			if (choose(&facts[i], e)) {
				works[chosen++] = (struct diagnosis_work){ e, options };
			}
		}
	}
	run_all(works, chosen, sizeof(*works), run);
	free(works);
	return true;
}

/* Whether a measurement may succeed: some probe was answered, and not by noise. */
static bool may_measure(const struct diagnosis_facts *f, int socktype)
{
	if (socktype == SOCK_STREAM && f->over_udp.made && f->over_udp.rc == 0) {
		return false;
	}
	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];

		if (e->socktype == socktype && (e->n > 0 || e->refused > 0 || e->stepped > 0)) {
			return true;
		}
	}
	return false;
}

/* Measure the hosts that can be, side by side. False when out of memory. */
static bool measure_hosts(struct diagnosis_facts *facts, size_t n,
			  const struct diagnosis_options *options, int socktype)
{
	struct diagnosis_measuring *works = calloc(n, sizeof(*works));
	size_t chosen = 0;

	if (!works) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (may_measure(&facts[i], socktype)) {
			works[chosen++] =
				(struct diagnosis_measuring){ &facts[i], options, socktype };
		}
	}
	run_all(works, chosen, sizeof(*works), diagnosis_measure);
	free(works);
	return true;
}

struct diagnosis_facts *diagnosis_probe(const struct parse_host *hosts, size_t n,
					const struct diagnosis_options *options)
{
	struct diagnosis_facts *facts = calloc(n, sizeof(*facts));

	if (facts && resolve(facts, n, hosts, options) &&
	    step(facts, n, options, has_no_port, diagnosis_ask_rpcbind) &&
	    step(facts, n, options, find_port, diagnosis_ask_server) &&
	    measure_hosts(facts, n, options, SOCK_DGRAM) &&
	    measure_hosts(facts, n, options, SOCK_STREAM)) {
		return facts;
	}
	free(facts);
	return NULL;
}
