/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The questions that a diagnosis puts to one endpoint, each as the work of a thread (os/threads.h).
 */
#ifndef CLIENT_DOCTOR_DIAGNOSIS_ASK_H
#define CLIENT_DOCTOR_DIAGNOSIS_ASK_H

#include "client/doctor/diagnosis_probe.h"

/* What the thread works on. */
struct diagnosis_work {
	struct diagnosis_endpoint *e;
	const struct diagnosis_options *options;
};

/* A host to be measured. */
struct diagnosis_measuring {
	struct diagnosis_facts *facts;
	const struct diagnosis_options *options;
	int socktype;
};

/* Whether rpcbind is there, and what it has registered. */
void diagnosis_ask_rpcbind(void *work);

/* Whether the server is there, and DIAGNOSIS_PROBES of it. */
void diagnosis_ask_server(void *work);

/* Work on a struct diagnosis_measuring: measure as query does, with the same code. */
void diagnosis_measure(void *work);

#endif
