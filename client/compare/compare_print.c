/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "client/compare/compare.h"
#include "measure/fields.h"
#include "client/print/report.h"
#include "print/terminal.h"
#include "print/words.h"

/* --- the table --- */

enum column { METHOD, OFFSET, BOUND, ACTION, AFTER, COLUMNS };

struct row {
	char cell[COLUMNS][2 * WORDS_MAX];
	bool alarm[COLUMNS];
};

static void set(struct row *row, enum column column, const char *text)
{
	snprintf(row->cell[column], sizeof(row->cell[column]), "%s", text);
}

static void set_action(struct row *row, const struct policy_decision *d)
{
	char time[WORDS_MAX];

	switch (d->action) {
	case POLICY_NONE:
		set(row, ACTION, "do nothing");
		break;
	case POLICY_STEP:
		set(row, ACTION, "step");
		break;
	case POLICY_SLEW:
		snprintf(row->cell[ACTION], sizeof(row->cell[ACTION]), "slew for %s",
			 words_duration(d->finish_in, time));
		break;
	case POLICY_REFUSE:
		set(row, ACTION, "refuse");
		row->alarm[ACTION] = true;
		break;
	}
}

/* Behind an offset, where the bound of the method does not hold. */
#define BEYOND " !"

/* The offset after a sync, and whether the method's bound holds. */
static void set_after(struct row *row, const struct comparison *c, const struct compare_result *r)
{
	char words[WORDS_MAX];

	if (!c->truth_known) {
		set(row, AFTER, "unknown");
		return;
	}
	snprintf(row->cell[AFTER], sizeof(row->cell[AFTER]), "%s%s",
		 words_offset(compare_offset_after(c, r), words),
		 compare_is_within_bound(r) ? "" : BEYOND);
	row->alarm[AFTER] = !compare_is_within_bound(r);
}

static struct row row_of(const struct comparison *c, enum estimate_method method)
{
	const struct compare_result *r = &c->by[method];
	struct row row = { .alarm = { false } };
	char text[WORDS_MAX];

	set(&row, METHOD, estimate_method_name(method));
	if (r->rc != 0) {
		set(&row, OFFSET, "unknown");
		set(&row, BOUND, compare_why(r));
		return row;
	}
	set(&row, OFFSET, words_offset(r->estimate.offset, text));
	set(&row, BOUND, words_bound(r->estimate.max_error, text));
	set_action(&row, &r->decision);
	set_after(&row, c, r);
	return row;
}

static void print_rows(const struct row *rows, size_t n)
{
	int width[COLUMNS] = { 0 };

	for (size_t i = 0; i < n; i++) {
		/* A method without a result shows the reason there, of any length. */
		for (int j = 0; j < COLUMNS && rows[i].cell[AFTER][0] != '\0'; j++) {
			const int len = (int)strlen(rows[i].cell[j]);

			width[j] = len > width[j] ? len : width[j];
		}
	}
	for (size_t i = 0; i < n; i++) {
		for (int j = 0; j < COLUMNS && rows[i].cell[j][0] != '\0'; j++) {
			const bool last = j + 1 == COLUMNS || rows[i].cell[j + 1][0] == '\0';

			printf("%s%-*s%s%s",
			       rows[i].alarm[j] ? terminal_begin(stdout, TERMINAL_ALARM) : "",
			       last ? 0 : width[j], rows[i].cell[j],
			       rows[i].alarm[j] ? terminal_end(stdout) : "", last ? "\n" : "  ");
		}
	}
}

static void explain_beyond(const struct comparison *c)
{
	for (int i = 0; c->truth_known && i < ESTIMATE_METHODS; i++) {
		if (c->by[i].rc == 0 && !compare_is_within_bound(&c->by[i])) {
			puts("\n! the true offset is beyond the bound: the server does not serve "
			     "that clock");
			return;
		}
	}
}

static void print_truth(const struct request *request, const struct comparison *c)
{
	char offset[WORDS_MAX], path[WORDS_PATH_MAX];

	if (c->truth_known) {
		printf("truth    local clock is %s, if the server serves\n         %s\n",
		       words_offset(c->truth, offset),
		       strcmp(request->truth, "system") == 0 ? "this machine's system clock"
							     : words_path(request->truth, path));
	} else if (request->truth) {
		printf("truth    unknown: a clock was adjusted meanwhile\n");
	} else {
		printf("truth    unknown: --truth can name the clock that the server serves\n");
	}
}

void compare_print(const struct request *request, const struct measure_job *job,
		   const struct comparison *c)
{
	struct row rows[1 + ESTIMATE_METHODS] = {
		{ .cell = { "method", "local clock is", "+/-", "sync would", "clock would end" } },
	};

	report_source(job);
	report_counts(&job->measured);
	print_truth(request, c);
	putchar('\n');
	for (int i = 0; i < ESTIMATE_METHODS; i++) {
		rows[1 + i] = row_of(c, (enum estimate_method)i);
	}
	print_rows(rows, 1 + ESTIMATE_METHODS);
	explain_beyond(c);
}

/* --- JSON --- */

static json_t *samples(const struct measurement *m)
{
	json_t *array = json_array();

	for (size_t i = 0; i < m->n; i++) {
		const struct sample *s = &m->samples[i];
		json_t *object = fields_sample(s);

		json_object_set_new(
			object, "procedure",
			json_string(s->kind == SAMPLE_TIME ? "GET_TIME" : "GET_TIMESTAMPS"));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *method(const struct comparison *c, enum estimate_method method)
{
	const struct compare_result *r = &c->by[method];
	json_t *object = json_pack("{s:s}", "method", estimate_method_name(method));

	if (r->rc != 0) {
		json_object_set_new(object, "error", json_string(compare_why(r)));
		return object;
	}
	fields_add_estimate(object, &r->estimate);
	fields_add_decision(object, &r->decision);
	json_object_set_new(object, "true_error_s",
			    c->truth_known ? fields_seconds(r->error) : json_null());
	json_object_set_new(object, "offset_after_s",
			    c->truth_known ? fields_seconds(compare_offset_after(c, r))
					   : json_null());
	json_object_set_new(object, "within_bound",
			    c->truth_known ? json_boolean(compare_is_within_bound(r))
					   : json_null());
	return object;
}

static void add_comparison(json_t *object, const struct measurement *m, const struct comparison *c)
{
	json_t *methods = json_array();

	for (int i = 0; i < ESTIMATE_METHODS; i++) {
		json_array_append_new(methods, method(c, (enum estimate_method)i));
	}
	fields_add_address(object, m);
	json_object_set_new(object, "true_offset_s",
			    c->truth_known ? fields_seconds(c->truth) : json_null());
	json_object_set_new(object, "methods", methods);
	json_object_set_new(object, "server", fields_server(m));
	json_object_set_new(object, "samples", samples(m));
}

void compare_print_json(const struct measure_job *job, const struct comparison *c)
{
	json_t *object = json_pack("{s:s}", "host", job->target.host.name);

	if (c) {
		add_comparison(object, &job->measured, c);
	} else {
		json_object_set_new(object, "error", json_string(job->why));
	}
	json_object_set_new(object, "rounds", fields_rounds(&job->measured));
	fields_print(object);
}
