/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/verbs/tracking_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/arith.h"
#include "measure/fields.h"
#include "print/words.h"

#define COLUMNS   80
#define HOST_ROOM 22

/* --- for people ------------------------------------------------------------------------------- */

/* How long something is ago, or takes: a tenth of a second is fine enough. */
static const char *age(dur_ns d, char buf[WORDS_MAX])
{
	const dur_ns tenths = arith_max(d, 0) / (100 * NS_PER_MS);

	if (tenths >= 1200) {
		return words_duration(tenths * 100 * NS_PER_MS, buf);
	}
	snprintf(buf, WORDS_MAX, "%" PRId64 ".%" PRId64 " s", tenths / 10, tenths % 10);
	return buf;
}

static void line(const char *name, const char *value)
{
	printf("%-32s %s\n", name, value);
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
	char text[3 * WORDS_MAX], a[WORDS_MAX], b[WORDS_MAX];

	if (t->rate_known) {
		snprintf(text, sizeof(text), "%s without correction", words_rate(t->rate_ppb, a));
		line("rate", text);
		snprintf(text, sizeof(text), "%s ppm", words_ppm(t->skew_ppb, a));
		line("skew", text);
	} else {
		line("rate", "unknown yet");
	}
	snprintf(text, sizeof(text), "%s ppm", words_ppm(t->frequency_ppb, a));
	line("frequency correction", text);
	snprintf(text, sizeof(text), "%s ppm %s, for %s more", words_ppm(arith_abs(t->slew_ppb), a),
		 t->slew_ppb > 0 ? "forward" : "back",
		 age(mono_since(t->slew_end, tracked->now), b));
	line("slew", t->slew_ppb != 0 ? text : "none");
}

static void print_polls(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;
	char text[3 * WORDS_MAX], a[WORDS_MAX], b[WORDS_MAX];

	snprintf(text, sizeof(text), "%s ago, at %s", age(mono_since(tracked->now, t->at), a),
		 words_date(t->time, b));
	line("last poll", text);
	snprintf(text, sizeof(text), "in %s", age(mono_since(t->next, tracked->now), a));
	line("next poll", text);
	line("interval", t->interval > 0 ? age(t->interval, a) : "there was only one poll");
	printf("%-32s %" PRId64 "\n", "measurements used", t->used);
	line("leap second", t->leap);
}

/* A message that belongs to a server, in as many lines as it takes. */
static void print_wrapped(const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		const size_t word = strcspn(text, " ");

		if (column > 0 && column + 1 + word > COLUMNS) {
			column = 0;
			putchar('\n');
		}
		if (column == 0) {
			column = (size_t)printf("  %.*s", (int)word, text);
		} else {
			column += (size_t)printf(" %.*s", (int)word, text);
		}
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
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
		(void)age(mono_since(now, s->at), a);
		(void)words_offset(s->offset, b);
		(void)words_bound(s->max_error, c);
	}
	printf(" %-11s %3" PRIo64 " %8s  %-15s %s\n", s->verdict, s->reach, a, b, c);
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
		print_wrapped(s->why);
	}
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (s->why[0] == '\0' && strcmp(s->verdict, reasons[i].verdict) == 0) {
			snprintf(text, sizeof(text), "%s %s", s->host, reasons[i].why);
			print_wrapped(text);
		}
	}
}

/* What the last poll has brought, if it was not one like the others. */
static void print_event(const struct tracking *t)
{
	bool answered = false;

	for (int64_t i = 0; i < t->n; i++) {
		answered = answered || (t->servers[i].reach & 1) != 0;
	}
	if (strcmp(t->event, "no-answer") == 0) {
		line("last poll gave",
		     answered ? "no result: the servers contradict each other" : "no answer");
	} else if (strcmp(t->event, "contradiction") == 0) {
		line("last poll gave", "a contradiction, to be confirmed by the next");
	} else if (strcmp(t->action, "refuse") == 0) {
		line("last poll gave", "a correction that is refused; see the log");
	}
}

void tracking_report_print(const struct tracked *tracked)
{
	const struct tracking *t = &tracked->tracking;

	if (t->polls == 0) {
		line("tracking", "starting: no poll is over yet");
		return;
	}
	line("tracking", t->phase);
	print_event(t);
	printf("%-32s %" PRId64 " of %" PRId64 "\n", "servers that agree", t->agreeing, t->counted);
	print_clock(tracked);
	print_rate(tracked);
	print_polls(tracked);
	printf("\n%-*s %-11s %3s %8s  %-15s %s\n", HOST_ROOM, "server", "verdict", "rch", "polled",
	       "local clock is", "+/-");
	for (int64_t i = 0; i < t->n; i++) {
		print_server(&t->servers[i], tracked->now);
	}
	for (int64_t i = 0; i < t->n; i++) {
		print_why(&t->servers[i]);
	}
	putchar('\n');
}

/* --- for programs ----------------------------------------------------------------------------- */

/* Seconds, or null for what is not known. */
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
	json_object_set_new(object, "last_poll_ago_s",
			    seconds(polled, mono_since(tracked->now, t->at)));
	json_object_set_new(object, "next_poll_s",
			    seconds(polled, mono_since(t->next, tracked->now)));
	json_object_set_new(object, "interval_s", seconds(t->interval > 0, t->interval));
	json_object_set_new(object, "sources", servers_json(tracked));
	return object;
}
