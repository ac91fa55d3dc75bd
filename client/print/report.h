/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results on stdout, for people and for programs.
 */
#ifndef CLIENT_PRINT_REPORT_H
#define CLIENT_PRINT_REPORT_H

#include <jansson.h>

#include "measure/combine.h"
#include "measure/refusal.h"
#include "client/request.h"

/* The correction of a clock, and the reason. */
struct report_action {
	const struct estimate *estimate; /* of the offset */
	struct policy_decision decision;
	bool applied;                 /* the clock has been adjusted */
	const struct estimate *after; /* of the remaining offset; null if that was not measured */
};

/* For people: one server; several together; the correction; the remaining offset. */
void report_server(const struct request *request, const struct measure_job *job);
void report_together(const struct combination *c, const struct measure_job *jobs);
void report_action(const struct request *request, const struct report_action *a);
void report_after(const struct report_action *a);

/* Parts of these: the measured server, and the packet counts. */
void report_source(const struct measure_job *job);
void report_counts(const struct measurement *m);

/* Why the correction is refused, as a sentence with its size and the limit. Returns `buf`. */
#define REPORT_REFUSAL_MAX REFUSAL_MAX
const char *report_refusal(const struct request *request, const struct report_action *a,
			   char buf[REPORT_REFUSAL_MAX]);

/* Why several servers give no result, as a sentence. Returns `buf`. */
const char *report_discord(const struct combination *c, char buf[REPORT_REFUSAL_MAX]);

/* The three lines of the classroom's exercise. */
void report_classic(const struct measurement *m);

/*
 * A line with a JSON object: one server, measured or not, and several together. `action` is null
 * when there is none to report there.
 */
void report_json_server(const struct request *request, const struct measure_job *job,
			const struct report_action *action);
void report_json_together(const struct request *request, const struct combination *c,
			  const struct measure_job *jobs, const struct report_action *action);

/* The same objects, to be printed or released by the caller. */
json_t *report_json_of_server(const struct request *request, const struct measure_job *job,
			      const struct report_action *action);
json_t *report_json_of_all(const struct request *request, const struct combination *c,
			   const struct measure_job *jobs, const struct report_action *action);

#endif
