/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding out what a diagnosis is made from.
 */
#ifndef CLIENT_DOCTOR_PROBE_H
#define CLIENT_DOCTOR_PROBE_H

#include "client/doctor/facts.h"
#include "client/measure/measure.h"

struct diagnosis_options {
	struct target_options target;   /* the transport is not looked at: all are tried */
	struct measure_options measure; /* of the measurement in the end; its timeout and clock are
					   those of all questions */
};

/*
 * Find out all about `n` hosts, side by side. What is dead costs about one timeout at each of three
 * steps (the resolver a few seconds), however much of it there is; what lives, less than a second
 * for the probes, or with losses at most three timeouts more. Where a server answers there is a
 * measurement in the end, which takes what it takes query. The facts, to be freed; null when out of
 * memory.
 */
struct diagnosis_facts *diagnosis_probe(const struct parse_host *hosts, size_t n,
					const struct diagnosis_options *options);

#endif
