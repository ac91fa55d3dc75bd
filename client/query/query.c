/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/query/query.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/series.h"
#include "measure/truth.h"
#include "measure/fields.h"
#include "client/print/report.h"
#include "client/print/series_report.h"
#include "client/query/query_output.h"
#include "track/track_signals.h"
#include "track/track_sink.h"
#include "client/verbs.h"
#include "os/clock_system.h"
#include "os/stdio.h"

/* Between two measurements where only --count is given. */
#define USUAL_INTERVAL NS_PER_SEC

/* A server between two measurements. */
struct kept_server {
	struct measure_kept way;
	struct target target; /* with its addresses, if it was measured last time */
};

struct query {
	struct request *request;
	const struct query_options *options;
	struct query_output output;
	struct kept_server *servers; /* as many as hosts; of a series only */
	struct series series;
	struct track_signals signals;
	struct track_sink log;
	int64_t done;     /* measurements */
	bool out_of_room; /* a number could not be kept */
	bool closed;      /* nobody reads standard output any more */
};

bool query_is_series(const struct query_options *o)
{
	return o->interval > 0 || o->count > 1;
}

/* --- one measurement --- */

static void prepare(const struct query *q, struct measure_job *jobs)
{
	for (size_t i = 0; i < q->request->n_hosts; i++) {
		jobs[i].target.host = q->request->hosts[i];
		if (q->servers) {
			jobs[i].kept = &q->servers[i].way;
			if (q->servers[i].target.n > 0) {
				jobs[i].target = q->servers[i].target;
			}
		}
	}
}

/* Keep the way to a server that was measured; look for one that was not from the beginning. */
static void keep_ways(const struct query *q, const struct measure_job *jobs)
{
	for (size_t i = 0; q->servers && i < q->request->n_hosts; i++) {
		struct kept_server *s = &q->servers[i];

		if (jobs[i].rc == 0) {
			s->target = jobs[i].target;
		} else {
			s->target.n = 0;
			measure_forget(&s->way);
		}
	}
}

static struct query_instant now_of(const struct query *q)
{
	const ts_ns real = clock_now(clock_system());

	return (struct query_instant){ q->done + 1,
				       clock_from_kernel(q->request->measure.clock, real), real };
}

/* When the estimate was made, by both clocks; now, where there is none. */
static struct query_instant instant_of(const struct query *q, const struct estimate *e)
{
	struct query_instant when = now_of(q);

	if (e) {
		when.at = e->at;
		when.system_at = truth_system_time(q->request->measure.clock, e->at);
	}
	return when;
}

static void log_object(struct query *q, json_t *object)
{
	char *text = q->options->log_file ? fields_dump(object) : NULL;

	if (text) {
		track_sink_write(&q->log, text);
	}
	free(text);
	json_decref(object);
}

static void collect(struct query *q, const struct query_instant *when,
		    const struct measure_job *job, size_t place)
{
	const struct measurement *m = &job->measured;
	struct series_server *s = series_find(&q->series, job->target.host.name, place);
	bool ok = s != NULL;

	if (!s) {
		q->out_of_room = true;
		return;
	}
	series_note(&q->series, s, when->at);
	s->counts.sent += m->counts.sent;
	s->counts.received += m->counts.received;
	s->counts.lost += m->counts.lost;
	s->counts.late += m->counts.late;
	s->counts.duplicate += m->counts.duplicate;
	s->counts.discarded += m->stepped;
	s->port = job->rc == 0   ? address_port(&m->server)
		  : s->port != 0 ? s->port
				 : job->target.host.port;
	s->measured += job->rc == 0;
	for (size_t i = 0; job->rc == 0 && i < m->n; i++) {
		if (m->samples[i].kind == SAMPLE_TIMESTAMPS) {
			ok &= series_add(&s->round_trips, sample_delay(&m->samples[i]));
		}
	}
	ok &= job->rc != 0 || series_add(&s->offsets, m->estimate.offset);
	q->out_of_room |= !ok;
}

/* Report on one server. */
static void take_server(struct query *q, const struct measure_job *job, size_t place)
{
	const struct query_instant when =
		instant_of(q, job->rc == 0 ? &job->measured.estimate : NULL);

	if (job->rc != 0) {
		fflush(stdout); /* so that the two come in order where they are shown together */
		stdio_complain(q->request->program, "%s", job->why);
	}
	query_output_server(&q->output, &when, job, place);
	log_object(q, query_json_server(q->request, &when, job, place));
	collect(q, &when, job, place);
}

/* Report their combined result. Returns the exit status of this measurement. */
static int conclude(struct query *q, const struct measure_job *jobs)
{
	struct combination c;
	struct query_instant when;
	char why[REPORT_REFUSAL_MAX];

	combine(&c, jobs, q->request->n_hosts);
	when = instant_of(q, c.rc == 0 ? &c.estimate : NULL);
	if (q->request->n_hosts > 1) {
		query_output_together(&q->output, &when, &c, jobs);
		log_object(q, query_json_together(q->request, &when, &c, jobs));
	}
	if (c.rc == -EDOM || (c.servers == 0 && q->request->n_hosts > 1)) {
		fflush(stdout);
		stdio_complain(q->request->program, "%s", report_discord(&c, why));
		return STATUS_REFUSED;
	}
	return c.answered == c.servers ? STATUS_DONE : STATUS_NO_ANSWER;
}

static void report(struct query *q, struct measure_job *jobs, int *status)
{
	for (size_t i = 0; i < q->request->n_hosts; i++) {
		take_server(q, &jobs[i], i + 1);
	}
	*status = conclude(q, jobs);
	q->closed |= fflush(stdout) != 0 && errno == EPIPE;
	q->done++;
}

/* Measure once. One that a signal has called off says nothing of the servers, and is left out. */
static int measure_once(struct query *q)
{
	struct request *r = q->request;
	struct measure_job *jobs = calloc(r->n_hosts, sizeof(*jobs));
	int status = STATUS_NO_ANSWER;

	if (jobs) {
		prepare(q, jobs);
		measure_take_drift(&r->measure);
	}
	if (!jobs || !measure_jobs(jobs, r->n_hosts, &r->target, &r->measure)) {
		stdio_complain(r->program, "out of memory");
	} else if (!q->servers || !track_signals_pending(&q->signals)) {
		keep_ways(q, jobs);
		report(q, jobs, &status);
	}
	measure_all_free(jobs, r->n_hosts);
	return status;
}

/* --- a series --- */

/* Obey the signals that have come. False when it is time to end. */
static bool obey(struct query *q)
{
	const struct track_signals_taken taken = track_signals_take(&q->signals);

	if (taken.reopen) {
		track_sink_reopen(&q->log);
	}
	return taken.end == 0 && !taken.deserted && !q->closed;
}

/* Wait until then. False when it is time to end. */
static bool rest(struct query *q, struct mono until)
{
	int rc;

	do {
		if (!obey(q)) {
			return false;
		}
		rc = clock_wait(q->request->measure.clock, q->signals.any, POLLIN, until);
	} while (rc == 0 || rc == -ECANCELED);
	return true;
}

/* The summary: on stdout unless that is for programs that read other lines there. */
static void summarise(struct query *q)
{
	const enum request_format format = q->request->format;
	FILE *out = format == FORMAT_CSV || format == FORMAT_CLASSIC ? stderr : stdout;

	if (q->series.measurements == 0) {
		return;
	}
	if (format == FORMAT_JSON) {
		fields_print(json_pack("{s:o}", "summary", series_json(&q->series)));
		return;
	}
	fputc('\n', out);
	series_print(out, &q->series);
	(void)fflush(out);
}

/* The exit status: whether each server has been measured once at least. */
static int judge(const struct query *q)
{
	if (q->out_of_room) {
		stdio_complain(q->request->program,
			       "out of memory: the summary does not count all rounds");
	}
	if (q->log.lost > 0 || q->closed) {
		return STATUS_USAGE;
	}
	for (size_t i = 0; i < q->series.n; i++) {
		if (q->series.servers[i].measured == 0) {
			return STATUS_NO_ANSWER;
		}
	}
	return q->series.n > 0 ? STATUS_DONE : STATUS_NO_ANSWER;
}

/* At a steady pace; a measurement that takes longer than the interval delays the next ones. */
static int measure_again_and_again(struct query *q)
{
	const dur_ns interval = q->options->interval > 0 ? q->options->interval : USUAL_INTERVAL;
	struct clock *clock = q->request->measure.clock;
	struct mono due = clock_mono(clock);
	bool more;

	do {
		(void)measure_once(q);
		due = mono_add(due, interval);
		if (mono_since(due, clock_mono(clock)) < 0) {
			due = clock_mono(clock);
		}
		more = q->options->count == 0 || q->done < q->options->count;
	} while (more && rest(q, due));
	summarise(q);
	return judge(q);
}

static int run_series(struct query *q)
{
	struct clock *clock = q->request->measure.clock;
	int rc = track_signals_open(&q->signals);
	int status = STATUS_USAGE;

	q->servers = calloc(q->request->n_hosts, sizeof(*q->servers));
	if (rc != 0 || !q->servers) {
		stdio_complain(q->request->program, "%s", strerror(rc != 0 ? -rc : ENOMEM));
	} else {
		clock_cancel_by(clock, q->signals.end);
		status = measure_again_and_again(q);
		clock_cancel_by(clock, 0);
	}
	for (size_t i = 0; q->servers && i < q->request->n_hosts; i++) {
		measure_forget(&q->servers[i].way);
	}
	free(q->servers);
	track_signals_close(&q->signals);
	return status;
}

int query_run(struct request *request, const struct query_options *options)
{
	struct query q = {
		.request = request,
		.options = options,
		.output = { .request = request },
		.signals = { .any = -1, .end = -1 },
	};
	int status =
		track_sink_open(&q.log, request->program, "measuring goes on", options->log_file);

	if (status == STATUS_DONE) {
		status = query_is_series(options) ? run_series(&q) : measure_once(&q);
	}
	if (status == STATUS_DONE && q.log.lost > 0) {
		status = STATUS_USAGE;
	}
	track_sink_close(&q.log);
	series_free(&q.series);
	return status;
}
