/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/fields.h"
#include "client/log_report/log_report.h"

static void set(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

static void set_count(json_t *object, const char *name, size_t n)
{
	set(object, name, json_integer((json_int_t)n));
}

json_t *log_report_damages(const struct track_log_damage *damages, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n && i < TRACK_LOG_DAMAGES; i++) {
		json_array_append_new(array,
				      json_pack("{s:I s:s}", "line", (json_int_t)damages[i].line,
						"why", damages[i].why));
	}
	return array;
}

static json_t *servers(const struct track_log *log)
{
	json_t *array = json_array();

	for (size_t i = 0; i < log->servers.n; i++) {
		const struct track_log_server *s = &log->servers.all[i];
		json_t *object = json_pack("{s:s s:i}", "host", s->host, "port", (int)s->port);

		set_count(object, "polls", s->polls);
		set_count(object, "answered", s->answered);
		set_count(object, "outvoted", s->outvoted);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *rounds(const struct track_log *log)
{
	const struct track_rounds *r = &log->rounds;

	if (log->without_rounds > 0) {
		return json_null();
	}
	return json_pack("{s:I s:I s:I s:I s:I s:I}", "sent", (json_int_t)r->sent, "received",
			 (json_int_t)r->received, "lost", (json_int_t)r->lost, "late",
			 (json_int_t)r->late, "duplicate", (json_int_t)r->duplicate, "discarded",
			 (json_int_t)r->discarded);
}

static json_t *spread(const struct summary_spread *s)
{
	json_t *object;

	if (s->polls == 0) {
		return json_null();
	}
	object = json_object();
	set_count(object, "measurements", s->polls);
	set(object, "offset_p5_s", fields_seconds(s->offset_p5));
	set(object, "offset_p50_s", fields_seconds(s->offset_p50));
	set(object, "offset_p95_s", fields_seconds(s->offset_p95));
	set(object, "offset_furthest_s", fields_seconds(s->offset_furthest));
	set(object, "max_error_p50_s", fields_seconds(s->bound_p50));
	set(object, "max_error_largest_s", fields_seconds(s->bound_most));
	set(object, "delay_least_s", fields_seconds(s->delay_least));
	set(object, "delay_p50_s", fields_seconds(s->delay_p50));
	return object;
}

static json_t *rate(const struct summary *s)
{
	if (!s->rate_known) {
		return json_null();
	}
	return json_pack("{s:o s:o s:o}", "last_ppm", fields_ppm(s->rate_last), "least_ppm",
			 fields_ppm(s->rate_least), "most_ppm", fields_ppm(s->rate_most));
}

static json_t *corrections(const struct summary *s)
{
	json_t *object;

	if (s->steered == 0) {
		return json_null();
	}
	object = json_object();
	set_count(object, "steps", s->steps);
	set(object, "largest_step_s", fields_seconds(s->largest_step));
	set_count(object, "slews", s->slews);
	set(object, "largest_slew_s", fields_seconds(s->largest_slew));
	set_count(object, "refused", s->refused);
	set_count(object, "failed", s->failed);
	set_count(object, "correcting", s->correcting);
	set(object, "correcting_s", fields_seconds(s->corrected_in));
	set(object, "furthest_s", fields_seconds(s->furthest));
	return object;
}

static json_t *hold_over(const struct summary *s)
{
	json_t *object;

	if (s->steered == 0) {
		return json_null();
	}
	object = json_object();
	set_count(object, "times", s->holdovers);
	set_count(object, "polls", s->held_polls);
	set(object, "total_s", fields_seconds(s->held));
	set(object, "longest_s", fields_seconds(s->held_longest));
	set(object, "max_error_s",
	    s->holdovers == 0 || s->held_error == INT64_MAX ? json_null()
							    : fields_seconds(s->held_error));
	set(object, "lasts", json_boolean(s->holding));
	return object;
}

static void add_polls(json_t *object, const struct summary *s)
{
	set(object, "begin_ns", json_integer((json_int_t)s->begin));
	set(object, "end_ns", json_integer((json_int_t)s->end));
	set_count(object, "polls", s->polls);
	set_count(object, "measured", s->measured);
	set_count(object, "unanswered", s->unanswered);
	set_count(object, "without_majority", s->discordant);
	set_count(object, "contradictions", s->contradictions);
	set_count(object, "runs", s->runs);
	set_count(object, "restarts", s->restarts);
}

static void add_convergence(json_t *object, const struct summary *s)
{
	const bool any = s->converged > 0;

	set_count(object, "converged", s->converged);
	set(object, "slowest_s", any ? fields_seconds(s->slowest) : json_null());
	set(object, "slowest_polls",
	    any ? json_integer((json_int_t)s->slowest_polls) : json_null());
	set(object, "before", spread(&s->before));
	set(object, "since", spread(&s->since));
}

void log_report_json(const struct log_report *r)
{
	const struct log_truth_sum truth = log_report_truth(r);
	json_t *object = json_object();

	set(object, "log", fields_text(r->name));
	set_count(object, "damaged", r->log->damaged);
	set(object, "damaged_lines", log_report_damages(r->log->damages, r->log->damaged));
	add_polls(object, r->summary);
	set(object, "servers", servers(r->log));
	set(object, "rounds", rounds(r->log));
	add_convergence(object, r->summary);
	set(object, "rate", rate(r->summary));
	set(object, "corrections", corrections(r->summary));
	set(object, "hold_over", hold_over(r->summary));
	set(object, "truth", log_truth_json(&truth));
	fields_print(object);
}
