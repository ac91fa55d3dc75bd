/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/fields.h"

#include "core/printable.h"

json_t *fields_seconds(dur_ns d)
{
	return json_real((double)d / NS_PER_SEC);
}

json_t *fields_ppm(int64_t ppb)
{
	return json_real((double)ppb / 1000);
}

json_t *fields_sample(const struct sample *s)
{
	return json_pack("{s:I s:I s:I s:I s:o s:o}", "t1_ns", (json_int_t)s->t1, "t2_ns",
			 (json_int_t)s->t2, "t3_ns", (json_int_t)s->t3, "t4_ns", (json_int_t)s->t4,
			 "offset_s", fields_seconds(sample_offset(s)), "delay_s",
			 fields_seconds(sample_delay(s)));
}

const char *fields_leap_name(enum clock_leap leap)
{
	switch (leap) {
	case CLOCK_LEAP_NONE:
		return "none";
	case CLOCK_LEAP_INSERT:
		return "insert";
	case CLOCK_LEAP_DELETE:
		return "delete";
	case CLOCK_LEAP_IN_PROGRESS:
		return "in-progress";
	case CLOCK_LEAP_UNKNOWN:
		break;
	}
	return "unknown";
}

static const char *action_name(enum policy_action action)
{
	switch (action) {
	case POLICY_NONE:
		return "none";
	case POLICY_SLEW:
		return "slew";
	case POLICY_STEP:
		return "step";
	case POLICY_REFUSE:
		break;
	}
	return "refuse";
}

static json_t *rounds(const struct call_counts *c, unsigned discarded)
{
	return json_pack("{s:i s:i s:i s:i s:i s:i}", "sent", (int)c->sent, "received",
			 (int)c->received, "lost", (int)c->lost, "late", (int)c->late, "duplicate",
			 (int)c->duplicate, "discarded", (int)discarded);
}

json_t *fields_rounds(const struct measurement *m)
{
	return rounds(&m->counts, m->stepped);
}

json_t *fields_rounds_of_all(const struct measure_job *jobs, size_t n)
{
	struct call_counts sum = { 0 };
	unsigned discarded = 0;

	for (size_t i = 0; i < n; i++) {
		const struct call_counts *c = &jobs[i].measured.counts;

		sum.sent += c->sent;
		sum.received += c->received;
		sum.lost += c->lost;
		sum.late += c->late;
		sum.duplicate += c->duplicate;
		discarded += jobs[i].measured.stepped;
	}
	return rounds(&sum, discarded);
}

json_t *fields_server(const struct measurement *m)
{
	const struct clock_quality *q = &m->quality;

	if (!m->quality_known) {
		return json_pack("{s:n s:n s:n}", "sync", "max_error_s", "leap");
	}
	return json_pack("{s:s s:o s:s}", "sync",
			 q->synchronised ? "synchronised" : "unsynchronised", "max_error_s",
			 q->synchronised ? fields_seconds(q->max_error) : json_null(), "leap",
			 fields_leap_name(q->leap));
}

const char *fields_verdict_name(const struct combination *c, const struct measure_job *jobs,
				size_t i)
{
	if (jobs[i].is_self) {
		return "self";
	}
	if (jobs[i].same_as) {
		return "duplicate";
	}
	if (jobs[i].rc != 0) {
		return "unmeasured";
	}
	switch (c->select.verdict[i]) {
	case SELECT_TRUECHIMER:
		return "truechimer";
	case SELECT_AHEAD:
		return "ahead";
	case SELECT_BEHIND:
		return "behind";
	case SELECT_NO_MAJORITY:
		return "no-majority";
	case SELECT_UNUSABLE:
		break;
	}
	return "unusable";
}

json_t *fields_verdicts(const struct combination *c, const struct measure_job *jobs)
{
	json_t *array = json_array();

	for (size_t i = 0; i < c->named; i++) {
		const struct parse_host *host = &jobs[i].target.host;
		const struct address *at = jobs[i].rc == 0 ? &jobs[i].measured.server : NULL;
		char text[ADDRESS_TEXT_MAX];

		json_array_append_new(array,
				      json_pack("{s:s s:s? s:i s:s}", "host", host->name, "address",
						at ? address_host_text(at, text) : NULL, "port",
						(int)(at ? address_port(at) : host->port),
						"verdict", fields_verdict_name(c, jobs, i)));
	}
	return array;
}

void fields_add_address(json_t *object, const struct measurement *m)
{
	char address[ADDRESS_TEXT_MAX];

	json_object_set_new(object, "address", json_string(address_host_text(&m->server, address)));
	json_object_set_new(object, "port", json_integer(address_port(&m->server)));
	json_object_set_new(object, "transport",
			    json_string(m->socktype == SOCK_DGRAM ? "udp" : "tcp"));
}

void fields_add_estimate(json_t *object, const struct estimate *e)
{
	json_object_set_new(object, "offset_s", fields_seconds(e->offset));
	json_object_set_new(object, "delay_s", fields_seconds(e->delay));
	json_object_set_new(object, "max_error_s", fields_seconds(e->max_error));
}

void fields_add_decision(json_t *object, const struct policy_decision *d)
{
	json_object_set_new(object, "action", json_string(action_name(d->action)));
	json_object_set_new(object, "reason", json_string(policy_reason_text(d->reason)));
	json_object_set_new(object, "correction_s", fields_seconds(d->correction));
	json_object_set_new(object, "finish_in_s", fields_seconds(d->finish_in));
}

#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

char *fields_dump(const json_t *object)
{
	return json_dumps(object, DUMP_FLAGS);
}

void fields_print(json_t *object)
{
	(void)json_dumpf(object, stdout, DUMP_FLAGS);
	putchar('\n');
	(void)fflush(stdout); /* the reader of a stream waits for this line */
	json_decref(object);
}

/* Longer than any message, the longest of paths in it. */
#define TEXT_MAX 4400

json_t *fields_text(const char *raw)
{
	char text[TEXT_MAX];

	return json_string(printable_copy(text, sizeof(text), raw));
}

void fields_print_error(const char *why)
{
	fields_print(json_pack("{s:o}", "error", fields_text(why)));
}
