/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/verbs/correct.h"
#include "client/print/report.h"
#include "client/request.h"
#include "print/terminal.h"
#include "print/words.h"
#include "client/verbs.h"
#include "os/stdio.h"

static const char about[] =
	"Measure the local clock against a server, correct it, and measure again.\n"
	"Of several servers more than half must agree.\n"
	"Without --clock FILE this is the system clock, which needs the privilege to set it.";

/* The measured servers, and their combined result. */
struct survey {
	struct clock_mark mark; /* of the local clock, before the first of them */
	struct measure_job *jobs;
	struct combination combination;
};

static bool make_survey(struct survey *s, const struct request *request)
{
	const int rc = clock_mark(request->measure.clock, &s->mark);
	char why[REPORT_REFUSAL_MAX];

	if (rc != 0) {
		stdio_complain(request->program, "the local clock cannot be read: %s",
			       clock_error_text(rc));
		return false;
	}
	s->jobs =
		measure_all(request->hosts, request->n_hosts, &request->target, &request->measure);
	if (!s->jobs) {
		stdio_complain(request->program, "out of memory");
		return false;
	}
	combine(&s->combination, s->jobs, request->n_hosts);
	if (request->n_hosts == 1 && s->combination.self > 0) { /* there is nothing to act upon */
		s->jobs[0].rc = -1;
		snprintf(s->jobs[0].why, sizeof(s->jobs[0].why), "%s",
			 report_discord(&s->combination, why));
	}
	return true;
}

static void release_survey(struct survey *s, const struct request *request)
{
	measure_all_free(s->jobs, request->n_hosts);
}

/* For people, as far as it is known. */
static void print_survey(const struct request *request, const struct survey *s)
{
	for (size_t i = 0; i < request->n_hosts; i++) {
		if (s->jobs[i].rc == 0 && request->format == FORMAT_PEOPLE) {
			report_server(request, &s->jobs[i]);
			if (request->n_hosts > 1) {
				putchar('\n');
			}
		} else if (s->jobs[i].rc != 0) {
			fflush(stdout);
			stdio_complain(request->program, "%s", s->jobs[i].why);
		}
	}
	if (request->n_hosts > 1 && request->format == FORMAT_PEOPLE) {
		report_together(&s->combination, s->jobs);
	}
}

/* For programs, at the end. */
static void print_for_programs(const struct request *request, const struct survey *s,
			       const struct report_action *action)
{
	const size_t n = request->n_hosts;

	for (size_t i = 0; i < n; i++) {
		if (request->format == FORMAT_JSON) {
			report_json_server(request, &s->jobs[i], n == 1 ? action : NULL);
		} else if (request->format == FORMAT_CLASSIC && s->jobs[i].rc == 0) {
			report_classic(&s->jobs[i].measured);
		}
	}
	if (n > 1 && request->format == FORMAT_JSON) {
		report_json_together(request, &s->combination, s->jobs, action);
	}
}

/* Whether there is a result to act upon. */
static int judge(const struct request *request, const struct combination *c)
{
	char why[REPORT_REFUSAL_MAX];

	if (c->rc == 0) {
		return STATUS_DONE;
	}
	fflush(stdout);
	stdio_complain(request->program, "%s; the clock was left as it is", report_discord(c, why));
	return c->servers > 0 && c->answered == 0 ? STATUS_NO_ANSWER : STATUS_REFUSED;
}

static void measure_after(const struct request *request, struct report_action *a,
			  struct survey *after)
{
	char why[REPORT_REFUSAL_MAX];

	if (!make_survey(after, request)) {
		return;
	}
	if (after->combination.rc == 0) {
		a->after = &after->combination.estimate;
	} else {
		stdio_complain(request->program,
			       "the clock was adjusted, but could not be measured again: %s",
			       request->n_hosts == 1 && after->jobs[0].rc != 0
				       ? after->jobs[0].why
				       : report_discord(&after->combination, why));
	}
}

static int refuse(const struct request *request, const struct report_action *a)
{
	char refusal[REPORT_REFUSAL_MAX];

	/* Not by stdio_complain, which would mask the style; there are no words but ours. */
	fprintf(stderr, "%s: %srefused%s: %s; the clock was left as it is\n", request->program,
		terminal_begin(stderr, TERMINAL_ALARM), terminal_end(stderr),
		report_refusal(request, a, refusal));
	return STATUS_REFUSED;
}

/* The step was made. */
static void log_step(const struct request *request, const struct report_action *a)
{
	char offset[WORDS_MAX], bound[WORDS_MAX], why[4 * WORDS_MAX];

	snprintf(why, sizeof(why), "it was %s, +/- %s, against %s%s",
		 words_offset(a->estimate->offset, offset),
		 words_bound(a->estimate->max_error, bound), request->hosts[0].name,
		 request->n_hosts > 1 ? " and others" : "");
	correct_log_step(request, a->decision.correction, why);
}

/*
 * Correct the clock by the survey and print it for people. Returns the exit status, or
 * CORRECT_STALE before anything is printed.
 */
static int act(const struct request *request, struct report_action *a, struct survey *survey,
	       struct survey *after)
{
	const bool people = request->format == FORMAT_PEOPLE;
	const bool adjusts = a->decision.action == POLICY_STEP || a->decision.action == POLICY_SLEW;
	int status = STATUS_DONE;

	if (adjusts && !request->dry_run) {
		status = correct_apply(request, &a->decision, &survey->mark);
		if (status != STATUS_DONE) {
			return status;
		}
		a->applied = true;
		if (a->decision.action == POLICY_STEP) {
			log_step(request, a);
		}
	}
	if (people) { /* the correction that was made, not the decision */
		report_action(request, a);
		fflush(stdout);
	}
	if (a->decision.action == POLICY_REFUSE) {
		return refuse(request, a);
	}
	if (a->applied) {
		measure_after(request, a, after);
	}
	if (correct_moved_along(a)) {
		return correct_take_back(request, a, &survey->mark);
	}
	if (people) {
		report_after(a);
	}
	return status;
}

/* Measure, decide, adjust. The exit status, or CORRECT_STALE. */
static int measure_and_adjust(const struct request *request)
{
	struct survey survey, after = { .jobs = NULL };
	struct report_action action = { .estimate = &survey.combination.estimate };
	struct policy_decision d;
	int status;

	if (!make_survey(&survey, request)) {
		return STATUS_NO_ANSWER;
	}
	if (clock_unchanged(request->measure.clock, &survey.mark) == -ESTALE) {
		release_survey(&survey, request);
		return CORRECT_STALE;
	}
	print_survey(request, &survey);
	status = judge(request, &survey.combination);
	if (status == STATUS_DONE) {
		d = policy_decide(action.estimate->offset, &request->limits);
		action.decision =
			policy_vet(&d, combine_is_synchronised(&survey.combination, survey.jobs),
				   &request->limits);
		status = act(request, &action, &survey, &after);
		if (status != CORRECT_STALE) {
			print_for_programs(request, &survey, &action);
		}
	} else {
		print_for_programs(request, &survey, NULL);
	}
	release_survey(&survey, request);
	release_survey(&after, request);
	return status;
}

static int synchronise(const struct request *request)
{
	int status = measure_and_adjust(request);

	if (status == CORRECT_STALE) {
		fflush(stdout);
		stdio_complain(request->program, "another program has changed the local clock "
						 "since it was measured: measuring again");
		status = measure_and_adjust(request);
	}
	if (status == CORRECT_STALE) {
		status = request_refuse(request,
					"another program changes the local clock during each "
					"measurement; it was left as it is",
					STATUS_REFUSED);
	}
	return status;
}

int cmd_sync(int argc, char **argv)
{
	struct request request;
	int status = request_parse(&request, SCOPE_SYNC, "timesync sync", about, argc, argv);

	if (status == STATUS_GO_ON) {
		status = request_open_clock(&request, !request.dry_run);
	}
	if (status == STATUS_GO_ON && !request.dry_run) {
		status = request_leave_to_keeper(&request);
	}
	if (status == STATUS_GO_ON) {
		request.limits.max_slew = clock_max_slew(request.measure.clock);
		status = synchronise(&request);
	}
	request_close(&request);
	return status;
}
