/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/tracker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "track/track_bound.h"
#include "track/track_feed.h"
#include "track/track_report.h"
#include "track/track_servers.h"
#include "track/track_signals.h"
#include "track/track_sink.h"
#include "track/track_steer.h"
#include "track/track_view.h"
#include "core/arith.h"
#include "core/jitter.h"
#include "os/clock_system.h"
#include "os/entropy.h"
#include "os/exit_status.h"
#include "os/files.h"
#include "track/track_say.h"

/* The state that was last told to the daemon's log. */
struct track_logged {
	bool anything;
	enum discipline_phase phase;
	enum discipline_event event;
};

struct tracker {
	const struct track_options *options;
	struct clock *clock;
	struct track_signals signals;
	struct track_servers servers;
	struct track_steer steer; /* unless chronyd is fed */
	struct track_bound bound; /* the same */
	struct track_feed feed;   /* if it is */
	struct track_sink log;
	bool measured;   /* at one poll at least */
	bool thorough;   /* the next poll is to be */
	uint64_t random; /* of the pauses; core/splitmix */
	struct track_logged logged;
	struct tracking view;
};

/* The rounds of a poll, unless the user wants so many. */
#define ROUNDS_USUAL    1
#define ROUNDS_THOROUGH 8
#define ROUNDS_POLITE   3 /* thorough */

/* Between two polls. */
struct pause {
	dur_ns all;
	dur_ns slew; /* the part of it that a slew takes */
};

static void complain(const struct tracker *t, const char *what, int error)
{
	track_complain(t->options->program, "%s: %s", what, file_error_text(error));
}

static bool feeds(const struct tracker *t)
{
	return t->options->chrony_sock != NULL;
}

static int open_feed(struct tracker *t)
{
	const struct track_options *o = t->options;
	const int rc =
		track_feed_open(&t->feed, t->options->program, o->chrony_sock, t->options->trust);

	if (rc != 0) {
		complain(t, o->chrony_sock, rc);
	}
	return rc == 0 ? STATUS_DONE : STATUS_USAGE;
}

static int open_tracker(struct tracker *t)
{
	const struct track_options *o = t->options;
	int status, rc = track_signals_open(&t->signals);

	if (rc == 0) {
		clock_cancel_by(t->clock, t->signals.end);
		rc = track_servers_open(&t->servers, o->program, o->hosts, o->n_hosts, &o->target);
	}
	if (rc != 0) {
		complain(t, "cannot track", rc);
		return STATUS_NO_PERMISSION;
	}
	status = feeds(t) ? open_feed(t)
			  : track_steer_begin(&t->steer, o->program, t->clock, &o->limits,
					      o->drift_file);
	return status == STATUS_DONE ? track_sink_open(&t->log, o->program,
						       "the clock is still kept", o->log_file)
				     : status;
}

static void close_tracker(struct tracker *t)
{
	clock_cancel_by(t->clock, 0);
	track_signals_close(&t->signals);
	track_servers_close(&t->servers);
	track_feed_close(&t->feed);
	track_sink_close(&t->log);
}

static bool is_logging(const struct tracker *t)
{
	return t->options->output == TRACK_LOGS_CHANGES;
}

/* Which servers did not answer; the log is told once. */
static void report_servers(const struct tracker *t, const struct track_record *r)
{
	for (size_t i = 0; i < t->options->n_hosts; i++) {
		const unsigned unanswered = t->servers.servers[i].unanswered;

		if (r->jobs[i].rc != 0 && (!is_logging(t) || unanswered == 1)) {
			track_complain(t->options->program, "%s", r->jobs[i].why);
		}
	}
}

/* Log a poll unless it is one like the last. */
static void log_change(struct tracker *t, const struct track_record *r)
{
	const struct track_logged now = { true, r->status.phase, r->decision.event };
	const bool is_new =
		!t->logged.anything || now.phase != t->logged.phase || now.event != t->logged.event;
	char *text = is_new && r->steered ? track_report_text(r) : NULL;

	if (text) {
		track_tell(t->options->program, "%s", text);
		t->logged = now;
	}
	free(text);
}

/* An exit status; STATUS_DONE to go on. */
static int report(struct tracker *t, const struct track_record *r)
{
	char *json = track_report_json(r);
	bool read = true;

	if (!json) {
		complain(t, "cannot report", -ENOMEM);
		return STATUS_NO_ANSWER;
	}
	report_servers(t, r);
	track_sink_write(&t->log, json);
	if (is_logging(t)) {
		log_change(t, r);
	} else {
		read = track_report_print(r, t->options->output == TRACK_PRINTS_JSON ? json : NULL,
					  t->options->program);
	}
	free(json);
	return read ? STATUS_DONE : STATUS_USAGE;
}

static void tell(struct tracker *t)
{
	if (t->options->told) {
		t->options->told(t->options->told_arg, &t->view);
	}
}

/* The clock was steered: have others know. */
static void publish(struct tracker *t, const struct track_record *r, const struct pause *pause)
{
	const struct steering *s = &t->steer.steering;

	track_bound_publish(&t->bound, s, pause->slew, pause->all);
	track_view_polled(&t->view, r, &t->servers, s, clock_mono(t->clock), pause->all);
	tell(t);
}

/* Steer the clock by the measurements, or feed chronyd. As poll_servers. */
static int use(struct tracker *t, const struct measure_job *jobs, struct pause *pause)
{
	struct combination c;
	struct track_record r = { .measured = &c, .jobs = jobs, .limits = &t->options->limits };
	int status = STATUS_DONE, printed;

	combine(&c, jobs, t->options->n_hosts);
	t->measured |= c.rc == 0;
	r.system_at = clock_now(clock_system());
	r.at = clock_from_kernel(t->clock, r.system_at);
	if (feeds(t)) {
		r.fed = track_feed_poll(&t->feed, &c, jobs);
		pause->all = jitter_add(t->options->limits.min_poll, &t->random);
	} else {
		status = track_steer_poll(&t->steer, &r);
		r.decision.next_poll = jitter_add(r.decision.next_poll, &t->random);
		*pause = (struct pause){ r.decision.next_poll, r.decision.slew_for };
		t->thorough = r.decision.thorough || !r.steered;
		publish(t, &r, pause);
	}
	/* A poll that failed is not printed: its error was reported. */
	printed = feeds(t) || r.steered ? report(t, &r) : STATUS_DONE;
	if (r.steered && r.decision.action == DISCIPLINE_STEP) {
		track_report_step(&r, t->clock, t->options->program);
	}
	if (r.steered && r.decision.action == DISCIPLINE_REFUSE) {
		track_report_refusal(&r, &t->options->limits, t->clock, t->options->program);
	}
	if (c.servers == 0) {
		track_complain(t->options->program, "refused: %s", combine_why(&c));
		status = STATUS_REFUSED;
	}
	return status == STATUS_DONE ? printed : status;
}

/* How the next poll is to be done. */
static struct track_servers_poll next_poll(const struct tracker *t)
{
	struct track_servers_poll poll = { t->options->measure, t->thorough };
	const unsigned thorough = t->options->limits.polite ? ROUNDS_POLITE : ROUNDS_THOROUGH;
	int64_t *drift = &poll.measure.estimate.max_drift_ppb;

	poll.measure.rounds = t->thorough ? thorough : ROUNDS_USUAL;
	if (t->options->rounds > 0) {
		poll.measure.rounds = t->options->rounds;
	}
	measure_take_drift(&poll.measure);
	if (!feeds(t)) {
		*drift = arith_min(*drift, steering_drift(&t->steer.steering));
	}
	return poll;
}

/*
 * One poll of all servers. An exit status; STATUS_DONE to go on after *pause. One that a signal
 * has called off in the middle says nothing of the servers.
 */
static int poll_servers(struct tracker *t, struct pause *pause)
{
	const struct track_servers_poll poll = next_poll(t);
	struct measure_job *jobs = track_servers_measure(&t->servers, &poll);
	int status = STATUS_DONE;

	if (!jobs) {
		complain(t, "cannot measure", -ENOMEM);
		return STATUS_NO_ANSWER;
	}
	if (!track_signals_pending(&t->signals)) {
		status = use(t, jobs, pause);
	}
	measure_all_free(jobs, t->options->n_hosts);
	return status;
}

/* Handle the signals that have come. False when it is time to end. */
static bool obey(struct tracker *t)
{
	const struct track_signals_taken taken = track_signals_take(&t->signals);

	if (taken.reopen) {
		track_sink_reopen(&t->log);
	}
	if (taken.end != 0 && taken.end != SIGTERM && taken.end != SIGINT) {
		track_complain(t->options->program, "ended by signal %d (%s)", taken.end,
			       strsignal(taken.end));
	}
	/* With a log there is somebody still to be told. */
	return taken.end == 0 && !(taken.deserted && !t->options->log_file && !is_logging(t));
}

/* Wait until then. False when it is time to end. */
static bool rest(struct tracker *t, struct mono until)
{
	int rc;

	do {
		if (!obey(t)) {
			return false;
		}
		rc = clock_wait(t->clock, t->signals.any, POLLIN, until);
	} while (rc == 0 || rc == -ECANCELED);
	return true;
}

/* Wait for the next poll, and end a slew on the way. False when it is time to end. */
static bool rest_and_settle(struct tracker *t, const struct pause *pause)
{
	const struct mono now = clock_mono(t->clock);

	if (pause->slew > 0) {
		if (!rest(t, mono_add(now, pause->slew))) {
			return false;
		}
		track_steer_settle(&t->steer);
		track_bound_publish(&t->bound, &t->steer.steering, 0, pause->all - pause->slew);
		track_view_settled(&t->view);
		tell(t);
	}
	return rest(t, mono_add(now, pause->all));
}

/* The exit status after all polls of --count. */
static int judge(const struct tracker *t)
{
	if (!t->measured) {
		track_complain(t->options->program, "no poll gave a measurement");
		return STATUS_NO_ANSWER;
	}
	if (feeds(t) && t->feed.fed == 0) {
		track_complain(t->options->program, "nothing was fed to chronyd");
		return STATUS_NO_ANSWER;
	}
	return t->log.lost > 0 ? STATUS_USAGE : STATUS_DONE;
}

static int poll_again_and_again(struct tracker *t)
{
	const int64_t count = t->options->count;
	struct pause pause = { .all = 0 };
	int64_t polls = 0;
	int status;

	do {
		status = poll_servers(t, &pause);
		polls++;
	} while (status == STATUS_DONE && polls != count && rest_and_settle(t, &pause));
	if (status == STATUS_DONE && polls == count && !track_signals_pending(&t->signals)) {
		status = judge(t);
	}
	return status;
}

int tracker_run(const struct track_options *options)
{
	struct tracker t = {
		.options = options,
		.clock = options->measure.clock,
		.signals = { .any = -1, .end = -1 },
		.feed = { .fd = -1 },
		.log = { .fd = -1 },
		.thorough = true,
	};
	int status;

	/* Without entropy there is less of it, and the clock is kept all the same. */
	(void)entropy_fill(&t.random, sizeof(t.random));
	track_bound_begin(&t.bound, options->program, options->measure.clock_file, options->trust);
	status = open_tracker(&t);
	if (status == STATUS_DONE) {
		status = poll_again_and_again(&t);
		if (!feeds(&t)) {
			track_steer_end(&t.steer);
			track_bound_end(&t.bound, &t.steer.steering);
		}
	}
	close_tracker(&t);
	return status;
}
