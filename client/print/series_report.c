/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/print/series_report.h"

#include <inttypes.h>

#include "measure/fields.h"
#include "print/words.h"

/* --- for people --- */

#define HEAD   "%-20s"
#define COLUMN "%-22s"

typedef const char *words_fn(dur_ns d, char buf[WORDS_MAX]);

static void print_head(FILE *out, const struct series_server *s)
{
	const struct series_counts *c = &s->counts;
	char port[16] = "";

	if (s->port != 0) {
		snprintf(port, sizeof(port), ":%u", s->port);
	}
	fprintf(out, "server   %s%s\n", s->host, port);
	fprintf(out, "measured %zu of %zu time%s\n", s->measured, s->measurements,
		s->measurements == 1 ? "" : "s");
	fprintf(out,
		"packets  %" PRId64 " sent, %" PRId64 " received, %" PRId64 " lost, %" PRId64
		" late, %" PRId64 " duplicate\n",
		c->sent, c->received, c->lost, c->late, c->duplicate);
	if (c->discarded > 0) {
		fprintf(out,
			"         %" PRId64 " round%s discarded: a clock was stepped meanwhile\n",
			c->discarded, c->discarded == 1 ? "" : "s");
	}
}

static void print_row(FILE *out, const char *name, dur_ns round_trip, dur_ns offset,
		      words_fn *offset_words)
{
	char words[WORDS_MAX];

	fprintf(out, HEAD COLUMN, name, words_duration(round_trip, words));
	fprintf(out, "%s\n", offset_words(offset, words));
}

static void print_table(FILE *out, const struct spread *r, const struct spread *o)
{
	char words[WORDS_MAX];

	fprintf(out, HEAD COLUMN "%s\n", "", "round trip", "local clock is");
	fprintf(out, HEAD "%-22zu%zu\n", "number", r->n, o->n);
	print_row(out, "mean", r->mean, o->mean, words_offset);
	fprintf(out, HEAD COLUMN, "standard deviation",
		r->n > 1 ? words_duration(r->deviation, words) : "unknown");
	fprintf(out, "%s\n", o->n > 1 ? words_duration(o->deviation, words) : "unknown");
	print_row(out, "least", r->least, o->least, words_offset);
	print_row(out, "5 %", r->p5, o->p5, words_offset);
	print_row(out, "median", r->p50, o->p50, words_offset);
	print_row(out, "95 %", r->p95, o->p95, words_offset);
	print_row(out, "largest", r->most, o->most, words_offset);
}

void series_print(FILE *out, struct series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct series_server *server = &s->servers[i];
		struct spread round_trips, offsets;

		fprintf(out, "%s", i > 0 ? "\n" : "");
		print_head(out, server);
		if (series_spread(&server->round_trips, &round_trips) &&
		    series_spread(&server->offsets, &offsets)) {
			fputc('\n', out);
			print_table(out, &round_trips, &offsets);
		}
	}
}

/* --- for programs --- */

static void set(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

json_t *series_spread_json(struct series_numbers *numbers)
{
	struct spread s;
	json_t *object;

	if (!series_spread(numbers, &s)) {
		return json_null();
	}
	object = json_pack("{s:I}", "n", (json_int_t)s.n);
	set(object, "mean_s", fields_seconds(s.mean));
	set(object, "deviation_s", s.n > 1 ? fields_seconds(s.deviation) : json_null());
	set(object, "least_s", fields_seconds(s.least));
	set(object, "p5_s", fields_seconds(s.p5));
	set(object, "p50_s", fields_seconds(s.p50));
	set(object, "p95_s", fields_seconds(s.p95));
	set(object, "largest_s", fields_seconds(s.most));
	return object;
}

static json_t *server_json(struct series_server *s)
{
	const struct series_counts *c = &s->counts;
	json_t *object = json_pack("{s:s s:i s:I s:I}", "host", s->host, "port", (int)s->port,
				   "measurements", (json_int_t)s->measurements, "measured",
				   (json_int_t)s->measured);

	set(object, "rounds",
	    json_pack("{s:I s:I s:I s:I s:I s:I}", "sent", (json_int_t)c->sent, "received",
		      (json_int_t)c->received, "lost", (json_int_t)c->lost, "late",
		      (json_int_t)c->late, "duplicate", (json_int_t)c->duplicate, "discarded",
		      (json_int_t)c->discarded));
	set(object, "round_trip", series_spread_json(&s->round_trips));
	set(object, "offset", series_spread_json(&s->offsets));
	return object;
}

json_t *series_json(struct series *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->n; i++) {
		json_array_append_new(array, server_json(&s->servers[i]));
	}
	return array;
}
