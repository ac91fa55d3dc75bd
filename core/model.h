/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Model of a clock: its error, and the error that it would have without corrections. It takes
 * measurements and corrections, and returns offset and rate with their bounds.
 *
 * All corrections of the clock, by steps and frequency, are added to each measured offset. The
 * result is the course of the uncorrected clock: a line, except for noise and wander, which no
 * correction disturbs. Offset and rate are the Kalman filters' (core/kalman), kept within what the
 * measurements leave for certain.
 *
 * The maximum error of an offset is that of the best of the last measurements (core/filter), and
 * grows with its age by the error of the rate. It is sound as long as those of the measurements
 * are, and the rate stays within `drift_ppb` of its average between any two measurements
 * remembered.
 *
 * A rate is expected to be within `likely_ppb`, and another one is a contradiction; but no bound
 * relies on that. Contradictions that agree with each other on one rate are the rate.
 */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

#include "core/filter.h"
#include "core/history.h"
#include "core/kalman.h"

struct model_measurement {
	dur_ns offset;    /* remote minus local, |offset| < 2^62 */
	dur_ns max_error; /* |true offset - offset| <= max_error; >= 0 */
	/* By how much it is likely to be wrong, standard deviation; INT64_MAX: only its bound is of
	 * use. */
	dur_ns chance;
};

enum model_verdict {
	MODEL_AGREES,
	MODEL_CONTRADICTS, /* it excludes the earlier measurements */
	MODEL_CONFIRMS,    /* nor this one, but it agrees with the one before, that did so too */
	MODEL_RATE,        /* nor this one, but with those before it lies on one line */
};

/* Prior knowledge of a clock. */
struct model_limits {
	int64_t drift_ppb;    /* by how much its rate may wander */
	int64_t likely_ppb;   /* it is within this if nothing speaks against that */
	int64_t max_rate_ppb; /* it is within this */
	bool mono_is_tuned;   /* a change of its frequency is one of struct mono too */
};

struct model {
	struct model_limits limits;

	/* Corrections of the clock: */
	struct mono since;     /* the last advance */
	struct mono untouched; /* struct mono as it would be without frequency corrections */
	dur_ns applied;        /* all corrections until then */
	int64_t frequency_ppb; /* added all the time since then */
	int64_t before_ppb;    /* the frequency before that */

	/* The uncorrected clock, by the untouched time: */
	struct filter filter;
	struct history history;
	struct kalman kalman;    /* as soon as the history has a measurement */
	struct filter suspect;   /* the last measurement, if it contradicted the rest */
	struct history suspects; /* all in a row that did, and the last that did not */
	dur_ns estimate;         /* offset at `since` */
	int64_t rate_ppb;        /* by how much the offset grows */
	double rate_chance_ppb;  /* by how much that is likely to be wrong: a standard deviation */
	int64_t rate_low,
		rate_high; /* it lies between these for certain, apart from drift_ppb; ppb */
};

/* How wrong the clock is. */
struct model_error {
	dur_ns offset;    /* remote minus local */
	dur_ns max_error; /* |true offset - offset| <= max_error; INT64_MAX if nothing is known */
};

/* A clock about which only the correction of frequency in force is known. */
void model_init(struct model *m, const struct model_limits *limits, int64_t frequency_ppb,
		struct mono now);

/* Begin with a rate that was learnt in another life, and its standard deviation then. */
void model_use_rate(struct model *m, int64_t rate_ppb, int64_t chance_ppb);

/* Bring the model to `now`. To be called before each of the following. */
void model_advance(struct model *m, struct mono now);

/* Judge a measurement of this moment, without learning from it. */
enum model_verdict model_check(struct model *m, const struct model_measurement *x);

/* Learn from a measurement of this moment. */
void model_learn(struct model *m, const struct model_measurement *x);

/* After MODEL_RATE: forget all but the measurements that agree on a rate, and learn from these. */
void model_believe_rate(struct model *m);

/* Forget all measurements, but not the rate. */
void model_forget(struct model *m);

/* The clock was stepped, or its frequency changes, at this moment. A step ends all measurements. */
void model_stepped(struct model *m);
void model_tunes(struct model *m, int64_t frequency_ppb);

/* The change of frequency of the last advance came into force between these two instants only. */
void model_tuned(struct model *m, struct mono from, struct mono to);

/* The correction that the clock still needs at this moment. */
dur_ns model_left(const struct model *m);

/* How wrong the clock is at `now`, which is not before the last advance. */
struct model_error model_error_at(const struct model *m, struct mono now);

/* How wrong the estimate is likely to be after so long: a standard deviation. */
dur_ns model_chance_after(const struct model *m, dur_ns d);

/* Whether anything is known of the rate, from measurements or from another life. */
bool model_knows_rate(const struct model *m);

/* How much the rate may differ from rate_ppb for certain. */
int64_t model_rate_error(const struct model *m);

/* By how much this clock, as its frequency is, and the servers' may drift apart for certain, ppb.
 */
int64_t model_drift(const struct model *m);

#endif
