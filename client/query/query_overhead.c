/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time that RPC adds to a round trip: calls of GET_TIMESTAMPS and messages to a plain echo, in
 * turn, so that a change of the load affects both. Each pair gives a difference; the uncertainty of
 * their mean and of their median follows from their spread.
 */
#include "client/query/query.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "measure/reach.h"
#include "measure/series.h"
#include "measure/fields.h"
#include "client/print/series_report.h"
#include "print/words.h"
#include "client/verbs.h"
#include "os/stdio.h"
#include "rpc/client/plain_echo.h"

/* The first calls find cold paths, which says nothing. */
#define WARM_UP 3

/* One transport. */
struct overhead {
	const struct request *request;
	int socktype;
	struct address server, echo;
	struct series_numbers calls, echoes,
		added;                /* round trips; of the pairs, their difference */
	struct series_numbers inside; /* the server's time between t2 and t3 */
	unsigned tried, calls_lost, echoes_lost;
	bool no_memory;
	char why[TARGET_WHY_MAX]; /* why it could not be measured */
};

static void keep(struct overhead *o, struct series_numbers *numbers, dur_ns d)
{
	o->no_memory |= !series_add(numbers, d);
}

/* --- measuring --- */

static int fail(struct overhead *o, const char *who, const char *reason)
{
	snprintf(o->why, sizeof(o->why), "%s: %s", who, reason);
	return -1;
}

static int fail_echo(struct overhead *o, int error)
{
	char at[ADDRESS_TEXT_MAX], who[ADDRESS_TEXT_MAX + 40];

	snprintf(who, sizeof(who), "the plain echo at %s", address_text(&o->echo, at));
	return fail(o, who,
		    error == -ECONNREFUSED ? "refused: start 'timesync-lab echo' there"
		    : error == -EBADMSG    ? "sends back something else: it is no echo"
					   : strerror(-error));
}

/* Whether a round that failed was only lost. */
static bool is_lost(const struct overhead *o, int rc)
{
	return rc == -ETIMEDOUT && o->socktype == SOCK_DGRAM;
}

/* One call and one message. 0, or -1 when it is of no use to go on. */
static int make_pair(struct overhead *o, struct exchange *x, struct plain_echo *e, bool counts)
{
	char reason[EXCHANGE_WHY_MAX];
	struct sample s;
	dur_ns plain = 0;
	const int call = exchange_timestamps(x, &s);
	const int echo = plain_echo_round(e, &plain);

	if (call != 0 && !is_lost(o, call)) {
		return fail(o, o->request->hosts[0].name, exchange_why(x, reason));
	}
	if (echo != 0 && !is_lost(o, echo)) {
		return fail_echo(o, echo);
	}
	if (!counts) {
		return 0;
	}
	o->tried++;
	o->calls_lost += call != 0;
	o->echoes_lost += echo != 0;
	if (call == 0 && echo == 0 && sample_check(&s) == SAMPLE_OK && plain >= 0) {
		keep(o, &o->calls, s.t4 - s.t1);
		keep(o, &o->echoes, plain);
		keep(o, &o->added, s.t4 - s.t1 - plain);
		keep(o, &o->inside, s.t3 - s.t2);
	}
	return 0;
}

static int make_pairs(struct overhead *o, struct exchange *x, struct plain_echo *e)
{
	const unsigned wanted = o->request->measure.rounds;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < WARM_UP; i++) {
		rc = make_pair(o, x, e, false);
	}
	while (rc == 0 && o->added.n < wanted && o->tried < 2 * wanted) {
		rc = make_pair(o, x, e, true);
	}
	if (rc == 0 && o->no_memory) {
		return fail(o, "measuring", "out of memory");
	}
	if (rc == 0 && o->added.n < QUERY_LEAST_PAIRS) {
		return fail(o, o->request->hosts[0].name, "too much is lost to compare anything");
	}
	return rc;
}

/* Through the way to the server that is open: the echo may have the same host, or another. */
static int measure_beside(struct overhead *o, struct reach_way *way)
{
	const struct measure_options *m = &o->request->measure;
	struct plain_echo e;
	int rc;

	o->server = way->server;
	rc = plain_echo_open(&e, &o->echo, o->socktype, m->clock, m->timeout);
	if (rc != 0) {
		return fail_echo(o, rc);
	}
	rc = make_pairs(o, way->x, &e);
	plain_echo_close(&e);
	return rc;
}

static int find_echo(struct overhead *o, const struct parse_host *baseline)
{
	struct target_options how = o->request->target;
	struct target target;

	how.socktype = o->socktype;
	how.clock = o->request->measure.clock;
	if (target_resolve(&target, baseline, &how, o->why) != 0) {
		return -1;
	}
	o->echo = target.addresses[0];
	address_set_port(&o->echo, baseline->port);
	return 0;
}

static int measure_transport(struct overhead *o, const struct parse_host *baseline)
{
	const struct measure_options *m = &o->request->measure;
	struct target_options how = o->request->target;
	struct reach_way *way;
	struct target target;
	struct reach reach;
	int rc = -1;

	how.socktype = o->socktype;
	how.clock = m->clock;
	if (find_echo(o, baseline) != 0 ||
	    target_resolve(&target, &o->request->hosts[0], &how, o->why) != 0) {
		return -1;
	}
	reach_open(&reach, &target, m->clock, m->timeout);
	way = reach_next(&reach);
	if (way) {
		rc = measure_beside(o, way);
	} else {
		reach_why(&reach, o->why);
	}
	reach_close(&reach);
	return rc;
}

/* --- for people --- */

static void print_row(const char *name, const char *call, const char *echo, const char *added)
{
	if (added[0] != '\0') {
		printf("%-20s%-14s%-14s%s\n", name, call, echo, added);
	} else {
		printf("%-20s%-14s%s\n", name, call, echo);
	}
}

static void print_durations(const char *name, dur_ns call, dur_ns echo, const char *added)
{
	char one[WORDS_MAX], other[WORDS_MAX];

	print_row(name, words_duration(call, one), words_duration(echo, other), added);
}

/* A difference: "6.123 us", "-120 ns". */
static const char *difference(dur_ns d, char buf[WORDS_MAX])
{
	char size[WORDS_MAX];

	snprintf(buf, WORDS_MAX, "%s%.60s", d < 0 ? "-" : "", words_duration(d, size));
	return buf;
}

static void print_spreads(const struct spread *call, const struct spread *echo,
			  const struct spread *added)
{
	char value[WORDS_MAX], low[WORDS_MAX], high[WORDS_MAX], text[3 * WORDS_MAX + 20];

	snprintf(text, sizeof(text), "%s +/- %s", difference(added->mean, value),
		 words_bound(added->mean_error, low));
	print_durations("mean", call->mean, echo->mean, text);
	print_durations("standard deviation", call->deviation, echo->deviation,
			words_duration(added->deviation, value));
	print_durations("least", call->least, echo->least, "");
	print_durations("median", call->p50, echo->p50, difference(added->p50, value));
	snprintf(text, sizeof(text), "%s to %s", difference(added->p50_low, low),
		 difference(added->p50_high, high));
	print_row("", "", "", text);
	print_durations("95 %", call->p95, echo->p95, "");
}

static void print_overhead(struct overhead *o)
{
	struct spread call, echo, added, inside;
	char at[ADDRESS_TEXT_MAX], words[WORDS_MAX], calls[16], echoes[16];

	if (!series_spread(&o->calls, &call) || !series_spread(&o->echoes, &echo) ||
	    !series_spread(&o->added, &added) || !series_spread(&o->inside, &inside)) {
		return;
	}
	printf("%s      server at %s\n", o->socktype == SOCK_DGRAM ? "udp" : "tcp",
	       address_text(&o->server, at));
	printf("         plain echo at %s\n\n", address_text(&o->echo, at));
	print_row("round trip", "RPC", "plain echo", "RPC adds");
	snprintf(calls, sizeof(calls), "%u", o->calls_lost);
	snprintf(echoes, sizeof(echoes), "%u", o->echoes_lost);
	snprintf(words, sizeof(words), "%zu pairs", added.n);
	print_row("lost", calls, echoes, words);
	print_spreads(&call, &echo, &added);
	printf("\nThe server itself takes %s of the call (median of t3-t2).\n",
	       words_duration(inside.p50, words));
}

static const char explanation[] =
	"\n"
	"A call of GET_TIMESTAMPS and a message to the echo are sent in turn; 'RPC\n"
	"adds' is the difference of each pair. +/-, and the range below the median, are\n"
	"where the true value lies with 95 % confidence.\n";

/* --- for programs --- */

static json_t *column_json(struct series_numbers *numbers, unsigned lost)
{
	json_t *object = series_spread_json(numbers);

	json_object_set_new(object, "lost", json_integer(lost));
	return object;
}

static json_t *added_json(struct series_numbers *numbers)
{
	json_t *object = series_spread_json(numbers);
	struct spread s;

	if (series_spread(numbers, &s)) {
		json_object_set_new(object, "mean_error_s", fields_seconds(s.mean_error));
		json_object_set_new(object, "p50_low_s", fields_seconds(s.p50_low));
		json_object_set_new(object, "p50_high_s", fields_seconds(s.p50_high));
	}
	return object;
}

static void print_json(struct overhead *o)
{
	char address[ADDRESS_TEXT_MAX], echo[ADDRESS_TEXT_MAX];
	json_t *object = json_pack(
		"{s:s s:s s:i s:s s:s s:i}", "host", o->request->hosts[0].name, "address",
		address_host_text(&o->server, address), "port", (int)address_port(&o->server),
		"transport", o->socktype == SOCK_DGRAM ? "udp" : "tcp", "echo_address",
		address_host_text(&o->echo, echo), "echo_port", (int)address_port(&o->echo));

	json_object_set_new(object, "rpc", column_json(&o->calls, o->calls_lost));
	json_object_set_new(object, "echo", column_json(&o->echoes, o->echoes_lost));
	json_object_set_new(object, "added", added_json(&o->added));
	json_object_set_new(object, "server_time", series_spread_json(&o->inside));
	fields_print(object);
}

static void print_json_failure(const struct overhead *o)
{
	json_t *object = json_pack("{s:s s:s}", "host", o->request->hosts[0].name, "transport",
				   o->socktype == SOCK_DGRAM ? "udp" : "tcp");

	json_object_set_new(object, "error", fields_text(o->why));
	fields_print(object);
}

/* --- both transports --- */

static int run(struct overhead *o, const struct parse_host *baseline)
{
	const bool json = o->request->format == FORMAT_JSON;
	const int rc = measure_transport(o, baseline);

	if (rc != 0) {
		fflush(stdout);
		stdio_complain(o->request->program, "%s: %s",
			       o->socktype == SOCK_DGRAM ? "udp" : "tcp", o->why);
		if (json) {
			print_json_failure(o);
		}
	} else if (json) {
		print_json(o);
	} else {
		print_overhead(o);
	}
	series_clear(&o->calls);
	series_clear(&o->echoes);
	series_clear(&o->added);
	series_clear(&o->inside);
	return rc == 0 ? STATUS_DONE : STATUS_NO_ANSWER;
}

int query_overhead(struct request *request, const struct parse_host *baseline, bool both)
{
	struct overhead one = { .request = request, .socktype = request->target.socktype };
	struct overhead other = { .request = request, .socktype = SOCK_STREAM };
	int status = run(&one, baseline);

	if (both) {
		if (request->format != FORMAT_JSON && status == STATUS_DONE) {
			putchar('\n');
		}
		status = run(&other, baseline) != STATUS_DONE ? STATUS_NO_ANSWER : status;
	}
	if (request->format != FORMAT_JSON && status == STATUS_DONE) {
		fputs(explanation, stdout);
	}
	return status;
}
