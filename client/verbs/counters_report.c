/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/verbs/counters_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "measure/fields.h"
#include "print/words.h"

/* The columns of a name, and of a number that stands alone or as one of two. */
#define NAME_WIDTH   52
#define NUMBER_WIDTH 14

static void print_count(const char *name, uint64_t n)
{
	printf("  %-*s%*" PRIu64 "\n", NAME_WIDTH, name, NUMBER_WIDTH, n);
}

static void print_daemon(const struct status *s)
{
	char uptime[WORDS_MAX];

	printf("timesyncd has been running for %s\n", words_age(s->uptime, uptime));
	print_count("worker processes", s->workers);
	print_count("workers that died and were replaced", s->restarts);
}

static void print_answered(const struct status *s)
{
	static const char *const procedures[COUNTERS_PROCEDURES] = {
		"NULL",
		"GET_TIMESTAMPS",
		"GET_TIME",
		"GET_TIMESTAMPS_INTERLEAVED",
	};

	printf("\n%-*s%*s%*s\n", NAME_WIDTH + 2 - NUMBER_WIDTH, "Calls answered", NUMBER_WIDTH,
	       "by UDP", NUMBER_WIDTH, "by TCP");
	for (size_t i = 0; i < COUNTERS_PROCEDURES; i++) {
		printf("  %-*s%*" PRIu64 "%*" PRIu64 "\n", NAME_WIDTH - NUMBER_WIDTH, procedures[i],
		       NUMBER_WIDTH, s->counts[COUNTER_UDP_NULL + i], NUMBER_WIDTH,
		       s->counts[COUNTER_TCP_NULL + i]);
	}
	print_count("of all these, authenticated", s->counts[COUNTER_AUTHENTICATED]);
}

static void print_refused(const struct status *s)
{
	puts("\nCalls answered with an error");
	print_count("no such program, version or procedure; bad arguments",
		    s->counts[COUNTER_ERRORS]);
	print_count("credentials refused", s->counts[COUNTER_CREDENTIALS]);
	puts("\nCalls not answered");
	print_count("malformed: not a call", s->counts[COUNTER_MALFORMED]);
	print_count("from an address that --allow leaves out", s->counts[COUNTER_DENIED]);
	print_count("more than --rate-limit allows", s->counts[COUNTER_RATE_LIMITED]);
	print_count("sent to a broadcast or multicast address", s->counts[COUNTER_BROADCAST]);
}

static void print_connections(const struct status *s)
{
	puts("\nTCP connections");
	print_count("accepted", s->counts[COUNTER_ACCEPTED]);
	print_count("of these, closed", s->counts[COUNTER_CLOSED]);
	print_count("of these, closed to make room, or as idle or slow",
		    s->counts[COUNTER_CLOSED_EARLY]);
}

void counters_report_print(const struct status *s)
{
	print_daemon(s);
	print_answered(s);
	print_refused(s);
	print_connections(s);
}

json_t *counters_report_json(const struct status *s)
{
	json_t *object = json_pack("{s:o s:i s:I}", "uptime_s", fields_seconds(s->uptime),
				   "workers", (int)s->workers, "restarts", (json_int_t)s->restarts);

	for (int i = 0; i < COUNTERS; i++) {
		json_object_set_new(object, counter_name((enum counter)i),
				    json_integer((json_int_t)s->counts[i]));
	}
	return object;
}
