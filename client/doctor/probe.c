/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/doctor/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/client/call.h"
#include "rpc/wire.h"
#include "os/stdio.h"
#include "os/threads.h"

/* Lost datagrams are sent again until the time is over, for this is no measurement yet. */
#define RPCBIND_TRIES 3
#define GREETINGS     10
/* Apart from each other, so that they do not all meet the same moment. */
#define PROBE_GAP  (20 * NS_PER_MS)
#define TIME_TRIES 3

/* The program of a group's members, where they are by default, and how often they are greeted. */
#define GROUP_PROGRAM 542397255
#define GROUP_VERSION 1
#define GROUP_PORT    21319
#define GROUP_TRIES   3

/* All probes together may take so many timeouts, whatever is answered, and how slowly. */
#define LIMIT 20

/* An endpoint to be asked, by a thread (os/threads.h). */
struct question {
	struct diagnosis_endpoint *e;
	const struct diagnosis_options *options;
};

/* A host to be measured. */
struct measuring {
	struct diagnosis_facts *facts;
	const struct diagnosis_options *options;
	int socktype;
};

/* --- asking rpcbind --------------------------------------------------------------------------- */

/* Whether the list has an entry for the transport that it was asked over. */
static bool has_entry(const struct diagnosis_endpoint *e, const struct netid *netid)
{
	for (size_t i = 0; i < e->n_entries; i++) {
		if (e->entries[i].netid == netid) {
			return true;
		}
	}
	return false;
}

/* The port that any client is told, if the list lacks it; its owner and version are unknown. */
static void add_entry(struct diagnosis_endpoint *e, uint16_t port)
{
	const struct netid *netid = netid_of(e->at.sa.ss_family, e->socktype);
	const struct address at = address_any(netid->family, port);
	struct rpcbind_entry *entry = &e->entries[e->n_entries];

	if (has_entry(e, netid) || e->n_entries == DIAGNOSIS_MAX_ENTRIES) {
		return;
	}
	*entry = (struct rpcbind_entry){ .vers = EXCHANGE_VERSION, .netid = netid };
	address_to_uaddr(&at, entry->uaddr);
	snprintf(entry->owner, sizeof(entry->owner), "unknown");
	e->n_entries++;
}

/* First the question of any client; then the list, which tells more, but may be too long. */
static void ask_registrations(struct diagnosis_endpoint *e, CLIENT *rpcbind, int tries)
{
	int found = -ETIMEDOUT;
	uint16_t port;

	for (int i = 0; i < tries && found == -ETIMEDOUT; i++) {
		found = rpcbind_port(rpcbind, &e->at, e->socktype, EXCHANGE_PROGRAM,
				     EXCHANGE_VERSION, &port);
	}
	e->list = -ETIMEDOUT;
	for (int i = 0; i < tries && e->list == -ETIMEDOUT; i++) {
		e->list = rpcbind_list(rpcbind, EXCHANGE_PROGRAM, EXCHANGE_VERSION, e->entries,
				       DIAGNOSIS_MAX_ENTRIES, &e->n_entries);
	}
	if (found == 0) {
		add_entry(e, port);
	}
	if (e->list != 0 && (found == 0 || found == -ENOENT)) {
		e->list = 0;
	}
}

/* Whether rpcbind is there, and what it has registered. */
static void ask_rpcbind(void *work)
{
	const struct question *w = work;
	struct clock *clock = w->options->measure.clock;
	struct diagnosis_endpoint *e = w->e;
	const int tries = e->socktype == SOCK_DGRAM ? RPCBIND_TRIES : 1;
	CLIENT *rpcbind;
	struct mono began;

	e->rpcbind = rpcbind_open(&rpcbind, &e->at, e->socktype, clock,
				  w->options->measure.timeout / tries);
	if (e->rpcbind != 0) {
		return;
	}
	e->rpcbind_connected = true;
	e->rpcbind = -ETIMEDOUT;
	for (int i = 0; i < tries && e->rpcbind == -ETIMEDOUT; i++) {
		began = clock_mono(clock);
		e->rpcbind = rpcbind_ping(rpcbind);
		e->rpcbind_took = mono_since(clock_mono(clock), began);
	}
	if (e->rpcbind == 0) {
		ask_registrations(e, rpcbind, tries);
		if (e->socktype == SOCK_DGRAM) {
			(void)rpcbind_port(rpcbind, &e->at, SOCK_DGRAM, GROUP_PROGRAM,
					   GROUP_VERSION, &e->group_port);
		}
		(void)rpcbind_named(&e->named, rpcbind, &e->at, e->socktype, EXCHANGE_PROGRAM,
				    EXCHANGE_VERSION);
	}
	clnt_destroy(rpcbind);
}

/* --- asking the server ------------------------------------------------------------------------ */

static int greet_once(struct diagnosis_endpoint *e, struct exchange *x, struct clock *clock)
{
	const struct mono began = clock_mono(clock);
	const int rc = exchange_null(x);

	e->server_took = mono_since(clock_mono(clock), began);
	return rc;
}

/*
 * Is it there, and of our version? A datagram is sent anew each tenth of the time, so that losses
 * do not look like silence; if an answer was only late, the server is just far away.
 */
static int greet(struct diagnosis_endpoint *e, struct exchange *x, struct clock *clock,
		 dur_ns timeout)
{
	int rc = -ETIMEDOUT;

	if (e->socktype == SOCK_DGRAM) {
		exchange_set_timeout(x, timeout / GREETINGS);
		for (int i = 0; i < GREETINGS && rc == -ETIMEDOUT; i++) {
			rc = greet_once(e, x, clock);
		}
		exchange_set_timeout(x, timeout);
		if (rc != -ETIMEDOUT || exchange_counts(x).late == 0) {
			return rc;
		}
	}
	return greet_once(e, x, clock);
}

/* How long a probe is waited for: much longer than the answer to the greeting took. */
static dur_ns patience(const struct diagnosis_endpoint *e, dur_ns timeout)
{
	const dur_ns least = timeout / GREETINGS, enough = 8 * e->server_took;

	if (e->socktype != SOCK_DGRAM || enough > timeout) {
		return timeout;
	}
	return enough > least ? enough : least;
}

/* Take an answer in. False when it is of no use to ask again. */
static bool take_probe(struct diagnosis_endpoint *e, struct exchange *x, int rc,
		       const struct sample *s)
{
	if (rc == 0 && sample_check(s) == SAMPLE_OK) {
		e->samples[e->n++] = *s;
	} else if (rc == 0) {
		e->stepped++;
	} else if (rc != -ETIMEDOUT) {
		e->refused++;
		(void)exchange_why(x, e->refusal);
		e->other_key = exchange_is_about_keys(x);
	}
	return rc == 0 || rc == -ETIMEDOUT || rc == -EBADMSG;
}

/* Probe until there are enough, losses have cost three timeouts, or the server is gone. */
static void take_probes(struct diagnosis_endpoint *e, struct exchange *x, struct clock *clock,
			dur_ns timeout)
{
	const dur_ns cost_of_loss = patience(e, timeout);
	const struct mono end = mono_add(clock_mono(clock), LIMIT * timeout);
	dur_ns cost = 0;

	exchange_set_timeout(x, cost_of_loss);
	exchange_forget_counts(x);
	for (unsigned i = 0;
	     i < DIAGNOSIS_PROBES && cost < 3 * timeout && mono_since(end, clock_mono(clock)) > 0;
	     i++) {
		const struct mono next = mono_add(clock_mono(clock), PROBE_GAP);
		struct sample s;
		const int rc = exchange_timestamps(x, &s);

		cost += rc == -ETIMEDOUT ? cost_of_loss : 0;
		if (!take_probe(e, x, rc, &s)) {
			break;
		}
		(void)clock_wait(clock, -1, 0, next);
	}
	e->counts = exchange_counts(x);
}

static void take_quality(struct diagnosis_endpoint *e, struct exchange *x)
{
	for (int i = 0; i < TIME_TRIES && !e->quality_known; i++) {
		e->quality_known = exchange_time(x, &e->time, &e->quality) == 0;
		if (!e->quality_known) {
			(void)exchange_why(x, e->time_why);
		}
	}
}

/* Whether a group's member answers at that port: it needs no key to be greeted. */
static bool is_member_at(const struct question *w, uint16_t port)
{
	const struct timeval unused = { .tv_sec = 0 }; /* the handle has a timeout of its own */
	struct call_target target = {
		.to = w->e->at,
		.socktype = SOCK_DGRAM,
		.prog = GROUP_PROGRAM,
		.vers = GROUP_VERSION,
	};
	bool answers = false;
	CLIENT *client;

	address_set_port(&target.to, port);
	if (call_open(&client, &target, w->options->measure.clock,
		      w->options->measure.timeout / GROUP_TRIES) != 0) {
		return false;
	}
	for (int i = 0; i < GROUP_TRIES && !answers; i++) {
		answers = clnt_call(client, NULLPROC, wire_void, NULL, wire_void, NULL, unused) ==
			  RPC_SUCCESS;
		if (!answers && call_error(client) != -ETIMEDOUT) {
			break;
		}
	}
	clnt_destroy(client);
	if (answers) {
		w->e->group = target.to;
	}
	return answers;
}

/* Whether a group keeps the server's clock: a member of one is on its host. */
static void find_group(const struct question *w)
{
	if (w->e->socktype == SOCK_DGRAM &&
	    (w->e->group_port == 0 || !is_member_at(w, w->e->group_port))) {
		(void)is_member_at(w, GROUP_PORT);
	}
}

/* Whether the server is there, and DIAGNOSIS_PROBES of it. */
static void ask_server(void *work)
{
	const struct question *w = work;
	struct clock *clock = w->options->measure.clock;
	struct diagnosis_endpoint *e = w->e;
	const dur_ns timeout = w->options->measure.timeout;
	struct exchange *x;

	e->server = exchange_open(&x, &e->at, e->socktype, clock, timeout, w->options->target.keys);
	if (e->server != 0) {
		snprintf(e->why, sizeof(e->why), "%s", strerror(-e->server));
		return;
	}
	e->connected = true;
	e->server = greet(e, x, clock, timeout);
	e->answered_late = e->server == -ETIMEDOUT && exchange_counts(x).late > 0;
	if (e->server != 0) {
		(void)exchange_why(x, e->why);
		e->other_key = exchange_is_about_keys(x);
	} else {
		take_probes(e, x, clock, timeout);
		take_quality(e, x);
		find_group(w);
	}
	exchange_close(x);
}

/* Measure as query does, with the same code. */
static void measure_host(void *work)
{
	const struct measuring *w = work;
	struct diagnosis_measurement *out =
		w->socktype == SOCK_DGRAM ? &w->facts->over_udp : &w->facts->over_tcp;
	struct target target = w->facts->target;
	struct measure_options how = w->options->measure;
	struct measurement m;

	target.socktype = w->socktype;
	how.progress = NULL;
	out->made = true;
	out->rc = measure(&m, &target, &how, NULL, out->why);
	if (out->rc == 0) {
		out->server = m.server;
		out->estimate = m.estimate;
		measurement_free(&m);
	}
}

/* --- all hosts, side by side ------------------------------------------------------------------ */

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
		facts[i].max_drift_ppb = options->measure.estimate.max_drift_ppb;
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
	struct question *works = calloc(n * DIAGNOSIS_MAX_ENDPOINTS, sizeof(*works));
	size_t chosen = 0;

	if (!works) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < facts[i].n; k++) {
			struct diagnosis_endpoint *e = &facts[i].endpoints[k];

			if (choose(&facts[i], e)) {
				works[chosen++] = (struct question){ e, options };
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
	struct measuring *works = calloc(n, sizeof(*works));
	size_t chosen = 0;

	if (!works) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (may_measure(&facts[i], socktype)) {
			works[chosen++] = (struct measuring){ &facts[i], options, socktype };
		}
	}
	run_all(works, chosen, sizeof(*works), measure_host);
	free(works);
	return true;
}

struct diagnosis_facts *diagnosis_probe(const struct parse_host *hosts, size_t n,
					const struct diagnosis_options *options)
{
	struct diagnosis_facts *facts = calloc(n, sizeof(*facts));

	if (facts && resolve(facts, n, hosts, options) &&
	    step(facts, n, options, has_no_port, ask_rpcbind) &&
	    step(facts, n, options, find_port, ask_server) &&
	    measure_hosts(facts, n, options, SOCK_DGRAM) &&
	    measure_hosts(facts, n, options, SOCK_STREAM)) {
		return facts;
	}
	free(facts);
	return NULL;
}
