/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Facts about hosts for tests of the diagnosis, and what came of them.
 */
#ifndef TESTS_SUPPORT_DIAGNOSIS_FACTS_H
#define TESTS_SUPPORT_DIAGNOSIS_FACTS_H

#include "client/doctor/judge.h"

/*
 * A host with nothing wrong: 192.0.2.1 over UDP and over TCP, then 2001:db8::1 if `both`; found
 * through rpcbind, port 4000, 1 ms away, its clock 2 s ahead of ours and within 5 ms of UTC.
 */
void facts_good(struct diagnosis_facts *f, bool both);

void facts_forget_registrations(struct diagnosis_facts *f);
void facts_register(struct diagnosis_endpoint *e, rpcvers_t vers, const char *netid,
		    const char *uaddr, const char *owner);

/* rpcbind, or the server, did not answer there. */
void facts_rpcbind_fails(struct diagnosis_endpoint *e, int error);
void facts_server_fails(struct diagnosis_endpoint *e, int error);

/* Probes: sample `i` had this round-trip delay, to a clock that is ahead by `offset`. */
void facts_set_sample(struct diagnosis_endpoint *e, size_t i, dur_ns there, dur_ns back,
		      dur_ns offset);

/* Judge, and check what holds of every judgement: texts, and advice where something is wrong. */
void facts_judge(struct diagnosis *out, const struct diagnosis_facts *f);

/* The first check of that name and state whose text contains that; null if there is none. */
const struct diagnosis_check *find_check(const struct diagnosis *d, const char *name,
					 enum diagnosis_state state, const char *text);

/* There is such a check, with that in its text or advice. */
void assert_check(const struct diagnosis *d, const char *name, enum diagnosis_state state,
		  const char *text);
void assert_advice(const struct diagnosis *d, const char *name, enum diagnosis_state state,
		   const char *advice);

#endif
