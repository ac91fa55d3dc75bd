#include "client/tracker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/chrony_sock.h"
#include "client/drift_file.h"
#include "client/steering.h"
#include "client/track_report.h"
#include "client/verbs.h"
#include "client/words.h"
#include "sys/files.h"
#include "sys/stdio.h"

struct tracker {
	const struct request *request;
	const struct track_options *options;
	struct clock *clock;
	struct steering steering; /* unless there is a chrony */
	int signals;              /* readable when it is time to end */
	int chrony;               /* -1: none */
	FILE *log;                /* null: none */
	bool measured;            /* at one poll at least */
};

/* Between two polls. */
struct pause {
	dur_ns all;
	dur_ns slew; /* for so long of it a slew goes on */
};

static void complain(const struct tracker *t, const char *what, int error)
{
	stdio_complain(t->request->program, "%s: %s", what, file_error_text(error));
}

/* Begin with the rate that was saved, if there is one. */
static int read_drift(struct tracker *t)
{
	int64_t rate_ppb;
	int rc;

	if (!t->options->drift_file) {
		return STATUS_DONE;
	}
	rc = drift_file_read(t->options->drift_file, &rate_ppb);
	if (rc == 0) {
		discipline_use_rate(&t->steering.discipline, rate_ppb);
	} else if (rc == -EBADMSG) {
		stdio_complain(t->request->program,
			       "'%s' is no drift file: remove it, or name another one",
			       t->options->drift_file);
		return STATUS_USAGE;
	}
	if (rc == 0 || rc == -ENOENT) { /* better now than when the rate is to be saved */
		rc = drift_file_try(t->options->drift_file);
	}
	if (rc != 0) {
		complain(t, t->options->drift_file, rc);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int open_signals(struct tracker *t)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return t->signals < 0 ? -errno : 0;
}

static int open_outputs(struct tracker *t)
{
	const struct track_options *o = t->options;

	if (o->log_file) {
		t->log = track_report_open(o->log_file);
		if (!t->log && errno == EMEDIUMTYPE) {
			stdio_complain(t->request->program,
				       "'%s' is no log of track's: name another file", o->log_file);
			return STATUS_USAGE;
		}
		if (!t->log) {
			complain(t, o->log_file, -errno);
			return STATUS_USAGE;
		}
	}
	if (o->chrony_sock) {
		t->chrony = chrony_sock_open(o->chrony_sock);
		if (t->chrony < 0) {
			complain(t, o->chrony_sock, t->chrony);
			return STATUS_NO_ANSWER;
		}
	}
	return STATUS_DONE;
}

static int open_tracker(struct tracker *t)
{
	int rc = open_signals(t);

	if (rc == 0 && !t->options->chrony_sock) {
		rc = steering_begin(&t->steering, t->clock, &t->options->limits);
	}
	if (rc != 0) {
		complain(t, "cannot track", rc);
		return STATUS_NO_PERMISSION;
	}
	rc = read_drift(t);
	return rc == STATUS_DONE ? open_outputs(t) : rc;
}

static void save_rate(struct tracker *t)
{
	int rc;

	if (!t->options->drift_file || t->options->chrony_sock ||
	    !steering_rate_is_known(&t->steering)) {
		return;
	}
	rc = drift_file_write(t->options->drift_file, steering_rate_ppb(&t->steering));
	if (rc != 0) { /* the clock is none the worse for it */
		complain(t, t->options->drift_file, rc);
	}
}

static void end_claim(struct tracker *t)
{
	const int rc = t->options->chrony_sock ? 0 : steering_end(&t->steering);

	if (rc != 0) {
		complain(t, "the system clock still says that it is synchronised", rc);
	}
}

static void close_tracker(struct tracker *t)
{
	if (t->signals >= 0) {
		close(t->signals);
	}
	if (t->chrony >= 0) {
		close(t->chrony);
	}
	if (t->log) {
		(void)fclose(t->log);
	}
}

/* How soon a clock that was changed is measured again. */
#define ANEW (NS_PER_SEC / 4)

/* This poll is of no use, as the clock is no longer the one that was measured. */
static int measure_anew(struct tracker *t, dur_ns *pause)
{
	const int rc = steering_forget(&t->steering);

	*pause = ANEW;
	if (rc == -EBUSY) {
		stdio_complain(t->request->program,
			       "somebody else changes the local clock each time that it is "
			       "measured: end the other program that corrects it (chronyd, ntpd or "
			       "systemd-timesyncd?)");
		return STATUS_REFUSED;
	}
	if (rc != 0) {
		complain(t, "cannot adjust the clock", rc);
		return STATUS_REFUSED;
	}
	stdio_complain(t->request->program, "somebody else has changed the local clock: what was "
					    "known of it is forgotten, and it is measured anew");
	return STATUS_DONE;
}

/* Decide on a measurement and carry it out. An exit status; STATUS_DONE to go on. */
static int steer(struct tracker *t, struct track_record *r)
{
	int rc = steering_poll(&t->steering, r->measured, r->jobs, &r->decision, &r->status);

	if (rc == -ESTALE) {
		r->decision.slew_for = 0;
		return measure_anew(t, &r->decision.next_poll);
	}
	r->steered = true;
	if (rc != 0) {
		complain(t, "cannot adjust the clock", rc);
		return rc == -EPERM || rc == -EACCES || rc == -EROFS ? STATUS_NO_PERMISSION
								     : STATUS_REFUSED;
	}
	if (r->decision.save_rate) {
		save_rate(t);
	}
	return r->decision.action == DISCIPLINE_REFUSE ? STATUS_REFUSED : STATUS_DONE;
}

/* Why the clock is left alone, if that is not because of a limit. False if it is. */
static bool say_why(const struct tracker *t, const struct track_record *r)
{
	char words[WORDS_MAX], limit[WORDS_MAX];

	if (r->decision.reason == POLICY_OUT_OF_REACH) {
		stdio_complain(t->request->program,
			       "refused: the local clock runs %s, and can be corrected by %s ppm; "
			       "it cannot be kept right",
			       words_rate(r->status.rate_ppb, words),
			       words_ppm(clock_max_frequency(t->clock), limit));
	} else if (r->decision.reason == POLICY_MOVES_ALONG) {
		stdio_complain(
			t->request->program,
			"refused: whatever the local clock is corrected by, it stays %s: the "
			"server's clock follows it, or another program sets it back",
			words_offset(r->status.offset, words));
	}
	return r->decision.reason == POLICY_OUT_OF_REACH ||
	       r->decision.reason == POLICY_MOVES_ALONG;
}

static void say_refusal(const struct tracker *t, const struct track_record *r)
{
	const struct discipline_limits *limits = &t->options->limits;
	const dur_ns offset = r->status.offset, max_change = limits->first.max_change;
	const bool at_first = r->decision.event == DISCIPLINE_FIRST && max_change > 0 &&
			      (offset > max_change || offset < -max_change);
	char words[WORDS_MAX], limit[WORDS_MAX];

	if (say_why(t, r)) {
		return;
	}
	stdio_complain(t->request->program,
		       "refused: the local clock is %s, and %s allows %s; the clock was left as it "
		       "is%s",
		       words_offset(offset, words), at_first ? "--max-change" : "--panic",
		       words_duration(at_first ? max_change : limits->panic, limit),
		       r->decision.event == DISCIPLINE_FIRST && max_change == 0
			       ? " (--max-change allows more in the beginning)"
			       : "");
}

/* Hand a measurement to chronyd. */
static int feed(struct tracker *t, const struct combination *c, const struct measure_job *jobs)
{
	int rc = c->rc == 0 ? chrony_sock_send(t->chrony, c->estimate.at, c->estimate.offset,
					       combine_leap(c, jobs))
			    : 0;

	if (rc != 0) {
		complain(t, t->options->chrony_sock, rc);
	}
	return rc == 0 ? STATUS_DONE : STATUS_NO_ANSWER;
}

static void report(const struct tracker *t, const struct track_record *r)
{
	for (size_t i = 0; i < t->request->n_hosts; i++) {
		if (r->jobs[i].rc != 0) {
			stdio_complain(t->request->program, "%s", r->jobs[i].why);
		}
	}
	if (t->request->format == FORMAT_JSON) {
		(void)track_report_json(r, stdout);
	} else {
		track_report_line(r, stdout);
		fflush(stdout);
	}
	if (t->log && !track_report_json(r, t->log)) {
		complain(t, t->options->log_file, -errno);
	}
}

/* One poll of all servers. An exit status; STATUS_DONE to go on after *pause. */
static int poll_servers(struct tracker *t, struct pause *pause)
{
	const struct request *q = t->request;
	struct measure_job *jobs = measure_all(q->hosts, q->n_hosts, &q->target, &q->measure);
	struct combination c;
	struct track_record r = { .measured = &c, .jobs = jobs };
	int status;

	if (!jobs) {
		complain(t, "cannot measure", -ENOMEM);
		return STATUS_NO_ANSWER;
	}
	combine(&c, jobs, q->n_hosts);
	t->measured |= c.rc == 0;
	r.at = clock_now(t->clock);
	status = t->chrony >= 0 ? feed(t, &c, jobs) : steer(t, &r);
	report(t, &r);
	if (r.steered && r.decision.action == DISCIPLINE_REFUSE) {
		say_refusal(t, &r);
	}
	if (c.servers == 0) {
		stdio_complain(q->program, "refused: %s", combine_why(&c));
		status = STATUS_REFUSED;
	}
	pause->all = t->chrony >= 0 ? t->options->limits.min_poll : r.decision.next_poll;
	pause->slew = r.decision.slew_for;
	measure_all_free(jobs, q->n_hosts);
	return status;
}

/* Wait until then. False when it is time to end. */
static bool rest(const struct tracker *t, struct mono until)
{
	return clock_wait(t->clock, t->signals, POLLIN, until) == -ETIMEDOUT;
}

/* Wait for the next poll, and end a slew on the way. False when it is time to end. */
static bool rest_and_settle(struct tracker *t, const struct pause *pause)
{
	const struct mono now = clock_mono(t->clock);
	int rc;

	if (pause->slew > 0 && !rest(t, mono_add(now, pause->slew))) {
		return false;
	}
	rc = t->chrony >= 0 ? 0 : steering_settle(&t->steering);
	if (rc != 0) {
		complain(t, "cannot adjust the clock", rc);
	}
	return rest(t, mono_add(now, pause->all));
}

int tracker_run(const struct request *request, const struct track_options *options)
{
	struct tracker t = {
		.request = request,
		.options = options,
		.clock = request->measure.clock,
		.signals = -1,
		.chrony = -1,
	};
	int status = open_tracker(&t);
	struct pause pause = { .all = 0 };

	if (status == STATUS_DONE) {
		int64_t polls = 0;

		do {
			status = poll_servers(&t, &pause);
			polls++;
		} while (status == STATUS_DONE && polls != options->count &&
			 rest_and_settle(&t, &pause));
		if (status == STATUS_DONE && polls == options->count && !t.measured) {
			stdio_complain(request->program, "no poll brought a measurement");
			status = STATUS_NO_ANSWER;
		}
		save_rate(&t);
		end_claim(&t);
	}
	close_tracker(&t);
	return status;
}
