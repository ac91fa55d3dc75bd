/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts of the judgement in client/doctor/diagnosis*.c share; diagnosis_checks.c has it.
 */
#ifndef CLIENT_DOCTOR_DIAGNOSIS_PRIVATE_H
#define CLIENT_DOCTOR_DIAGNOSIS_PRIVATE_H

#include "client/doctor/diagnosis.h"

/* Add a check with its text. When there is no room for one more it replaces the last. */
struct diagnosis_check *diagnosis_add(struct diagnosis *d, const char *name,
				      enum diagnosis_state state, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Add what to do to a check. */
void diagnosis_advise(struct diagnosis_check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Add to the end of a text, as far as there is room. */
void diagnosis_append(char text[DIAGNOSIS_TEXT_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "udp" or "tcp". */
const char *diagnosis_transport(const struct diagnosis_endpoint *e);

/* Whether the port came from rpcbind. */
static inline bool diagnosis_by_rpcbind(const struct diagnosis_facts *f)
{
	return f->host.port == 0;
}

static inline bool diagnosis_rpcbind_answers(const struct diagnosis_endpoint *e)
{
	return e->rpcbind_connected && e->rpcbind == 0;
}

static inline bool diagnosis_server_answers(const struct diagnosis_endpoint *e)
{
	return e->connected && e->server == 0;
}

/* The best sample of an endpoint that has any. */
const struct sample *diagnosis_best(const struct diagnosis_endpoint *e);

/* Whether the two samples' offsets differ by more than they may if they are of the same clocks. */
bool diagnosis_contradict(const struct sample *a, const struct sample *b, int64_t max_drift_ppb);

/* The first endpoint of that family (or AF_UNSPEC) and transport whose server answers, or null. */
const struct diagnosis_endpoint *diagnosis_working(const struct diagnosis_facts *f, int family,
						   int socktype);

/* One step of a client each. */
void diagnosis_judge_rpcbind(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_registration(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_servers(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_clock(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_paths(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_symmetry(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_measurement(struct diagnosis *d, const struct diagnosis_facts *f);

#endif
