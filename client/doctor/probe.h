/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding out what a diagnosis is made from.
 */
#ifndef CLIENT_DOCTOR_PROBE_H
#define CLIENT_DOCTOR_PROBE_H

#include "client/doctor/facts.h"
#include "measure/measure.h"

struct diagnosis_options {
	struct target_options target;   /* the transport is not looked at: all are tried */
	struct measure_options measure; /* of the measurement in the end; its timeout and clock are
					   those of all questions */
};

/*
 * Find out all about `n` hosts, side by side. Dead hosts cost about one timeout at each of three
 * steps (the resolver a few seconds), however many there are; live ones cost less than a second for
 * the probes, or at most three timeouts more if packets are lost. Servers that answer are measured
 * in the end, which takes as long as a query. The facts, to be freed; null when out of memory.
 */
struct diagnosis_facts *diagnosis_probe(const struct parse_host *hosts, size_t n,
					const struct diagnosis_options *options);

#endif
