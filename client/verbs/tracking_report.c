/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/verbs/tracking_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/arith.h"
#include "core/drift.h"
#include "measure/fields.h"
#include "print/words.h"
#include "print/wrap.h"

#define COLUMNS    80
#define NAME_WIDTH 28
#define HOST_ROOM  22
/* Of a message below the servers. */
#define INDENT 2

/* --- for people ------------------------------------------------------------------------------- */

static void line(const char *name, const char *value)
{
	printf("  %-*s%s\n", NAME_WIDTH, name, value);
}

static void print_clock(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;
	char text[3 * WORDS_MAX], a[WORDS_MAX], b[WORDS_MAX];

	snprintf(text, sizeof(text), "%s, +/- %s", words_offset(t->offset, a),
		 words_bound(t->max_error, b));
	line("clock, by its servers", t->measured ? text : "unknown");
	line("servers' own error", words_bound(t->reference_error, a));
	snprintf(text, sizeof(text), "synchronised, within %s of UTC",
		 words_bound(tracked->served.max_error, a));
	line("served as", tracked->served.synchronised ? text : "not synchronised");
}

static void print_rate(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;
	char text[3 * WORDS_MAX], a[WORDS_MAX];

	snprintf(text, sizeof(text), "%s without correction", words_rate(t->rate_ppb, a));
	line("rate", t->rate_known ? text : "unknown yet");
	snprintf(text, sizeof(text), "%s ppm", words_ppm(t->skew_ppb, a));
	line("skew", t->rate_known ? text : "unknown yet");
	snprintf(text, sizeof(text), "%s ppm %s", words_ppm(arith_abs(t->frequency_ppb), a),
		 t->frequency_ppb > 0 ? "faster" : "slower");
	line("frequency correction", t->frequency_ppb != 0 ? text : "none");
}

/* How long the slew in progress takes yet; 0 if there is none. */
static dur_ns slew_time_left(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;

	return t->slew_ppb != 0 ? arith_max(mono_since(t->slew_end, tracked->now), 0) : 0;
}

/* The part of the slew that is yet to come. */
static dur_ns slew_left(const struct tracked *tracked)
{
	return drift_over(slew_time_left(tracked), tracked->tracking.slew_ppb);
}

/* The part of the offset that this slew leaves to the next ones. */
static dur_ns slew_rest(const struct tracking *t)
{
	return arith_sub(t->offset, drift_over(mono_since(t->slew_end, t->at), t->slew_ppb));
}

static const char *direction(dur_ns correction)
{
	return correction > 0 ? "forward" : "back";
}

static void print_slew(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;
	const dur_ns left = slew_left(tracked);
	char text[4 * WORDS_MAX], a[WORDS_MAX], b[WORDS_MAX], c[WORDS_MAX];

	if (left == 0) {
		line("slew", "none");
		return;
	}
	snprintf(text, sizeof(text), "%s %s in the next %s, at %s ppm", words_duration(left, a),
		 direction(left), words_age(slew_time_left(tracked), b),
		 words_ppm(arith_abs(t->slew_ppb), c));
	line("slew", text);
	if (arith_abs(slew_rest(t)) > t->max_error) {
		snprintf(text, sizeof(text), "%s %s", words_duration(slew_rest(t), a),
			 direction(slew_rest(t)));
		line("to be slewed after that", text);
	}
}

static void print_polls(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;
	char text[3 * WORDS_MAX], a[WORDS_MAX], b[WORDS_MAX];

	snprintf(text, sizeof(text), "%s ago, at %s", words_age(mono_since(tracked->now, t->at), a),
		 words_date(t->time, b));
	line("last poll", text);
	snprintf(text, sizeof(text), "in %s", words_age(mono_since(t->next, tracked->now), a));
	line("next poll", text);
	line("interval", t->interval > 0 ? words_age(t->interval, a) : "there was only one poll");
	snprintf(text, sizeof(text), "%" PRId64, t->used);
	line("measurements used", text);
	line("leap second", t->leap);
}

/* A message that belongs to a server. */
static void print_message(const char *text)
{
	char line[INDENT + TRACKING_HOST_MAX + TRACKING_WHY_MAX];

	snprintf(line, sizeof(line), "%*s%s", INDENT, "", text);
	wrap_print_within(stdout, COLUMNS, 2 * INDENT, line);
}

static void print_server(const struct tracking_server *s, struct mono now)
{
	char a[WORDS_MAX] = "-", b[WORDS_MAX] = "-", c[WORDS_MAX] = "-";

	if (strlen(s->host) > HOST_ROOM) { /* a line of its own */
		printf("%s\n%-*s", s->host, HOST_ROOM, "");
	} else {
		printf("%-*s", HOST_ROOM, s->host);
	}
	if (s->measured) {
		(void)words_age(mono_since(now, s->at), a);
		(void)words_offset(s->offset, b);
		(void)words_bound(s->max_error, c);
	}
	printf(" %-11s %5" PRIo64 " %8s  %-15s %s\n", s->verdict, s->reach, a, b, c);
}

/* Why it is not used. */
static void print_why(const struct tracking_server *s)
{
	static const struct {
		const char *verdict, *why;
	} reasons[] = {
		{ "ahead", "is outvoted: its clock is ahead of that of most" },
		{ "behind", "is outvoted: its clock is behind that of most" },
		{ "no-majority", "has no majority on its side, nor has any other" },
		{ "duplicate", "is a server that is named twice, and has one vote" },
		{ "self", "is this daemon itself, and has no vote" },
		{ "unusable", "gives a time that cannot be" },
	};
	char text[TRACKING_HOST_MAX + TRACKING_WHY_MAX];

	if (s->why[0] != '\0') {
		print_message(s->why);
	}
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (s->why[0] == '\0' && strcmp(s->verdict, reasons[i].verdict) == 0) {
			snprintf(text, sizeof(text), "%s %s", s->host, reasons[i].why);
			print_message(text);
		}
	}
}

static const char *phase_words(const char *phase)
{
	static const struct {
		const char *name, *words;
	} phases[] = {
		{ "starting", "starting: nothing has been measured yet" },
		{ "correcting", "correcting: the clock is off by more than its bound" },
		{ "holding-over", "holding over: by the rate that was learnt before" },
		{ "refused", "refused: the clock is left as it is; see the log" },
	};

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		if (strcmp(phase, phases[i].name) == 0) {
			return phases[i].words;
		}
	}
	return phase;
}

/* The servers with a vote that have answered the last poll. */
static int64_t answers(const struct tracking *t)
{
	int64_t n = 0;

	for (int64_t i = 0; i < t->n; i++) {
		const struct tracking_server *s = &t->servers[i];

		n += (s->reach & 1) != 0 && strcmp(s->verdict, "duplicate") != 0 &&
		     strcmp(s->verdict, "self") != 0;
	}
	return n;
}

/* The event of the last poll, if that was not one like the others. */
static void print_event(const struct tracking *t)
{
	const int64_t answered = answers(t);

	if (strcmp(t->event, "no-answer") == 0) {
		line("last poll gave", answered == 0 ? "no answer"
				       : 2 * answered <= t->counted
					       ? "too few answers for a majority"
					       : "no result: the servers contradict each other");
	} else if (strcmp(t->event, "contradiction") == 0) {
		line("last poll gave", "a contradiction, to be confirmed by the next");
	} else if (strcmp(t->action, "refuse") == 0) {
		line("last poll gave", "a correction that was refused; see the log");
	}
}

static void print_servers(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;

	printf("\n%-*s %-11s %5s %8s  %-15s %s\n", HOST_ROOM, "Upstream server", "verdict", "reach",
	       "measured", "local clock is", "+/-");
	for (int64_t i = 0; i < t->n; i++) {
		print_server(&t->servers[i], tracked->now);
	}
	for (int64_t i = 0; i < t->n; i++) {
		print_why(&t->servers[i]);
	}
}

void tracking_report_print(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;
	char text[WORDS_MAX];

	puts("The clock, kept right by --upstream");
	line("state", t->polls > 0 ? phase_words(t->phase) : "starting: no poll is over yet");
	if (t->polls > 0) {
		print_event(t);
		snprintf(text, sizeof(text), "%" PRId64 " of %" PRId64, t->agreeing, t->counted);
		line("servers that agree", text);
		print_clock(tracked);
		print_rate(tracked);
		print_slew(tracked);
		print_polls(tracked);
		print_servers(tracked);
	}
	putchar('\n');
}

/* --- for programs ----------------------------------------------------------------------------- */

/* Seconds, or null if not known. */
static json_t *seconds(bool known, dur_ns d)
{
	return known && d != INT64_MAX ? fields_seconds(d) : json_null();
}

static json_t *server_json(const struct tracking_server *s, struct mono now)
{
	const bool known = s->measured != 0;

	return json_pack("{s:s s:o s:s s:o s:I s:o s:o s:o s:o s:o}", "host", s->host, "address",
			 s->address[0] != '\0' ? json_string(s->address) : json_null(), "verdict",
			 s->verdict, "why", s->why[0] != '\0' ? fields_text(s->why) : json_null(),
			 "reach", (json_int_t)s->reach, "measured_ago_s",
			 seconds(known, mono_since(now, s->at)), "offset_s",
			 seconds(known, s->offset), "max_error_s", seconds(known, s->max_error),
			 "delay_s", seconds(known, s->delay), "server_error_s",
			 seconds(known && s->synchronised, s->claimed));
}

static json_t *servers_json(const struct tracked *tracked)
{
	json_t *array = json_array();

	for (int64_t i = 0; i < tracked->tracking.n; i++) {
		json_array_append_new(array,
				      server_json(&tracked->tracking.servers[i], tracked->now));
	}
	return array;
}

json_t *tracking_report_json(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;
	const bool polled = t->polls > 0, known = t->measured != 0, rated = t->rate_known != 0;
	json_t *object =
		json_pack("{s:I s:s s:o s:o s:s s:I s:I s:I}", "polls", (json_int_t)t->polls,
			  "phase", polled ? t->phase : "starting", "event",
			  polled ? json_string(t->event) : json_null(), "action",
			  polled ? json_string(t->action) : json_null(), "leap",
			  polled ? t->leap : "unknown", "agreeing", (json_int_t)t->agreeing,
			  "servers", (json_int_t)t->counted, "used", (json_int_t)t->used);

	json_object_set_new(object, "offset_s", seconds(known, t->offset));
	json_object_set_new(object, "max_error_s", seconds(known, t->max_error));
	json_object_set_new(object, "reference_error_s", seconds(known, t->reference_error));
	json_object_set_new(object, "served_error_s",
			    seconds(tracked->served.synchronised, tracked->served.max_error));
	json_object_set_new(object, "rate_ppm", rated ? fields_ppm(t->rate_ppb) : json_null());
	json_object_set_new(object, "skew_ppm", rated ? fields_ppm(t->skew_ppb) : json_null());
	json_object_set_new(object, "frequency_ppm", fields_ppm(t->frequency_ppb));
	json_object_set_new(object, "slew_ppm", fields_ppm(t->slew_ppb));
	json_object_set_new(object, "slew_left_s", fields_seconds(slew_left(tracked)));
	json_object_set_new(object, "last_poll_ago_s",
			    seconds(polled, mono_since(tracked->now, t->at)));
	json_object_set_new(object, "next_poll_s",
			    seconds(polled, mono_since(t->next, tracked->now)));
	json_object_set_new(object, "interval_s", seconds(t->interval > 0, t->interval));
	json_object_set_new(object, "sources", servers_json(tracked));
	return object;
}
