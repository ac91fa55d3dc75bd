/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/fields.h"
#include "client/print/report.h"

static json_t *samples(const struct measurement *m, enum sample_kind kind)
{
	json_t *array = json_array();

	for (size_t i = 0; i < m->n; i++) {
		if (m->samples[i].kind == kind) {
			json_array_append_new(array, fields_sample(&m->samples[i]));
		}
	}
	return array;
}

static void add_measurement(json_t *object, const struct request *request,
			    const struct measurement *m)
{
	fields_add_address(object, m);
	json_object_set_new(object, "method",
			    json_string(estimate_method_name(request->measure.method)));
	fields_add_estimate(object, &m->estimate);
	json_object_set_new(object, "server", fields_server(m));
	json_object_set_new(object, "samples", samples(m, SAMPLE_TIMESTAMPS));
	json_object_set_new(object, "times", samples(m, SAMPLE_TIME));
}

static void add_action(json_t *object, const struct request *request, const struct report_action *a)
{
	fields_add_decision(object, &a->decision);
	json_object_set_new(object, "dry_run", json_boolean(request->dry_run));
	json_object_set_new(object, "applied", json_boolean(a->applied));
	if (a->after) {
		json_t *after = json_object();

		fields_add_estimate(after, a->after);
		json_object_set_new(object, "after", after);
	} else {
		json_object_set_new(object, "after", json_null());
	}
}

json_t *report_json_of_server(const struct request *request, const struct measure_job *job,
			      const struct report_action *action)
{
	json_t *object = json_object();

	json_object_set_new(object, "host", json_string(job->target.host.name));
	if (job->rc != 0) {
		json_object_set_new(object, "error", json_string(job->why));
	} else {
		add_measurement(object, request, &job->measured);
	}
	json_object_set_new(object, "rounds", fields_rounds(&job->measured));
	if (action) {
		add_action(object, request, action);
	}
	return object;
}

json_t *report_json_of_all(const struct request *request, const struct combination *c,
			   const struct measure_job *jobs, const struct report_action *action)
{
	char why[REPORT_REFUSAL_MAX];
	json_t *object = json_pack("{s:i s:i s:i}", "servers", (int)c->servers, "answered",
				   (int)c->answered, "agreeing", (int)c->select.agreeing);

	json_object_set_new(object, "verdicts", fields_verdicts(c, jobs));
	if (c->rc == 0) {
		fields_add_estimate(object, &c->estimate);
		json_object_set_new(object, "of_utc", json_boolean(c->by_claims));
	} else {
		json_object_set_new(object, "error", json_string(report_discord(c, why)));
	}
	if (action) {
		add_action(object, request, action);
	}
	return object;
}

void report_json_server(const struct request *request, const struct measure_job *job,
			const struct report_action *action)
{
	fields_print(report_json_of_server(request, job, action));
}

void report_json_together(const struct request *request, const struct combination *c,
			  const struct measure_job *jobs, const struct report_action *action)
{
	fields_print(report_json_of_all(request, c, jobs, action));
}
