/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_steer.h"

#include <errno.h>

#include "print/words.h"
#include "os/exit_status.h"
#include "os/clock.h"
#include "track/track_say.h"

/* How soon a clock that was changed is measured again. */
#define ANEW (NS_PER_SEC / 4)

static void complain(const struct track_steer *s, const char *what, int error)
{
	track_complain(s->program, "%s: %s", what, clock_error_text(error));
}

static int status_of(int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
	case -EROFS:
		return STATUS_NO_PERMISSION;
	case -EBADMSG:
	case -ENOENT:
		return STATUS_USAGE;
	default:
		return STATUS_REFUSED;
	}
}

int track_steer_begin(struct track_steer *s, const char *program, struct clock *clock,
		      const struct discipline_limits *limits, const char *drift_file)
{
	struct drift_file_rate rate;
	bool known;
	int status, rc;

	s->program = program;
	rc = steering_begin(&s->steering, clock, limits);
	if (rc != 0) {
		complain(s, "cannot track", rc);
		return STATUS_NO_PERMISSION;
	}
	if (s->steering.found_slew_ppb != 0) {
		char ppm[WORDS_MAX];

		track_complain(program,
			       "the clock was still being slewed by %s ppm, by a process that was "
			       "killed: ended that",
			       words_ppm(s->steering.found_slew_ppb, ppm));
	}
	status = track_rate_begin(&s->rate, program, drift_file, &known, &rate);
	if (known) {
		discipline_use_rate(&s->steering.discipline, rate.ppb, rate.chance_ppb);
	}
	return status;
}

/* This poll is useless, as the clock has changed since it was measured. */
static int measure_anew(struct track_steer *s, dur_ns *pause)
{
	const int rc = steering_forget(&s->steering);

	*pause = ANEW;
	if (rc == -EBUSY) {
		track_complain(s->program,
			       "another program changes the local clock during each measurement: "
			       "end the program that corrects it (chronyd, ntpd or "
			       "systemd-timesyncd?)");
		return STATUS_REFUSED;
	}
	if (rc != 0) {
		complain(s, "cannot adjust the clock", rc);
		return status_of(rc);
	}
	track_complain(s->program, "another program has changed the local clock: starting again "
				   "with a new measurement");
	return STATUS_DONE;
}

static void save_rate(struct track_steer *s)
{
	if (steering_rate_is_known(&s->steering)) {
		struct drift_file_rate rate;

		steering_rate(&s->steering, &rate.ppb, &rate.chance_ppb);
		track_rate_save(&s->rate, &rate);
	}
}

int track_steer_poll(struct track_steer *s, struct track_record *r)
{
	int rc = clock_check(s->steering.clock);

	if (rc != 0) { /* nothing is left to be decided on */
		complain(s, "cannot adjust the clock", rc);
		return status_of(rc);
	}
	rc = steering_poll(&s->steering, r->measured, r->jobs, &r->decision, &r->status);
	if (rc == -ESTALE) {
		r->steered = r->decision.action == DISCIPLINE_STEP;
		r->decision.slew_for = 0;
		return measure_anew(s, &r->decision.next_poll);
	}
	r->steered = true;
	if (rc != 0) {
		complain(s, "cannot adjust the clock", rc);
		return status_of(rc);
	}
	if (r->decision.save_rate) {
		save_rate(s);
	}
	return r->decision.action == DISCIPLINE_REFUSE ? STATUS_REFUSED : STATUS_DONE;
}

void track_steer_settle(struct track_steer *s)
{
	const int rc = steering_settle(&s->steering);

	if (rc != 0) {
		complain(s, "cannot adjust the clock", rc);
	}
}

void track_steer_end(struct track_steer *s)
{
	int rc;

	save_rate(s);
	rc = steering_end_slew(&s->steering);
	if (rc != 0) {
		complain(s, "the rate correction could not be restored", rc);
	}
	rc = steering_disclaim(&s->steering);
	if (rc != 0) {
		complain(s, "the system clock is still marked as synchronised", rc);
	}
}
