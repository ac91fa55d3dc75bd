/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The findings on each step of a client, but for the first and the last
 * (client/doctor/judge.h).
 */
#ifndef CLIENT_DOCTOR_CHECKS_H
#define CLIENT_DOCTOR_CHECKS_H

#include "client/doctor/diagnosis.h"
#include "client/doctor/facts.h"

void diagnosis_judge_rpcbind(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_registration(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_servers(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_clock(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_paths(struct diagnosis *d, const struct diagnosis_facts *f);
void diagnosis_judge_symmetry(struct diagnosis *d, const struct diagnosis_facts *f);

#endif
