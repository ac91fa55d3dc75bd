/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_line.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "measure/fields_read.h"
#include "track/track_names.h"

static bool read_measurement(const json_t *object, struct summary_poll *p)
{
	p->measured = json_object_get(object, "offset_s") != NULL;
	return !p->measured ||
	       (p->answered && fields_read_seconds(object, "offset_s", &p->offset) &&
		fields_read_size(object, "delay_s", &p->delay) &&
		fields_read_size(object, "max_error_s", &p->max_error));
}

static bool read_steering(const json_t *object, struct summary_poll *p)
{
	const int event = track_event_find(fields_read_name(object, "event"));
	const int action = track_action_find(fields_read_name(object, "action"));
	const int phase = track_phase_find(fields_read_name(object, "phase"));

	p->steered = json_object_get(object, "event") != NULL;
	if (!p->steered) {
		return true;
	}
	p->event = (enum discipline_event)event;
	p->action = (enum discipline_action)action;
	p->phase = (enum discipline_phase)phase;
	return event >= 0 && action >= 0 && phase >= 0 &&
	       fields_read_seconds(object, "correction_s", &p->correction) &&
	       fields_read_seconds(object, "estimate_s", &p->estimate) &&
	       fields_read_bound(object, "estimate_error_s", &p->estimate_error) &&
	       (json_is_null(json_object_get(object, "rate_ppm")) ||
		fields_read_ppm(object, "rate_ppm", &p->rate_ppb));
}

static bool read_poll(const json_t *object, struct summary_poll *p)
{
	int64_t servers, answered;

	memset(p, 0, sizeof(*p));
	if (!fields_read_count(object, "time_ns", &p->at) || !ts_valid(p->at) ||
	    !fields_read_count(object, "servers", &servers) ||
	    !fields_read_count(object, "answered", &answered)) {
		return false;
	}
	if (json_object_get(object, "system_ns") &&
	    !fields_read_time(object, "system_ns", &p->system_at)) {
		return false;
	}
	p->answered = answered > 0;
	return read_measurement(object, p) && read_steering(object, p) && ts_valid(summary_time(p));
}

static bool read_rounds(const json_t *object, struct track_line *out)
{
	const json_t *rounds = json_object_get(object, "rounds");
	struct track_rounds *r = &out->rounds;

	out->rounds_known = rounds != NULL;
	return !out->rounds_known || (fields_read_count(rounds, "sent", &r->sent) &&
				      fields_read_count(rounds, "received", &r->received) &&
				      fields_read_count(rounds, "lost", &r->lost) &&
				      fields_read_count(rounds, "late", &r->late) &&
				      fields_read_count(rounds, "duplicate", &r->duplicate) &&
				      fields_read_count(rounds, "discarded", &r->discarded));
}

static bool read_verdict(const json_t *object, struct track_verdict *out)
{
	const char *verdict = fields_read_name(object, "verdict");
	struct parse_host host;
	int64_t port;

	/* Text that is not a host name is not shown on a terminal. */
	if (parse_host(fields_read_name(object, "host"), &host) != 0 || host.port != 0 ||
	    !fields_read_count(object, "port", &port) || port > UINT16_MAX || verdict[0] == '\0') {
		return false;
	}
	memcpy(out->host, host.name, sizeof(out->host));
	out->port = (uint16_t)port;
	out->answered = strcmp(verdict, "unmeasured") != 0;
	out->outvoted = strcmp(verdict, "ahead") == 0 || strcmp(verdict, "behind") == 0;
	return true;
}

static bool read_verdicts(const json_t *object, struct track_line *out)
{
	const json_t *verdicts = json_object_get(object, "verdicts");
	const size_t n = json_array_size(verdicts);

	if (n == 0) {
		return !verdicts || json_is_array(verdicts);
	}
	out->verdicts = calloc(n, sizeof(*out->verdicts));
	for (; out->verdicts && out->n_verdicts < n; out->n_verdicts++) {
		const size_t i = out->n_verdicts;

		if (!read_verdict(json_array_get(verdicts, i), &out->verdicts[i])) {
			return false;
		}
	}
	return out->verdicts != NULL;
}

bool track_line_read(struct track_line *out, const char *text, size_t len, const char **why)
{
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	bool ok;

	memset(out, 0, sizeof(*out));
	ok = object && read_poll(object, &out->poll) && read_rounds(object, out) &&
	     read_verdicts(object, out);
	if (!ok) {
		track_line_free(out);
	}
	*why = object ? "is not a poll of timesync track" : "is no JSON";
	json_decref(object);
	return ok;
}

void track_line_free(struct track_line *line)
{
	free(line->verdicts);
	line->verdicts = NULL;
	line->n_verdicts = 0;
}
