/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From facts to a diagnosis, in the order of a client's steps. Pure.
 */
#ifndef CLIENT_DOCTOR_JUDGE_H
#define CLIENT_DOCTOR_JUDGE_H

#include "client/doctor/diagnosis.h"
#include "client/doctor/facts.h"

/* Judge the facts. */
void diagnose(struct diagnosis *out, const struct diagnosis_facts *facts);

#endif
