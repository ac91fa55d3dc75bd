/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/print/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "print/terminal.h"
#include "print/words.h"
#include "print/wrap.h"

/* Where the text of a line begins, behind its head. */
#define TEXT_COLUMN 9

/* Longer than any line, with two names of hosts and a reason in it. */
#define LINE_MAX_LENGTH 1000

/* Print a line that may be longer than a terminal is wide. */
__attribute__((format(printf, 1, 2))) static void print_long(const char *format, ...)
{
	char line[LINE_MAX_LENGTH];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	wrap_print(stdout, TEXT_COLUMN, line);
}

/* More rounds than this are summed up, not listed. */
#define LISTED_ROUNDS 20

void report_source(const struct measure_job *job)
{
	const struct measurement *m = &job->measured;
	char address[ADDRESS_TEXT_MAX], error[WORDS_MAX];

	printf("server   %s at %s, %s\n", job->target.host.name, address_text(&m->server, address),
	       m->socktype == SOCK_DGRAM ? "udp" : "tcp");
	if (!m->quality_known) {
		printf("         the quality of its clock is unknown\n");
	} else if (m->quality.synchronised) {
		printf("         its clock is synchronised, within %s of UTC as it reports\n",
		       words_bound(m->quality.max_error, error));
	} else {
		printf("         its clock is not synchronised: its error against UTC is "
		       "unknown\n");
	}
	if (job->is_self) {
		printf("         this machine's own daemon serves the measured clock: it always "
		       "agrees\n");
	}
}

static void print_rounds(const struct measurement *m)
{
	unsigned round = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct sample *s = &m->samples[i];
		char delay[WORDS_MAX], half[WORDS_MAX], offset[WORDS_MAX];

		if (s->kind != SAMPLE_TIMESTAMPS || ++round > LISTED_ROUNDS) {
			continue;
		}
		words_duration(sample_delay(s), delay);
		words_duration(sample_delay(s) / 2, half);
		printf("round %-3u round trip %s, half %s; local clock %s\n", round, delay, half,
		       words_offset(sample_offset(s), offset));
	}
	if (round > LISTED_ROUNDS) {
		printf("         and %u rounds more\n", round - LISTED_ROUNDS);
	}
}

void report_counts(const struct measurement *m)
{
	const struct call_counts *c = &m->counts;

	printf("packets  %u sent, %u received, %u lost, %u late, %u duplicate\n", c->sent,
	       c->received, c->lost, c->late, c->duplicate);
	if (m->stepped > 0) {
		printf("         %u rounds discarded: a clock was stepped in their middle\n",
		       m->stepped);
	}
}

/* The words around a method's delay. */
static const struct {
	const char *before, *after;
} words_of_methods[ESTIMATE_METHODS] = {
	[ESTIMATE_CRISTIAN] = { "the quickest GET_TIME took ",
				": server's time plus half of that" },
	[ESTIMATE_NTP] = { "the round of least delay, ", ", is taken" },
	[ESTIMATE_MINIMUM] = { "the least delays of the two directions are ", " together" },
};

static void print_mean(const struct measurement *m)
{
	const struct sample *time = measurement_time(m);
	char a[WORDS_MAX], b[WORDS_MAX];
	dur_ns way_back = m->estimate.offset - (time->t2 - time->t4);

	printf("mean     ((t4-t1)-(t3-t2))/2 is %s on average\n", words_duration(way_back, a));
	printf("time     %s on the server, %s more now\n", words_time(time->t2, a),
	       words_duration(way_back, b));
}

static void print_method(const struct measurement *m, enum estimate_method method)
{
	const char *before = words_of_methods[method].before;
	const char *after = words_of_methods[method].after;
	char delay[WORDS_MAX];

	if (method == ESTIMATE_MEAN) {
		print_mean(m);
		return;
	}
	printf("%-8s %s%s%s\n", estimate_method_name(method), before ? before : "the delay is ",
	       words_duration(m->estimate.delay, delay), after ? after : "");
}

static void print_result(const char *label, const struct estimate *e)
{
	char offset[WORDS_MAX], bound[WORDS_MAX];

	printf("%-8s %slocal clock is %s, +/- %s%s\n", label,
	       terminal_begin(stdout, TERMINAL_STRONG), words_offset(e->offset, offset),
	       words_bound(e->max_error, bound), terminal_end(stdout));
}

void report_server(const struct request *request, const struct measure_job *job)
{
	const struct measurement *m = &job->measured;

	report_source(job);
	print_rounds(m);
	report_counts(m);
	print_method(m, request->measure.method);
	print_result("result", &m->estimate);
}

/* The servers without a vote, and the outvoted ones, with the reason. */
static void print_standing(const struct combination *c, const struct measure_job *jobs, size_t i)
{
	const struct measure_job *job = &jobs[i];
	const enum select_verdict verdict = c->select.verdict[i];
	char address[ADDRESS_TEXT_MAX], other[ADDRESS_TEXT_MAX];

	address_text(&job->measured.server, address);
	if (job->is_self) {
		print_long("oneself  %s at %s: this machine's own daemon, which serves the "
			   "measured clock itself; it has no vote",
			   job->target.host.name, address);
	} else if (job->same_as) {
		print_long("same     %s at %s: the same server as %s at %s, counted once",
			   job->target.host.name, address, job->same_as->target.host.name,
			   address_text(&job->same_as->measured.server, other));
	} else if (job->rc == 0 && c->by_claims && verdict == SELECT_UNUSABLE) {
		print_long(
			"no claim %s at %s: it does not say how far from UTC its clock may be, and "
			"agrees with nobody",
			job->target.host.name, address);
	} else if (job->rc == 0 && verdict != SELECT_TRUECHIMER) {
		print_long("%-8s %s at %s: %s",
			   verdict == SELECT_NO_MAJORITY ? "disputed" : "false",
			   job->target.host.name, address, select_verdict_text(verdict));
	}
}

void report_together(const struct combination *c, const struct measure_job *jobs)
{
	printf("together %zu server%s, %zu answered, %zu agree\n", c->servers,
	       c->servers == 1 ? "" : "s", c->answered, c->select.agreeing);
	for (size_t i = 0; i < c->named; i++) {
		print_standing(c, jobs, i);
	}
	if (c->by_claims) {
		print_long("claims   the servers' clocks differ, but by no more than the servers "
			   "say they may be off; the result is of UTC");
	}
	if (c->rc == 0) {
		print_result("result", &c->estimate);
	}
}

const char *report_discord(const struct combination *c, char buf[REPORT_REFUSAL_MAX])
{
	if (c->servers == 0) {
		snprintf(buf, REPORT_REFUSAL_MAX,
			 "no server was named but this machine's own daemon, which serves the "
			 "measured clock itself; name servers of other machines");
	} else if (c->answered == 0) {
		snprintf(buf, REPORT_REFUSAL_MAX, "no server answered");
	} else if (c->select.agreeing == c->answered) {
		snprintf(buf, REPORT_REFUSAL_MAX,
			 "of %zu servers only %zu answered: more than half must, and agree, or "
			 "nobody knows who is right",
			 c->servers, c->answered);
	} else if (c->select.agreeing <= 1) {
		snprintf(buf, REPORT_REFUSAL_MAX,
			 "of %zu servers no two agree: more than half must, or nobody knows who is "
			 "right",
			 c->servers);
	} else {
		snprintf(buf, REPORT_REFUSAL_MAX,
			 "of %zu servers %zu agree: more than half must, or nobody knows who is "
			 "right",
			 c->servers, c->select.agreeing);
	}
	return buf;
}

const char *report_refusal(const struct request *request, const struct report_action *a,
			   char buf[REPORT_REFUSAL_MAX])
{
	char offset[WORDS_MAX], limit[WORDS_MAX];

	if (a->decision.reason == POLICY_UNSYNCHRONISED) {
		return refusal_by_unsynchronised(a->estimate->offset, buf);
	}
	if (a->decision.reason == POLICY_OVER_MAX_SLEW) {
		snprintf(buf, REPORT_REFUSAL_MAX,
			 "the local clock is %s, and can be slewed by %s at most; --step sets it "
			 "at once",
			 words_offset(a->estimate->offset, offset),
			 words_limit(request->limits.max_slew, limit));
		return buf;
	}
	if (a->decision.reason == POLICY_ENDLESS) {
		snprintf(buf, REPORT_REFUSAL_MAX,
			 "the local clock is %s, and a slew of that at 500 ppm takes more than 292 "
			 "years; --step sets it at once",
			 words_offset(a->estimate->offset, offset));
		return buf;
	}
	snprintf(buf, REPORT_REFUSAL_MAX, "the local clock is %s, and --max-change allows %s",
		 words_offset(a->estimate->offset, offset),
		 words_limit(request->limits.max_change, limit));
	return buf;
}

void report_action(const struct request *request, const struct report_action *a)
{
	const struct policy_decision *d = &a->decision;
	const char *would = request->dry_run ? "would " : "";
	char amount[WORDS_MAX], time[WORDS_MAX], refusal[REPORT_REFUSAL_MAX];

	words_duration(d->correction, amount);
	switch (d->action) {
	case POLICY_NONE:
		print_long("action   none: %s", policy_reason_text(d->reason));
		break;
	case POLICY_STEP:
		print_long("action   %sstep: %s %s at once (%s)", would, amount,
			   d->correction > 0 ? "forward" : "back", policy_reason_text(d->reason));
		break;
	case POLICY_SLEW:
		print_long("action   %sslew: %s %s at 500 ppm, which takes %s (%s)", would, amount,
			   d->correction > 0 ? "forward" : "back",
			   words_duration(d->finish_in, time), policy_reason_text(d->reason));
		break;
	case POLICY_REFUSE:
		print_long("action   %srefused%s: %s; the clock is as it was",
			   terminal_begin(stdout, TERMINAL_ALARM), terminal_end(stdout),
			   report_refusal(request, a, refusal));
		break;
	}
}

void report_after(const struct report_action *a)
{
	const bool slewing = a->decision.action == POLICY_SLEW;

	if (a->after) {
		print_result(slewing ? "slewing" : "left", a->after);
	}
}

static int64_t to_ms(int64_t ns)
{
	return ns / NS_PER_MS;
}

void report_classic(const struct measurement *m)
{
	const struct sample *time = measurement_time(m);
	dur_ns sum = 0;
	int64_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (m->samples[i].kind == SAMPLE_TIMESTAMPS) {
			sum += sample_delay(&m->samples[i]) / 2;
			n++;
		}
	}
	if (time) {
		printf("REMOTE_TIME %" PRId64 "\n", to_ms(time->t2));
		printf("LOCAL_TIME %" PRId64 "\n", to_ms(time->t4));
	} else {
		printf("REMOTE_TIME unknown\nLOCAL_TIME unknown\n");
	}
	if (n > 0) {
		printf("RTT_ESTIMATE %" PRId64 "\n", to_ms(sum / n + NS_PER_MS / 2));
	} else {
		printf("RTT_ESTIMATE unknown\n");
	}
}
