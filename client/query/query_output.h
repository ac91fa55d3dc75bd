/* SPDX-License-Identifier: BSD-3-Clause */
/* The output of `timesync query` for each measurement, in each format. */
#ifndef CLIENT_QUERY_QUERY_OUTPUT_H
#define CLIENT_QUERY_QUERY_OUTPUT_H

#include <jansson.h>

#include "measure/combine.h"
#include "client/request.h"

/* When a measurement of one or several servers was made. */
struct query_instant {
	int64_t number;  /* of the measurement, from 1 */
	ts_ns at;        /* by the local clock */
	ts_ns system_at; /* by the system clock, at the same instant */
};

struct query_output {
	const struct request *request;
	bool headed; /* the head of the table has been printed */
	int64_t day; /* of the last row, since 1970; what the table's head named last */
};

/* One server; `place` is its place among those that were named, from 1. */
void query_output_server(struct query_output *o, const struct query_instant *when,
			 const struct measure_job *job, size_t place);

/* Several together, behind all of them. */
void query_output_together(struct query_output *o, const struct query_instant *when,
			   const struct combination *c, const struct measure_job *jobs);

/* The same as objects, for programs and the log. */
json_t *query_json_server(const struct request *request, const struct query_instant *when,
			  const struct measure_job *job, size_t place);
json_t *query_json_together(const struct request *request, const struct query_instant *when,
			    const struct combination *c, const struct measure_job *jobs);

#endif
