/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/track/tracker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/track/track_bound.h"
#include "client/track/track_feed.h"
#include "client/track/track_report.h"
#include "client/track/track_servers.h"
#include "client/track/track_signals.h"
#include "client/track/track_sink.h"
#include "client/track/track_steer.h"
#include "client/verbs.h"
#include "core/arith.h"
#include "os/clock_system.h"
#include "os/files.h"
#include "os/stdio.h"

struct tracker {
	const struct request *request;
	const struct track_options *options;
	struct clock *clock;
	struct track_signals signals;
	struct track_servers servers;
	struct track_steer steer; /* unless chronyd is fed */
	struct track_bound bound; /* the same */
	struct track_feed feed;   /* if it is */
	struct track_sink log;
	bool measured; /* at one poll at least */
	bool thorough; /* the next poll is to be */
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
	stdio_complain(t->request->program, "%s: %s", what, file_error_text(error));
}

static bool feeds(const struct tracker *t)
{
	return t->options->chrony_sock != NULL;
}

static int open_feed(struct tracker *t)
{
	const struct track_options *o = t->options;
	const int rc = track_feed_open(&t->feed, t->request->program, o->chrony_sock,
				       t->request->allow_unsynchronised);

	if (rc != 0) {
		complain(t, o->chrony_sock, rc);
	}
	return rc == 0 ? STATUS_DONE : STATUS_USAGE;
}

static int open_tracker(struct tracker *t)
{
	const struct request *q = t->request;
	int status, rc = track_signals_open(&t->signals);

	if (rc == 0) {
		clock_cancel_by(t->clock, t->signals.end);
		rc = track_servers_open(&t->servers, q->program, q->hosts, q->n_hosts, &q->target);
	}
	if (rc != 0) {
		complain(t, "cannot track", rc);
		return STATUS_NO_PERMISSION;
	}
	status = feeds(t) ? open_feed(t)
			  : track_steer_begin(&t->steer, q->program, t->clock, &t->options->limits,
					      t->options->drift_file);
	return status == STATUS_DONE
		       ? track_sink_open(&t->log, q->program, "the clock is still kept",
					 t->options->log_file)
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

/* An exit status; STATUS_DONE to go on. */
static int report(struct tracker *t, const struct track_record *r)
{
	char *json = track_report_json(r);
	bool read;

	if (!json) {
		complain(t, "cannot report", -ENOMEM);
		return STATUS_NO_ANSWER;
	}
	for (size_t i = 0; i < t->request->n_hosts; i++) {
		if (r->jobs[i].rc != 0) {
			stdio_complain(t->request->program, "%s", r->jobs[i].why);
		}
	}
	track_sink_write(&t->log, json);
	read = track_report_print(r, t->request->format == FORMAT_JSON ? json : NULL,
				  t->request->program);
	free(json);
	return read ? STATUS_DONE : STATUS_USAGE;
}

/* Steer the clock by the measurements, or feed chronyd. As poll_servers. */
static int use(struct tracker *t, const struct measure_job *jobs, struct pause *pause)
{
	struct combination c;
	struct track_record r = { .measured = &c, .jobs = jobs, .limits = &t->options->limits };
	int status = STATUS_DONE, printed;

	combine(&c, jobs, t->request->n_hosts);
	t->measured |= c.rc == 0;
	r.system_at = clock_now(clock_system());
	r.at = clock_from_kernel(t->clock, r.system_at);
	if (feeds(t)) {
		r.fed = track_feed_poll(&t->feed, &c, jobs);
		pause->all = t->options->limits.min_poll;
	} else {
		status = track_steer_poll(&t->steer, &r);
		*pause = (struct pause){ r.decision.next_poll, r.decision.slew_for };
		t->thorough = r.decision.thorough || !r.steered;
		track_bound_publish(&t->bound, &t->steer.steering, pause->slew, pause->all);
	}
	/* A poll that failed is not printed: its error was reported. */
	printed = feeds(t) || r.steered ? report(t, &r) : STATUS_DONE;
	if (r.steered && r.decision.action == DISCIPLINE_REFUSE) {
		track_report_refusal(&r, &t->options->limits, t->clock, t->request->program);
	}
	if (c.servers == 0) {
		stdio_complain(t->request->program, "refused: %s", combine_why(&c));
		status = STATUS_REFUSED;
	}
	return status == STATUS_DONE ? printed : status;
}

/* How the next poll is to be done. */
static struct track_servers_poll next_poll(const struct tracker *t)
{
	struct track_servers_poll poll = { t->request->measure, t->thorough };
	const unsigned thorough = t->options->limits.polite ? ROUNDS_POLITE : ROUNDS_THOROUGH;
	int64_t *drift = &poll.measure.estimate.max_drift_ppb;

	poll.measure.rounds = t->thorough ? thorough : ROUNDS_USUAL;
	if (t->request->poll_rounds > 0) {
		poll.measure.rounds = t->request->poll_rounds;
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
	measure_all_free(jobs, t->request->n_hosts);
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
		stdio_complain(t->request->program, "ended by signal %d (%s)", taken.end,
			       strsignal(taken.end));
	}
	/* With a log there is somebody still to be told. */
	return taken.end == 0 && !(taken.deserted && !t->options->log_file);
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
	}
	return rest(t, mono_add(now, pause->all));
}

/* The exit status after all polls of --count. */
static int judge(const struct tracker *t)
{
	if (!t->measured) {
		stdio_complain(t->request->program, "no poll gave a measurement");
		return STATUS_NO_ANSWER;
	}
	if (feeds(t) && t->feed.fed == 0) {
		stdio_complain(t->request->program, "nothing was fed to chronyd");
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

int tracker_run(const struct request *request, const struct track_options *options)
{
	struct tracker t = {
		.request = request,
		.options = options,
		.clock = request->measure.clock,
		.signals = { .any = -1, .end = -1 },
		.feed = { .fd = -1 },
		.log = { .fd = -1 },
		.thorough = true,
	};
	int status;

	track_bound_begin(&t.bound, request->program, request->clock_file,
			  request->allow_unsynchronised);
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
