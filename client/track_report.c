#include "client/track_report.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/fields.h"
#include "client/track_names.h"
#include "client/words.h"

static void print_offset(const char *what, dur_ns offset, dur_ns max_error, FILE *out)
{
	char words[WORDS_MAX], bound[WORDS_MAX];

	fprintf(out, "%s %s, +/- %s", what, words_offset(offset, words),
		words_bound(max_error, bound));
}

/* A slew that goes on beyond the next poll: how fast, and for how long. */
static void print_slew(const struct track_record *r, FILE *out)
{
	const struct discipline_decision *d = &r->decision;
	char amount[WORDS_MAX], speed[WORDS_MAX], takes[WORDS_MAX];

	if (d->slew_all == INT64_MAX) {
		fputs("; slewing it will never end", out);
		return;
	}
	fprintf(out, "; slewing %s by %s ppm takes about %s",
		words_duration(r->status.offset, amount),
		words_ppm(d->slew_ppb < 0 ? -d->slew_ppb : d->slew_ppb, speed),
		words_duration(d->slew_all, takes));
	if (d->event == DISCIPLINE_RESTART) {
		fputs(" (--makestep steps)", out);
	}
}

static void print_steering(const struct track_record *r, FILE *out)
{
	const struct discipline_decision *d = &r->decision;
	char words[WORDS_MAX];

	if (d->action == DISCIPLINE_STEP) {
		fprintf(out, "; stepped %s %s", words_duration(d->correction, words),
			d->correction > 0 ? "forward" : "back");
	} else if (d->action == DISCIPLINE_FAILED) {
		fputs("; the correction failed", out);
	} else if (d->action == DISCIPLINE_SLEW && d->slew_all > d->next_poll) {
		print_slew(r, out);
	} else if (d->action == DISCIPLINE_REFUSE) {
		fprintf(out, "; refused: %s", policy_reason_text(d->reason));
	}
	fprintf(out, "; %s %s; %s", words_rate(r->status.rate_ppb, words),
		r->status.rate_ppb != 0 ? "by itself" : "in rate",
		discipline_phase_text(r->status.phase));
	fprintf(out, "; next poll in %s", words_duration(d->next_poll, words));
}

void track_report_line(const struct track_record *r, FILE *out)
{
	const struct combination *c = r->measured;
	char time[WORDS_MAX];

	fprintf(out, "%s  ", words_time(r->at, time));
	if (r->steered && r->status.phase != DISCIPLINE_STARTING) {
		print_offset("local clock is", r->status.offset, r->status.max_error, out);
	} else if (c->rc == 0) {
		print_offset("local clock is", c->estimate.offset, c->estimate.max_error, out);
	} else {
		fprintf(out, "local clock: unknown");
	}
	if (c->rc != 0) {
		fprintf(out, "; %s", combine_why(c));
	} else if (r->steered && r->decision.event >= DISCIPLINE_NO_ANSWER) {
		fprintf(out, "; %s", discipline_event_text(r->decision.event));
	}
	if (r->steered) {
		print_steering(r, out);
	}
	fputc('\n', out);
}

static void add_steering(json_t *object, const struct track_record *r)
{
	const struct discipline_status *s = &r->status;

	json_object_set_new(object, "event", json_string(track_event_name(r->decision.event)));
	json_object_set_new(object, "action", json_string(track_action_name(r->decision.action)));
	json_object_set_new(object, "correction_s", fields_seconds(r->decision.correction));
	json_object_set_new(object, "phase", json_string(track_phase_name(s->phase)));
	json_object_set_new(object, "estimate_s", fields_seconds(s->offset));
	json_object_set_new(object, "estimate_error_s",
			    s->max_error == INT64_MAX ? json_null() : fields_seconds(s->max_error));
	json_object_set_new(object, "rate_ppm", fields_ppm(s->rate_ppb));
	json_object_set_new(object, "frequency_ppm", fields_ppm(s->frequency_ppb));
	json_object_set_new(object, "slew_ppm", fields_ppm(r->decision.slew_ppb));
	json_object_set_new(object, "slew_takes_s",
			    r->decision.slew_all == INT64_MAX
				    ? json_null()
				    : fields_seconds(r->decision.slew_all));
	json_object_set_new(object, "next_poll_s", fields_seconds(r->decision.next_poll));
}

bool track_report_json(const struct track_record *r, FILE *out)
{
	const struct combination *c = r->measured;
	json_t *object = json_pack("{s:I s:i s:i s:i}", "time_ns", (json_int_t)r->at, "servers",
				   (int)c->servers, "answered", (int)c->answered, "agreeing",
				   (int)c->select.agreeing);
	bool ok;

	json_object_set_new(object, "verdicts", fields_verdicts(c, r->jobs));
	json_object_set_new(object, "rounds", fields_rounds_of_all(r->jobs, c->named));
	if (c->rc == 0) {
		fields_add_estimate(object, &c->estimate);
	}
	if (r->steered) {
		add_steering(object, r);
	}
	ok = fields_write(object, out);
	json_decref(object);
	return ok && fflush(out) == 0;
}

/*
 * Look at what is to be appended to. -EMEDIUMTYPE if it is a file of something else; else 0, and
 * whether its last line was cut off, as a kill or a full disk does.
 */
static int look_at(const char *path, bool *cut_off)
{
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char first = '{', last = '\n';
	struct stat st;

	if (fd >= 0) {
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
			(void)!pread(fd, &first, 1, 0);
			(void)!pread(fd, &last, 1, st.st_size - 1);
		}
		close(fd);
	}
	*cut_off = last != '\n';
	return first == '{' ? 0 : -EMEDIUMTYPE;
}

FILE *track_report_open(const char *path)
{
	bool cut_off;
	int rc = look_at(path, &cut_off);
	const int fd =
		rc == 0 ? open(path,
			       O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			       0666)
			: rc;
	FILE *log = fd >= 0 ? fdopen(fd, "a") : NULL;

	if (rc != 0) {
		errno = -rc;
	}
	if (log && cut_off) { /* what comes next is to be a line of its own */
		(void)fputc('\n', log);
	}
	return log;
}
