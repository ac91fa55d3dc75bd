/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/query/query_output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "measure/fields.h"
#include "client/print/report.h"
#include "print/words.h"
#include "core/printable.h"

#define DAY (86400 * NS_PER_SEC)

/* The rounds of one measurement, as a row shows them. */
struct row {
	const char *host;                   /* "together" for several */
	unsigned port;                      /* 0: none */
	const struct measurement *measured; /* null for several */
	const struct estimate *estimate;    /* null: there is none */
	const char *why;                    /* then */
	size_t rounds;
	dur_ns mean, least, most; /* of their round trips */
};

static void add_round_trips(struct row *row, const struct measurement *m)
{
	dur_ns sum = 0;

	for (size_t i = 0; i < m->n; i++) {
		const dur_ns delay = sample_delay(&m->samples[i]);

		if (m->samples[i].kind != SAMPLE_TIMESTAMPS) {
			continue;
		}
		row->least = row->rounds == 0 || delay < row->least ? delay : row->least;
		row->most = delay > row->most ? delay : row->most;
		sum += delay; /* each is below 2^62, and they are real round trips */
		row->rounds++;
	}
	row->mean = row->rounds > 0 ? sum / (dur_ns)row->rounds : 0;
}

static struct row row_of_server(const struct measure_job *job)
{
	struct row row = { .host = job->target.host.name,
			   .port = job->target.host.port,
			   .measured = &job->measured,
			   .why = job->why };

	if (job->rc == 0) {
		row.estimate = &job->measured.estimate;
		row.port = address_port(&job->measured.server);
		add_round_trips(&row, &job->measured);
	}
	return row;
}

static struct row row_together(const struct combination *c)
{
	return (struct row){ .host = "together",
			     .estimate = c->rc == 0 ? &c->estimate : NULL,
			     .why = combine_why(c) };
}

/* "alpha:5542"; "alpha" where the port is not known. */
#define NAME_MAX_LENGTH (PARSE_HOST_MAX + 8)

static const char *name_of(const struct row *row, char buf[NAME_MAX_LENGTH])
{
	if (row->port != 0) {
		snprintf(buf, NAME_MAX_LENGTH, "%s:%u", row->host, row->port);
	} else {
		snprintf(buf, NAME_MAX_LENGTH, "%s", row->host);
	}
	return buf;
}

/* "2026-11-28T14:03:05" in UTC, with so many decimals of the second behind it. Returns `buf`. */
#define STAMP_MAX   48
#define STAMP_CLOCK 11 /* where the time of day begins */

static const char *stamp(ts_ns t, int decimals, char buf[STAMP_MAX])
{
	const time_t seconds = (time_t)(t / NS_PER_SEC);
	char fraction[24];
	struct tm tm;
	size_t n;

	if (!gmtime_r(&seconds, &tm)) {
		tm = (struct tm){ .tm_mday = 1 }; /* no time in our range has none */
	}
	n = strftime(buf, STAMP_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(fraction, sizeof(fraction), "%09" PRId64, t % NS_PER_SEC);
	if (decimals > 0) {
		snprintf(buf + n, STAMP_MAX - n, ".%.*s", decimals, fraction);
	}
	return buf;
}

/* --- a table for people --- */

static bool is_alone(const struct query_output *o)
{
	return o->request->n_hosts == 1;
}

/* A server's name takes its column; of one server alone it is in the head. */
static void print_cells(const struct query_output *o, const char *time, const char *name,
			const char *offset, const char *bound, const char *round_trip,
			const char *lost)
{
	printf("%-14s", time);
	if (!is_alone(o)) {
		printf("%-18.17s", name);
	}
	printf("%-18s%-13s%-12s%s\n", offset, bound, round_trip, lost);
}

/* The head, again whenever another day begins. */
static void print_head(struct query_output *o, const struct query_instant *when,
		       const struct row *row)
{
	const int64_t day = when->at / DAY;
	char date[STAMP_MAX], name[NAME_MAX_LENGTH];

	if (o->headed && day == o->day) {
		return;
	}
	if (is_alone(o)) {
		printf("%s%s", o->headed ? "" : name_of(row, name), o->headed ? "" : ", ");
	}
	printf("%.10s, times in UTC\n", stamp(when->at, 0, date));
	print_cells(o, "time", "server", "local clock is", "+/-", "round trip", "lost");
	o->headed = true;
	o->day = day;
}

static void print_table_row(struct query_output *o, const struct query_instant *when,
			    const struct row *row)
{
	char time[STAMP_MAX], name[NAME_MAX_LENGTH], offset[WORDS_MAX], bound[WORDS_MAX];
	char round_trip[WORDS_MAX] = "", lost[16] = "";

	print_head(o, when, row);
	stamp(when->at, 3, time);
	if (row->measured) {
		snprintf(lost, sizeof(lost), "%u", row->measured->counts.lost);
	}
	if (!row->estimate) {
		print_cells(o, time + STAMP_CLOCK, name_of(row, name), "unknown", "", "", lost);
		return;
	}
	if (row->rounds > 0) {
		words_duration(row->mean, round_trip);
	}
	print_cells(o, time + STAMP_CLOCK, name_of(row, name),
		    words_offset(row->estimate->offset, offset),
		    words_bound(row->estimate->max_error, bound), round_trip, lost);
}

/* --- a line for people --- */

static void print_line(const struct query_instant *when, const struct row *row)
{
	char time[STAMP_MAX], name[NAME_MAX_LENGTH], offset[WORDS_MAX], bound[WORDS_MAX];

	printf("%sZ %s ", stamp(when->at, 0, time), name_of(row, name));
	if (!row->estimate) {
		puts("unknown");
		return;
	}
	printf("%s +/- %s", words_offset(row->estimate->offset, offset),
	       words_bound(row->estimate->max_error, bound));
	if (row->rounds > 0) {
		printf(" rtt %s", words_duration(row->mean, offset));
	}
	putchar('\n');
}

/* --- comma-separated values (RFC 4180) --- */

static const char csv_head[] = "number,time_ns,time_utc,host,port,transport,method,rounds,lost,"
			       "offset_s,max_error_s,delay_s,round_trip_mean_s,"
			       "round_trip_least_s,round_trip_largest_s,error";

static void print_quoted(const char *raw)
{
	char text[TARGET_WHY_MAX];

	putchar('"');
	for (const char *c = printable_copy(text, sizeof(text), raw); *c; c++) {
		if (*c == '"') {
			putchar('"');
		}
		putchar(*c);
	}
	putchar('"');
}

static void print_seconds(bool known, dur_ns d)
{
	char text[WORDS_MAX];

	printf(",%s", known ? words_seconds(d, text) : "");
}

static void print_csv_counts(const struct query_output *o, const struct row *row)
{
	const struct measurement *m = row->measured;

	if (row->port != 0) {
		printf(",%u", row->port);
	} else {
		putchar(',');
	}
	if (!m) {
		printf(",,,,");
		return;
	}
	printf(",%s,%s,%zu,%u", o->request->target.socktype == SOCK_DGRAM ? "udp" : "tcp",
	       estimate_method_name(o->request->measure.method), row->rounds, m->counts.lost);
}

static void print_csv_row(struct query_output *o, const struct query_instant *when,
			  const struct row *row)
{
	const struct estimate none = { .offset = 0 };
	const struct estimate *e = row->estimate ? row->estimate : &none;
	char time[STAMP_MAX];

	if (!o->headed) {
		puts(csv_head);
		o->headed = true;
	}
	stamp(when->at, 9, time);
	printf("%" PRId64 ",%" PRId64 ",%sZ,%s", when->number, when->at, time, row->host);
	print_csv_counts(o, row);
	print_seconds(row->estimate, e->offset);
	print_seconds(row->estimate, e->max_error);
	print_seconds(row->estimate, e->delay);
	print_seconds(row->rounds > 0, row->mean);
	print_seconds(row->rounds > 0, row->least);
	print_seconds(row->rounds > 0, row->most);
	putchar(',');
	if (!row->estimate) {
		print_quoted(row->why);
	}
	putchar('\n');
}

/* --- JSON --- */

static json_t *with_instant(json_t *object, const struct query_instant *when)
{
	json_object_set_new(object, "number", json_integer((json_int_t)when->number));
	json_object_set_new(object, "time_ns", json_integer((json_int_t)when->at));
	json_object_set_new(object, "system_ns", json_integer((json_int_t)when->system_at));
	return object;
}

json_t *query_json_server(const struct request *request, const struct query_instant *when,
			  const struct measure_job *job, size_t place)
{
	json_t *object = report_json_of_server(request, job, NULL);

	if (job->rc != 0) {
		json_object_set_new(object, "port", json_integer(job->target.host.port));
	}
	json_object_set_new(object, "place", json_integer((json_int_t)place));
	return with_instant(object, when);
}

json_t *query_json_together(const struct request *request, const struct query_instant *when,
			    const struct combination *c, const struct measure_job *jobs)
{
	return with_instant(report_json_of_all(request, c, jobs, NULL), when);
}

/* --- any of these --- */

static void print_row(struct query_output *o, const struct query_instant *when,
		      const struct row *row)
{
	switch (o->request->format) {
	case FORMAT_TABLE:
		print_table_row(o, when, row);
		break;
	case FORMAT_LINE:
		print_line(when, row);
		break;
	case FORMAT_CSV:
		print_csv_row(o, when, row);
		break;
	case FORMAT_PEOPLE:
	case FORMAT_JSON:
	case FORMAT_CLASSIC:
		break;
	}
}

void query_output_server(struct query_output *o, const struct query_instant *when,
			 const struct measure_job *job, size_t place)
{
	const struct row row = row_of_server(job);

	if (o->request->format == FORMAT_JSON) {
		fields_print(query_json_server(o->request, when, job, place));
	} else if (o->request->format == FORMAT_CLASSIC && job->rc == 0) {
		report_classic(&job->measured);
	} else if (o->request->format == FORMAT_PEOPLE) {
		if (job->rc == 0) {
			fputs(o->headed ? "\n" : "", stdout);
			report_server(o->request, job);
			o->headed = true;
		}
	} else {
		print_row(o, when, &row);
	}
}

void query_output_together(struct query_output *o, const struct query_instant *when,
			   const struct combination *c, const struct measure_job *jobs)
{
	const struct row row = row_together(c);

	if (o->request->format == FORMAT_JSON) {
		fields_print(query_json_together(o->request, when, c, jobs));
	} else if (o->request->format == FORMAT_PEOPLE) {
		putchar('\n');
		report_together(c, jobs);
	} else {
		print_row(o, when, &row);
	}
}
