/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Discipline: decides on corrections from one measurement to the next, so that a clock follows its
 * servers in offset and in rate. Pure: the caller measures, applies each decision, and stops when
 * it cannot.
 *
 *     discipline_init(&d, &limits, what clock_frequency says, now);
 *     discipline_use_rate(&d, rate, chance);   from a drift file, if there is one
 *     for ever:
 *             measure; discipline_poll(&d, &poll, &decision); do it;
 *             wait for slew_for; discipline_settle(&d, now), and set the frequency to that;
 *             wait for the rest of next_poll
 *
 * The first correction is a step or a slew, as core/policy decides. From then on the rate that
 * core/model finds becomes the clock's frequency, and the remaining offset is slewed, by another
 * frequency for a while: until the next poll, where that is a gentle slew. Only offsets larger than
 * `makestep` are stepped. When no server answers, this continues with the last known rate, and the
 * bound of the offset grows: the clock is holding over.
 *
 * At first polls follow each other quickly, whatever min_poll is, until the rate is known. Then
 * they are as rare as a goal for the error allows: some microseconds, or the usual error of a
 * single measurement if that is larger.
 *
 * A measurement that contradicts the model is not used until the next one confirms it. Then one of
 * the clocks was stepped, and the history starts again; only the rate is kept. If instead the
 * contradicting measurements agree with each other on one rate, the clock has that rate.
 *
 * A correction that policy_vet refuses is refused at any time.
 *
 * Corrections without any effect are refused: the servers' clocks follow this one, or another
 * program sets it back.
 */
#ifndef CORE_DISCIPLINE_H
#define CORE_DISCIPLINE_H

#include "core/effect.h"
#include "core/model.h"
#include "core/policy.h"

struct discipline_limits {
	struct policy_limits first; /* of the first correction; the resolution is of all */
	/*
	 * Refuse to correct more than this; 0 for no limit. It holds for the first correction too,
	 * unless that has a max_change of its own.
	 */
	dur_ns panic;
	/*
	 * Step offsets larger than this, while no more than makestep_count measurements have been
	 * used, the first included; 0 of them: always. 0: only the first correction is a step.
	 */
	dur_ns makestep;
	int64_t makestep_count;
	int64_t max_slew_ppb;      /* of a slew that first.slew_ppb would take too long for; > 0 */
	int64_t max_frequency_ppb; /* the clock's limit, slew included; > 0 */
	int64_t drift_ppb; /* how far the rate may wander from the one that was found; >= 0 */
	dur_ns min_poll, max_poll; /* how long to wait between polls; 0 < min_poll <= max_poll */
	bool mono_is_tuned;        /* see model_limits */
	bool polite;               /* few quick polls, whether or not they tell the rate */
};

#define DISCIPLINE_PANIC (1000 * NS_PER_SEC) /* RFC 5905, PANICT */

/* Offsets that take longer than this at first.slew_ppb are slewed by max_slew_ppb. */
#define DISCIPLINE_LONG_SLEW (600 * NS_PER_SEC)

/*
 * For the first correction policy_default_limits; panic at 1000 s (RFC 5905, PANICT), slews by up
 * to 1/12 (chrony), frequency up to 500 ppm (Linux), drift 15 ppm (RFC 5905, PHI), polls every 32
 * to 64 s.
 */
extern const struct discipline_limits discipline_default_limits;

/* One poll of the servers. */
struct discipline_poll {
	struct mono now;   /* when it ended */
	bool answered;     /* there is a measurement */
	bool outvoted;     /* a server was outvoted: the others' result may be wrong */
	bool synchronised; /* the servers say that they are; see policy_vet */
	struct model_measurement measurement;
};

enum discipline_event {
	DISCIPLINE_FIRST,         /* the first measurement */
	DISCIPLINE_TRACKING,      /* one of many */
	DISCIPLINE_NO_ANSWER,     /* no server answered */
	DISCIPLINE_CONTRADICTION, /* contradicts the model: the next one must confirm it */
	DISCIPLINE_RESTART, /* it was confirmed: a clock was stepped, the history starts again */
	DISCIPLINE_RATE,    /* those in a row agree on one rate, which is believed */
};

enum discipline_action {
	DISCIPLINE_NONE,
	DISCIPLINE_STEP,   /* clock_step by `correction` */
	DISCIPLINE_SLEW,   /* let it run faster or slower by slew_ppb for slew_for */
	DISCIPLINE_REFUSE, /* leave the clock alone: a limit would be broken */
	DISCIPLINE_FAILED, /* never decided: the clock could not be adjusted */
};

struct discipline_decision {
	enum discipline_event event;
	enum discipline_action action;
	enum policy_reason reason; /* of the action after DISCIPLINE_FIRST, or to refuse */
	dur_ns correction;         /* to be added to the clock; 0 unless STEP or SLEW */
	bool set_frequency;        /* clock_set_frequency to both of these, after the action */
	int64_t frequency_ppb;     /* what corrects the rate */
	int64_t slew_ppb;          /* what a slew adds to that */
	dur_ns slew_for;           /* for so long, at most until the next poll */
	dur_ns slew_all;           /* how long all of it takes, or INT64_MAX; 0 unless SLEW */
	bool save_rate;            /* write the rate in discipline_status to the drift file */
	dur_ns next_poll;          /* when to poll again */
	bool thorough;             /* with many exchanges: little is known, or it is in doubt */
};

enum discipline_phase {
	DISCIPLINE_STARTING,     /* nothing measured yet */
	DISCIPLINE_SYNCHRONISED, /* the last poll was believed, and the clock is right by that */
	DISCIPLINE_CORRECTING,   /* it was believed, and the clock is off by more than its bound */
	DISCIPLINE_HOLDING_OVER, /* it was not used: the model is as it was before */
	DISCIPLINE_REFUSED,      /* the last decision was DISCIPLINE_REFUSE */
};

struct discipline_status {
	enum discipline_phase phase;
	dur_ns offset;           /* remote minus local */
	dur_ns max_error;        /* |true offset - offset| <= max_error; INT64_MAX if unknown */
	bool rate_known;         /* something is known of it; else it is taken for frequency_ppb */
	int64_t rate_ppb;        /* the loss of the clock without a frequency correction */
	int64_t rate_chance_ppb; /* by how much that is likely to be wrong: a standard deviation */
	int64_t rate_error_ppb;  /* by how much it may be wrong at most, besides limits.drift_ppb */
	int64_t frequency_ppb;   /* the correction in force */
	size_t used;             /* measurements that offset and rate come from */
	size_t unanswered;       /* polls since the last answer */
};

struct discipline {
	struct discipline_limits limits;
	struct model model;
	enum discipline_phase phase;
	bool corrected;  /* for the first time */
	bool forgotten;  /* the next measurement is the first of a new history */
	int64_t updates; /* measurements used */
	dur_ns allowed;  /* by max_change, for the rest of the first correction */
	/* At the last poll that was answered: */
	bool outvoted;     /* a server was */
	bool synchronised; /* the servers were, by their word */
	struct effect effect;
	bool is_fast; /* a slew is in progress that would take too long at first.slew_ppb */
	dur_ns added; /* to the clock, before what the model knows of */
	int64_t frequency_at_first;
	int64_t frequency_ppb; /* in force, without a slew */
	dur_ns interval;       /* between polls */
	dur_ns usual_chance;   /* the usual one of a measurement */
	size_t hurried;        /* polls of the quick ones, since the beginning or a contradiction */
	size_t unanswered;     /* polls in a row */
	bool saved;
	struct mono saved_at;
};

/* Begin with a clock about which only the frequency in force is known. */
void discipline_init(struct discipline *d, const struct discipline_limits *limits,
		     int64_t frequency_ppb, struct mono now);

/*
 * Before the first poll: begin with a rate learnt before, and its standard deviation then. A rate
 * that is out of the limits is cut.
 */
void discipline_use_rate(struct discipline *d, int64_t rate_ppb, int64_t chance_ppb);

/*
 * Another program has changed the clock: discard all measurements and keep only the frequency in
 * force. The next correction is not the first one, so limits.first does not apply.
 */
void discipline_forget(struct discipline *d, int64_t frequency_ppb, struct mono now);

/* Take in a poll, later than the one before, and decide. The caller does it before the next. */
void discipline_poll(struct discipline *d, const struct discipline_poll *poll,
		     struct discipline_decision *out);

/* The frequency that was decided on came into force between these two instants. */
void discipline_tuned(struct discipline *d, struct mono from, struct mono to);

/* End a slew at `now`. Returns the frequency to set, in ppb. */
int64_t discipline_settle(struct discipline *d, struct mono now);

/* Whether the rate is known well enough for the drift file. */
bool discipline_rate_is_known(const struct discipline *d);

/*
 * By how much the clock and the servers' may drift apart during the next poll, for certain, ppb: to
 * be known before a measurement.
 */
int64_t discipline_drift(const struct discipline *d);

/* The estimate at `now`, which is not before the last poll. */
void discipline_status(const struct discipline *d, struct mono now, struct discipline_status *out);

/* The event as a short clause for people, without a full stop; a static string. */
const char *discipline_event_text(enum discipline_event event);

/* The phase in a word or two: "synchronised", "holding over", ...; a static string. */
const char *discipline_phase_text(enum discipline_phase phase);

#endif
