/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_report.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/fields.h"
#include "measure/refusal.h"
#include "track/track_names.h"
#include "print/words.h"
#include "print/wrap.h"
#include "core/arith.h"
#include "os/time_text.h"
#include "track/track_say.h"

/* Behind the date, where later lines of a poll begin. */
#define LINE_INDENT 4

static void print_offset(const char *what, dur_ns offset, dur_ns max_error, FILE *out)
{
	char words[WORDS_MAX], bound[WORDS_MAX];

	fprintf(out, "%s %s, +/- %s", what, words_offset(offset, words),
		words_bound(max_error, bound));
}

/* How the user can have a large offset stepped instead of slewed. */
static const char *makestep_text(const struct track_record *r)
{
	const struct discipline_limits *l = r->limits;
	const dur_ns offset = r->status.offset;

	if (l->makestep == 0) {
		return " (--makestep would step it)";
	}
	if (offset <= l->makestep && offset >= -l->makestep) {
		return " (less than --makestep steps)";
	}
	return " (--makestep steps no more: the number of measurements that it was given is used "
	       "up; a new start steps it)";
}

/* A slew that goes on beyond the next poll: how fast, and for how long. */
static void print_slew(const struct track_record *r, FILE *out)
{
	const struct discipline_decision *d = &r->decision;
	char amount[WORDS_MAX], speed[WORDS_MAX], takes[WORDS_MAX];

	if (d->slew_all == INT64_MAX) {
		fprintf(out, "; slewing %s takes more than 292 years",
			words_duration(r->status.offset, amount));
		return;
	}
	fprintf(out, "; slewing %s by %s ppm takes about %s",
		words_duration(r->status.offset, amount), words_ppm(arith_abs(d->slew_ppb), speed),
		words_duration(d->slew_all, takes));
	if (d->event == DISCIPLINE_RESTART) {
		fputs(makestep_text(r), out);
	}
}

static void print_rate(const struct discipline_status *s, FILE *out)
{
	char words[WORDS_MAX];

	if (!s->rate_known) {
		fputs("; rate unknown yet", out);
	} else {
		fprintf(out, "; %s %s", words_rate(s->rate_ppb, words),
			s->rate_ppb != 0 ? "without correction" : "in rate");
	}
}

static void print_steering(const struct track_record *r, FILE *out)
{
	const struct discipline_decision *d = &r->decision;
	char words[WORDS_MAX];

	if (d->action == DISCIPLINE_STEP) {
		fprintf(out, "; stepped %s %s", words_duration(d->correction, words),
			d->correction > 0 ? "forward" : "back");
	} else if (d->action == DISCIPLINE_FAILED) {
		fputs("; the correction failed", out);
	} else if (d->action == DISCIPLINE_SLEW && d->slew_all > d->next_poll &&
		   r->status.phase == DISCIPLINE_CORRECTING) {
		print_slew(r, out);
	} else if (d->action == DISCIPLINE_REFUSE) {
		fprintf(out, "; refused: %s", policy_reason_text(d->reason));
	}
	print_rate(&r->status, out);
	fprintf(out, "; %s", discipline_phase_text(r->status.phase));
	fprintf(out, "; next poll in %s", words_age(d->next_poll, words));
}

static void print_text(const struct track_record *r, FILE *out)
{
	const struct combination *c = r->measured;

	if (r->steered && r->status.phase != DISCIPLINE_STARTING) {
		print_offset("local clock is", r->status.offset, r->status.max_error, out);
	} else if (c->rc == 0) {
		print_offset("local clock is", c->estimate.offset, c->estimate.max_error, out);
	} else {
		fprintf(out, "local clock: unknown");
	}
	if (c->rc != 0) {
		fprintf(out, "; %s", combine_why(c));
	} else if (r->steered && r->decision.event >= DISCIPLINE_NO_ANSWER) {
		fprintf(out, "; %s", discipline_event_text(r->decision.event));
	}
	if (r->steered) {
		print_steering(r, out);
	} else {
		fprintf(out, "; %s", track_fed_text(r->fed));
	}
}

static void print_line(const struct track_record *r, FILE *out)
{
	char time[WORDS_MAX];

	fprintf(out, "%s  ", words_time(r->at, time));
	print_text(r, out);
}

/* The line in as many as the terminal needs. */
static void print_wrapped(const struct track_record *r)
{
	char *line = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&line, &n);

	if (!out) {
		return;
	}
	print_line(r, out);
	if (fclose(out) == 0) {
		wrap_print(stdout, LINE_INDENT, line);
	}
	free(line);
}

char *track_report_text(const struct track_record *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		return NULL;
	}
	print_text(r, out);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
	return text;
}

bool track_report_print(const struct track_record *r, const char *json, const char *program)
{
	const bool told = ferror(stdout) != 0;
	int error;

	if (json) {
		puts(json);
	} else {
		print_wrapped(r);
	}
	error = fflush(stdout) == 0 ? 0 : errno;
	if (error != 0 && error != EPIPE && !told) { /* a full disk, a terminal that has gone */
		track_complain(program, "standard output: %s; the clock is still kept",
			       strerror(error));
	}
	return error != EPIPE;
}

/* Why the clock is left alone, if that is not because of a limit. False if it is. */
static bool say_why(const struct track_record *r, struct clock *clock, const char *program)
{
	char words[WORDS_MAX], limit[WORDS_MAX], refusal[REFUSAL_MAX];

	if (r->decision.reason == POLICY_OUT_OF_REACH) {
		track_complain(program,
			       "refused: the local clock runs %s, and can be corrected by %s ppm; "
			       "it cannot be kept right",
			       words_rate(r->status.rate_ppb, words),
			       words_ppm(clock_max_frequency(clock), limit));
	} else if (r->decision.reason == POLICY_MOVES_ALONG) {
		track_complain(program,
			       "refused: corrections have no effect, the local clock stays %s: the "
			       "server's clock follows it, or another program sets it back",
			       words_offset(r->status.offset, words));
	} else if (r->decision.reason == POLICY_ENDLESS) {
		track_complain(program,
			       "refused: the local clock is %s, and a slew of that at "
			       "--max-slew-rate takes more than 292 years; a smaller --makestep "
			       "sets it at once",
			       words_offset(r->status.offset, words));
	} else if (r->decision.reason == POLICY_UNSYNCHRONISED) {
		track_complain(program, "refused: %s; the clock was left as it is",
			       refusal_by_unsynchronised(r->status.offset, refusal));
	} else {
		return false;
	}
	return true;
}

void track_report_step(const struct track_record *r, struct clock *clock, const char *program)
{
	const struct combination *c = r->measured;
	char step[TIME_TEXT_STEP_MAX], offset[WORDS_MAX], bound[WORDS_MAX];

	track_tell(program, "clock stepped %s: it was %s, +/- %s, as %zu of %zu servers agree (%s)",
		   time_text_step(clock_now(clock), r->decision.correction, step),
		   words_offset(c->estimate.offset, offset),
		   words_bound(c->estimate.max_error, bound), c->select.agreeing, c->named,
		   discipline_event_text(r->decision.event));
}

void track_report_refusal(const struct track_record *r, const struct discipline_limits *limits,
			  struct clock *clock, const char *program)
{
	const dur_ns offset = r->status.offset, max_change = limits->first.max_change;
	const bool at_first = r->decision.event == DISCIPLINE_FIRST && max_change > 0 &&
			      (offset > max_change || offset < -max_change);
	char words[WORDS_MAX], limit[WORDS_MAX];

	if (say_why(r, clock, program)) {
		return;
	}
	track_complain(program,
		       "refused: the local clock is %s, and %s allows %s; the clock was left as it "
		       "is%s",
		       words_offset(offset, words), at_first ? "--max-change" : "--panic",
		       words_limit(at_first ? max_change : limits->panic, limit),
		       r->decision.event == DISCIPLINE_FIRST && max_change == 0
			       ? " (--max-change allows more in the beginning)"
			       : "");
}

static void add_steering(json_t *object, const struct track_record *r)
{
	const struct discipline_status *s = &r->status;

	json_object_set_new(object, "event", json_string(track_event_name(r->decision.event)));
	json_object_set_new(object, "action", json_string(track_action_name(r->decision.action)));
	json_object_set_new(object, "correction_s", fields_seconds(r->decision.correction));
	json_object_set_new(object, "phase", json_string(track_phase_name(s->phase)));
	json_object_set_new(object, "estimate_s", fields_seconds(s->offset));
	json_object_set_new(object, "estimate_error_s",
			    s->max_error == INT64_MAX ? json_null() : fields_seconds(s->max_error));
	json_object_set_new(object, "rate_ppm",
			    s->rate_known ? fields_ppm(s->rate_ppb) : json_null());
	json_object_set_new(object, "frequency_ppm", fields_ppm(s->frequency_ppb));
	json_object_set_new(object, "slew_ppm", fields_ppm(r->decision.slew_ppb));
	json_object_set_new(object, "slew_takes_s",
			    r->decision.slew_all == INT64_MAX
				    ? json_null()
				    : fields_seconds(r->decision.slew_all));
	json_object_set_new(object, "next_poll_s", fields_seconds(r->decision.next_poll));
}

char *track_report_json(const struct track_record *r)
{
	const struct combination *c = r->measured;
	json_t *object =
		json_pack("{s:I s:I s:i s:i s:i}", "time_ns", (json_int_t)r->at, "system_ns",
			  (json_int_t)r->system_at, "servers", (int)c->servers, "answered",
			  (int)c->answered, "agreeing", (int)c->select.agreeing);
	char *text;

	json_object_set_new(object, "verdicts", fields_verdicts(c, r->jobs));
	json_object_set_new(object, "rounds", fields_rounds_of_all(r->jobs, c->named));
	if (c->rc == 0) {
		fields_add_estimate(object, &c->estimate);
	}
	if (r->steered) {
		add_steering(object, r);
	} else {
		json_object_set_new(object, "chronyd", json_string(track_fed_name(r->fed)));
	}
	text = fields_dump(object);
	json_decref(object);
	return text;
}
