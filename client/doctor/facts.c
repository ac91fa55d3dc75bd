/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/doctor/facts.h"

#include "core/arith.h"
#include "core/drift.h"

const char *diagnosis_transport(const struct diagnosis_endpoint *e)
{
	return e->socktype == SOCK_DGRAM ? "udp" : "tcp";
}

const struct diagnosis_endpoint *diagnosis_working(const struct diagnosis_facts *f, int family,
						   int socktype)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];

		if (e->socktype == socktype && diagnosis_server_answers(e) &&
		    (family == AF_UNSPEC || family == e->at.sa.ss_family)) {
			return e;
		}
	}
	return NULL;
}

const struct rpcbind_entry *diagnosis_entry(const struct diagnosis_facts *facts,
					    const struct diagnosis_endpoint *e)
{
	const struct netid *netid = netid_of(e->at.sa.ss_family, e->socktype);
	const struct rpcbind_entry *found = NULL;

	for (size_t i = 0; i < facts->n; i++) {
		const struct diagnosis_endpoint *told = &facts->endpoints[i];

		if (!address_is_same_host(&e->at, &told->at)) {
			continue;
		}
		for (size_t k = 0; k < told->n_entries; k++) {
			const struct rpcbind_entry *entry = &told->entries[k];

			if (entry->netid == netid &&
			    (!found || (entry->vers == EXCHANGE_VERSION &&
					found->vers != EXCHANGE_VERSION))) {
				found = entry;
			}
		}
	}
	return found;
}

const struct sample *diagnosis_best(const struct diagnosis_endpoint *e)
{
	const struct sample *best = &e->samples[0];

	for (size_t i = 1; i < e->n; i++) {
		if (sample_delay(&e->samples[i]) < sample_delay(best)) {
			best = &e->samples[i];
		}
	}
	return best;
}

/* By how much the two samples' offsets may differ if they are of the same two clocks. */
static dur_ns allowed(const struct sample *a, const struct sample *b, int64_t max_drift_ppb)
{
	return arith_add(sample_bound(a) + sample_bound(b) + 1,
			 drift_over(arith_distance(a->t4, b->t4), max_drift_ppb));
}

bool diagnosis_contradict(const struct sample *a, const struct sample *b, int64_t max_drift_ppb)
{
	return arith_abs(sample_offset(a) - sample_offset(b)) > allowed(a, b, max_drift_ppb);
}
