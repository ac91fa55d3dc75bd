/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_view.h"

#include <stdio.h>
#include <string.h>

#include "measure/fields.h"
#include "track/track_names.h"

/* Copy text, as far as there is room. */
static void put(char *to, size_t size, const char *text)
{
	const size_t n = strnlen(text, size - 1);

	memset(to, 0, size);
	memcpy(to, text, n);
}

#define PUT(to, text) put(to, sizeof(to), text)

/* "HOST", "HOST:PORT" or "[HOST]:PORT". */
static void put_host(char to[TRACKING_HOST_MAX], const struct parse_host *host)
{
	if (host->port == 0) {
		snprintf(to, TRACKING_HOST_MAX, "%s", host->name);
	} else if (strchr(host->name, ':')) {
		snprintf(to, TRACKING_HOST_MAX, "[%s]:%u", host->name, host->port);
	} else {
		snprintf(to, TRACKING_HOST_MAX, "%s:%u", host->name, host->port);
	}
}

static void look_at_server(struct tracking_server *v, const struct parse_host *host,
			   const struct measure_job *job, const char *verdict, struct mono now)
{
	const struct measurement *m = &job->measured;
	char text[ADDRESS_TEXT_MAX];

	put_host(v->host, host);
	PUT(v->verdict, verdict);
	PUT(v->why, job->rc == 0 ? "" : job->why);
	v->reach = (v->reach << 1 | (job->rc == 0)) & 0xff;
	if (job->rc != 0) {
		return;
	}
	PUT(v->address, address_text(&m->server, text));
	v->measured = 1;
	v->at = now;
	v->offset = m->estimate.offset;
	v->max_error = m->estimate.max_error;
	v->delay = m->estimate.delay;
	v->synchronised = m->quality_known && m->quality.synchronised;
	v->claimed = v->synchronised ? m->quality.max_error : INT64_MAX;
}

static void look_at_clock(struct tracking *v, const struct track_record *r,
			  const struct steering *s)
{
	const struct discipline_status *status = &r->status;

	PUT(v->phase, track_phase_name(r->steered ? status->phase : DISCIPLINE_STARTING));
	PUT(v->event, track_event_name(r->decision.event));
	PUT(v->action, track_action_name(r->decision.action));
	PUT(v->leap, fields_leap_name(r->measured->rc == 0 ? combine_leap(r->measured, r->jobs)
							   : CLOCK_LEAP_UNKNOWN));
	v->measured = r->steered && status->phase != DISCIPLINE_STARTING;
	v->offset = status->offset;
	v->max_error = status->max_error;
	v->reference_error = s->reference_error;
	v->rate_known = r->steered && status->rate_known;
	v->rate_ppb = status->rate_ppb;
	v->skew_ppb = status->rate_chance_ppb;
	v->frequency_ppb = s->discipline.frequency_ppb;
	v->slew_ppb = s->slewing ? r->decision.slew_ppb : 0;
	v->slew_end = mono_add(s->slew_from, s->slew_for);
	v->used = (int64_t)status->used;
}

void track_view_polled(struct tracking *v, const struct track_record *r,
		       const struct track_servers *servers, const struct steering *s,
		       struct mono now, dur_ns next_poll)
{
	const struct combination *c = r->measured;

	v->interval = v->polls > 0 ? mono_since(now, v->at) : 0;
	v->polls++;
	v->at = now;
	v->time = r->at;
	v->next = mono_add(now, next_poll);
	v->agreeing = (int64_t)(c->rc == 0 ? c->select.truechimers : 0);
	v->counted = (int64_t)c->servers;
	v->n = (int64_t)c->named;
	look_at_clock(v, r, s);
	for (size_t i = 0; i < c->named && i < TRACKING_SERVERS_MAX; i++) {
		look_at_server(&v->servers[i], &servers->hosts[i], &r->jobs[i],
			       fields_verdict_name(c, r->jobs, i), now);
	}
}

void track_view_settled(struct tracking *v)
{
	v->slew_ppb = 0;
}
