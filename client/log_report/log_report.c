/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/log_report/log_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "print/words.h"

/* A line's head, in front of its text. */
static void head(const char *name)
{
	printf("%-10s", name);
}

static void print_log(const struct log_report *r)
{
	const struct summary *s = r->summary;
	char begin[WORDS_MAX], end[WORDS_MAX], span[WORDS_MAX], path[WORDS_PATH_MAX];

	head("log");
	printf("%s:\n", words_path(r->name, path));
	head("");
	printf("%zu poll%s in %zu run%s", s->polls, s->polls == 1 ? "" : "s", s->runs,
	       s->runs == 1 ? "" : "s");
	if (r->log->damaged > 0) {
		printf("; %zu damaged line%s left out", r->log->damaged,
		       r->log->damaged == 1 ? "" : "s");
	}
	putchar('\n');
	head("time");
	printf("%s to %s, %s\n", words_date(s->begin, begin), words_date(s->end, end),
	       words_duration(s->end - s->begin, span));
}

static void print_servers(const struct track_log *log)
{
	if (log->servers.n == 0) {
		head("servers");
		puts("unknown: the log does not name them");
	}
	for (size_t i = 0; i < log->servers.n; i++) {
		const struct track_log_server *s = &log->servers.all[i];
		char port[16] = "";

		if (s->port != 0) {
			snprintf(port, sizeof(port), " port %u", s->port);
		}
		head(i == 0 ? "servers" : "");
		printf("%s%s: answered %zu of %zu polls", s->host, port, s->answered, s->polls);
		if (s->outvoted > 0) {
			printf(", in %zu against the majority", s->outvoted);
		}
		putchar('\n');
	}
}

static void print_polls(const struct log_report *r)
{
	const struct summary *s = r->summary;
	const struct track_rounds *p = &r->log->rounds;

	head("polls");
	printf("%zu measured, %zu unanswered, %zu without a majority,\n", s->measured,
	       s->unanswered, s->discordant);
	head("");
	printf("%zu contradictory and discarded\n", s->contradictions);
	head("packets");
	if (r->log->without_rounds > 0) {
		puts("unknown: not all lines count them");
		return;
	}
	printf("%" PRId64 " sent, %" PRId64 " received, %" PRId64 " lost, %" PRId64
	       " late, %" PRId64 " duplicate;\n",
	       p->sent, p->received, p->lost, p->late, p->duplicate);
	head("");
	printf("%" PRId64 " round%s discarded\n", p->discarded, p->discarded == 1 ? "" : "s");
}

static void print_convergence(const struct summary *s)
{
	const size_t starts = s->runs + s->restarts;
	char slowest[WORDS_MAX];

	head("converged");
	if (s->converged == 0) {
		puts("never");
	} else if (starts == 1) {
		printf("after %s, at poll %zu\n", words_duration(s->slowest, slowest),
		       s->slowest_polls);
	} else {
		printf("after %zu of %zu starts; the slowest took %s, to poll %zu\n", s->converged,
		       starts, words_duration(s->slowest, slowest), s->slowest_polls);
	}
	head("");
	printf("from the first of %d measurements in a row within their bound + 1 us\n",
	       SUMMARY_CONVERGED);
}

/* --- the table --- */

typedef const char *words_fn(dur_ns d, char buf[WORDS_MAX]);

static void print_row(const char *name, const struct summary *s, words_fn *words, dur_ns before,
		      dur_ns since)
{
	char cell[WORDS_MAX];

	printf("%-20s%-21s", name, s->before.polls > 0 ? words(before, cell) : "unknown");
	printf("%s\n", s->since.polls > 0 ? words(since, cell) : "unknown");
}

static void print_table(const struct summary *s)
{
	const struct summary_spread *b = &s->before, *a = &s->since;

	printf("\n%-20s%-21s%s\n", "", "before convergence", "since then");
	printf("%-20s%-21zu%zu\n", "measurements", b->polls, a->polls);
	print_row("offset, 5 %", s, words_offset, b->offset_p5, a->offset_p5);
	print_row("offset, median", s, words_offset, b->offset_p50, a->offset_p50);
	print_row("offset, 95 %", s, words_offset, b->offset_p95, a->offset_p95);
	print_row("offset, furthest", s, words_offset, b->offset_furthest, a->offset_furthest);
	print_row("bound, median", s, words_bound, b->bound_p50, a->bound_p50);
	print_row("bound, largest", s, words_bound, b->bound_most, a->bound_most);
	print_row("delay, least", s, words_duration, b->delay_least, a->delay_least);
	print_row("delay, median", s, words_duration, b->delay_p50, a->delay_p50);
	putchar('\n');
}

/* --- corrections --- */

static void print_rate(const struct summary *s)
{
	char last[WORDS_MAX], least[WORDS_MAX], most[WORDS_MAX];

	head("rate");
	if (!s->rate_known) {
		puts("unknown: the clock has not converged");
		return;
	}
	printf("%s without correction at the end;\n", words_rate(s->rate_last, last));
	head("");
	printf("since convergence from %s to %s\n", words_rate(s->rate_least, least),
	       words_rate(s->rate_most, most));
}

static void print_correction(size_t n, const char *name, dur_ns largest)
{
	char amount[WORDS_MAX];

	printf("%zu %s%s", n, name, n == 1 ? "" : "s");
	if (largest != 0) {
		printf(", %s%s %s", n == 1 ? "" : "the largest ", words_duration(largest, amount),
		       largest > 0 ? "forward" : "back");
	}
}

static void print_corrections(const struct summary *s)
{
	head("corrected");
	print_correction(s->steps, "step", s->largest_step);
	fputs("; ", stdout);
	print_correction(s->slews, "slew", s->largest_slew);
	puts(";");
	head("");
	printf("%zu refused, %zu failed\n", s->refused, s->failed);
}

static void print_correcting(const struct summary *s)
{
	char took[WORDS_MAX], furthest[WORDS_MAX];

	if (s->correcting == 0) {
		return;
	}
	head("off bound");
	printf("%zu poll%s, %s in all, found the offset larger than its bound;\n", s->correcting,
	       s->correcting == 1 ? "" : "s", words_duration(s->corrected_in, took));
	head("");
	printf("at most %s\n", words_offset(s->furthest, furthest));
}

static void print_hold_over(const struct summary *s)
{
	char held[WORDS_MAX], longest[WORDS_MAX], bound[WORDS_MAX];

	head("hold-over");
	if (s->holdovers == 0) {
		puts("none");
		return;
	}
	printf("%zu time%s, %s in all, the longest %s;\n", s->holdovers,
	       s->holdovers == 1 ? "" : "s", words_duration(s->held, held),
	       words_duration(s->held_longest, longest));
	head("");
	printf("bound at most %s%s\n", words_bound(s->held_error, bound),
	       s->holding ? "; it lasts" : "");
}

struct log_truth_sum log_report_truth(const struct log_report *r)
{
	struct log_truth_sum sum = { .n = 0 };
	const enum summary_part part = r->summary->since.polls > 0 ? SUMMARY_SINCE : SUMMARY_BEFORE;

	for (size_t i = 0; r->truth && i < r->log->n; i++) {
		const struct summary_poll *p = &r->log->polls[i];
		dur_ns truth;

		if (p->part == part && log_truth_at(r->truth, p->at, p->system_at, &truth)) {
			log_truth_add(&sum, truth, p->offset, p->max_error);
		}
	}
	return sum;
}

static void print_truth(const struct log_report *r)
{
	const struct log_truth_sum sum = log_report_truth(r);
	const struct summary *s = r->summary;

	if (r->truth) {
		log_truth_print(&sum, s->since.polls > 0 ? s->since.polls : s->before.polls, 10);
	}
}

void log_report_print(const struct log_report *r)
{
	const struct summary *s = r->summary;

	print_log(r);
	print_servers(r->log);
	print_polls(r);
	print_convergence(s);
	print_table(s);
	if (s->steered > 0) {
		print_rate(s);
		print_corrections(s);
		print_correcting(s);
		print_hold_over(s);
	} else {
		head("corrected");
		puts("unknown: the measurements were given to chronyd");
	}
	print_truth(r);
}
