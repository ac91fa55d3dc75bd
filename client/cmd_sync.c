#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/report.h"
#include "client/request.h"
#include "client/terminal.h"
#include "client/verbs.h"
#include "sys/stdio.h"

static const char about[] =
	"Measure how wrong the local clock is against a server, adjust it, and measure again.\n"
	"Of several servers more than half must agree.\n"
	"Without --clock FILE this is the system clock, and needs the privilege to set it.";

/* Carry the decision out. STATUS_DONE, or another status after saying why it could not be. */
static int apply(const struct request *request, const struct policy_decision *d)
{
	struct clock *clock = request->measure.clock;
	int rc = 0;

	if (d->action == POLICY_STEP) {
		rc = clock_step(clock, d->correction);
	} else if (d->action == POLICY_SLEW) {
		rc = clock_slew(clock, d->correction);
	}
	if (rc == 0) {
		return STATUS_DONE;
	}
	if (rc == -EPERM || rc == -EACCES || rc == -EROFS) {
		stdio_complain(
			request->program,
			"no permission to set the system clock, which was left as it is; run "
			"as root, or use a clock file: --clock FILE (see 'timesync clock "
			"create')");
		return STATUS_NO_PERMISSION;
	}
	stdio_complain(request->program, "cannot %s the clock: %s%s",
		       d->action == POLICY_STEP ? "step" : "slew", strerror(-rc),
		       rc == -ERANGE && d->action == POLICY_SLEW
			       ? " (that is more than the clock can slew; --step sets it at once)"
			       : "");
	return rc == -EBADMSG ? STATUS_USAGE : STATUS_REFUSED;
}

/* The servers as they were measured, and what they say together. */
struct survey {
	struct measure_job *jobs;
	struct combination combination;
};

static bool make_survey(struct survey *s, const struct request *request)
{
	s->jobs =
		measure_all(request->hosts, request->n_hosts, &request->target, &request->measure);
	if (!s->jobs) {
		stdio_complain(request->program, "out of memory");
		return false;
	}
	combine(&s->combination, s->jobs, request->n_hosts);
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

/* Whether there is a result to act upon: one server, or more than half of them, agree. */
static int judge(const struct request *request, const struct combination *c)
{
	char why[REPORT_REFUSAL_MAX];

	if (c->rc == 0 && 2 * c->select.truechimers > c->servers) {
		return STATUS_DONE;
	}
	fflush(stdout);
	stdio_complain(request->program, "%s; the clock was left as it is", report_discord(c, why));
	return c->answered == 0 ? STATUS_NO_ANSWER : STATUS_REFUSED;
}

static void measure_again(const struct request *request, struct report_action *a,
			  struct survey *after)
{
	if (!make_survey(after, request)) {
		return;
	}
	if (after->combination.rc == 0) {
		a->after = &after->combination.estimate;
	} else {
		stdio_complain(request->program,
			       "the clock was adjusted, but could not be measured again: %s",
			       after->jobs[0].why);
	}
}

/* What follows from the survey, but for the printing for programs. The exit status. */
static int act(const struct request *request, struct report_action *a, struct survey *after)
{
	const bool people = request->format == FORMAT_PEOPLE;
	char refusal[REPORT_REFUSAL_MAX];
	int status;

	if (people) {
		report_action(request, a);
		fflush(stdout);
	}
	if (a->decision.action == POLICY_REFUSE) {
		/* Not by stdio_complain, which would mask the style; there are no words but ours.
		 */
		fprintf(stderr, "%s: %srefused%s: %s; the clock was left as it is\n",
			request->program, terminal_begin(stderr, TERMINAL_ALARM),
			terminal_end(stderr), report_refusal(request, a, refusal));
		return STATUS_REFUSED;
	}
	if (request->dry_run) {
		return STATUS_DONE;
	}
	status = apply(request, &a->decision);
	if (status == STATUS_DONE && a->decision.action != POLICY_NONE) {
		a->applied = true;
		measure_again(request, a, after);
	}
	if (people) {
		report_after(a);
	}
	return status;
}

static int synchronise(const struct request *request)
{
	struct survey survey, after = { .jobs = NULL };
	struct report_action action = { .estimate = &survey.combination.estimate };
	int status;

	if (!make_survey(&survey, request)) {
		return STATUS_NO_ANSWER;
	}
	print_survey(request, &survey);
	status = judge(request, &survey.combination);
	if (status == STATUS_DONE) {
		action.decision = policy_decide(action.estimate->offset, &request->limits);
		status = act(request, &action, &after);
		print_for_programs(request, &survey, &action);
	} else {
		print_for_programs(request, &survey, NULL);
	}
	release_survey(&survey, request);
	release_survey(&after, request);
	return status;
}

int cmd_sync(int argc, char **argv)
{
	struct request request;
	int status = request_parse(&request, SCOPE_SYNC, "timesync sync", about, argc, argv);

	if (status < 0) {
		status = request_open_clock(&request, !request.dry_run);
	}
	if (status < 0) {
		status = synchronise(&request);
	}
	request_close(&request);
	return status;
}
