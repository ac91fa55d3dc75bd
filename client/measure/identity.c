/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/measure/identity.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

static bool same_host(const struct address *a, const struct address *b)
{
	const struct host x = address_host(a), y = address_host(b);
	const bool v6 = a->sa.ss_family == AF_INET6 && b->sa.ss_family == AF_INET6;

	if (memcmp(&x, &y, sizeof(x)) != 0) {
		return false;
	}
	/* A link-local address is one on each link. */
	return !v6 || ((const struct sockaddr_in6 *)&a->sa)->sin6_scope_id ==
			      ((const struct sockaddr_in6 *)&b->sa)->sin6_scope_id;
}

/* Whether it is one of this machine's own addresses. */
static bool is_own(const struct address *a, const struct ifaddrs *own)
{
	if (address_is_loopback(a)) {
		return true;
	}
	for (const struct ifaddrs *i = own; i; i = i->ifa_next) {
		struct address b = { .len = 0 };
		const int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;

		if (family == AF_INET || family == AF_INET6) {
			b.len = family == AF_INET ? sizeof(struct sockaddr_in)
						  : sizeof(struct sockaddr_in6);
			memcpy(&b.sa, i->ifa_addr, b.len);
			if (same_host(a, &b)) {
				return true;
			}
		}
	}
	return false;
}

static bool is_located(const struct measure_job *job)
{
	return job->measured.server.len != 0;
}

static bool is_same(const struct measure_job *a, const struct measure_job *b,
		    const struct ifaddrs *own)
{
	const struct address *x = &a->measured.server, *y = &b->measured.server;

	if (!is_located(a) || !is_located(b)) { /* the names are all that is known */
		return !is_located(a) && !is_located(b) &&
		       a->target.host.port == b->target.host.port &&
		       strcmp(a->target.host.name, b->target.host.name) == 0;
	}
	return address_port(x) == address_port(y) &&
	       (same_host(x, y) || (is_own(x, own) && is_own(y, own)));
}

/* Whether `a` tells more about the server than `b` does. */
static bool is_better(const struct measure_job *a, const struct measure_job *b)
{
	if (a->rc != 0 || b->rc != 0) {
		return a->rc == 0 && b->rc != 0;
	}
	return a->measured.estimate.max_error < b->measured.estimate.max_error;
}

/* Let the best of the jobs that are about the same server as job `i`, the first such, count. */
static void mark_same(struct measure_job *jobs, size_t n, size_t i, const struct ifaddrs *own)
{
	const struct measure_job *best = &jobs[i];

	for (size_t j = i + 1; j < n; j++) {
		if (is_same(&jobs[i], &jobs[j], own) && is_better(&jobs[j], best)) {
			best = &jobs[j];
		}
	}
	for (size_t j = i; j < n; j++) {
		if (&jobs[j] != best && is_same(&jobs[i], &jobs[j], own)) {
			jobs[j].same_as = best;
		}
	}
}

static bool is_first(const struct measure_job *jobs, size_t i, const struct ifaddrs *own)
{
	for (size_t j = 0; j < i; j++) {
		if (is_same(&jobs[j], &jobs[i], own)) {
			return false;
		}
	}
	return true;
}

/* Of the same clock no answer comes from before the call, and none from after the reply. */
static bool can_be_same_clock(const struct measurement *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct sample *s = &m->samples[i];

		if (s->t2 < s->t1 || s->t3 > s->t4) {
			return false;
		}
	}
	return true;
}

/* A clock file is never synchronised, and yet knows that no leap second is due. */
static bool can_be_system_clock(const struct measurement *m, struct clock *clock)
{
	struct clock_quality q;

	return m->quality_known && clock_quality(clock, &q) == 0 &&
	       q.synchronised == m->quality.synchronised && q.leap == m->quality.leap;
}

static bool is_self(const struct measure_job *job, const struct measure_options *options,
		    const struct ifaddrs *own)
{
	const struct measurement *m = &job->measured;

	return job->rc == 0 && is_own(&m->server, own) && can_be_same_clock(m) &&
	       (options->clock_file || can_be_system_clock(m, options->clock)) &&
	       identity_serves(&m->server, m->socktype, options->clock_file);
}

void identity_mark(struct measure_job *jobs, size_t n, const struct measure_options *options)
{
	struct ifaddrs *own = NULL;

	(void)getifaddrs(&own); /* without them, the loopback is known still */
	for (size_t i = 0; i < n; i++) {
		jobs[i].is_self = is_self(&jobs[i], options, own);
	}
	for (size_t i = 0; i < n; i++) {
		if (is_first(jobs, i, own)) {
			mark_same(jobs, n, i, own);
		}
	}
	freeifaddrs(own);
}
