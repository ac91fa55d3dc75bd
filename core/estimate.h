/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Estimators: one offset, with a bound, from many samples of one server.
 */
#ifndef CORE_ESTIMATE_H
#define CORE_ESTIMATE_H

#include <stddef.h>

#include "core/sample.h"

/*
 * The methods, each by its name here and on the command line. A line of this table and draft_NAME
 * in core/estimate.c are all that a further one needs.
 *
 * mean      The classroom's exercise: the mean of ((t4-t1)-(t3-t2))/2 over the SAMPLE_TIMESTAMPS,
 *           added to the time of the first SAMPLE_TIME. The true way back of that one lies in
 *           [0, rtt], so the error is at most max(mean, rtt - mean).
 * cristian  Cristian 1989: the SAMPLE_TIME of least round trip, server time + rtt/2, error at most
 *           rtt/2 - min_one_way.
 * ntp       RFC 5905, section 10: the SAMPLE_TIMESTAMPS of least delay; error at most delay/2.
 * minimum   Gusella & Zatti 1989 (timed): least t2-t1 and least t4-t3 of the SAMPLE_TIMESTAMPS,
 *           taken apart; offset is half their difference, error at most half their sum.
 */
#define ESTIMATE_TABLE(METHOD)     \
	METHOD(MEAN, mean)         \
	METHOD(CRISTIAN, cristian) \
	METHOD(NTP, ntp)           \
	METHOD(MINIMUM, minimum)

#define ESTIMATE_ENUM(NAME, name) ESTIMATE_##NAME,
enum estimate_method { ESTIMATE_TABLE(ESTIMATE_ENUM) };

#define ESTIMATE_INDEX(NAME, name) ESTIMATE_INDEX_##NAME,
enum { ESTIMATE_TABLE(ESTIMATE_INDEX) ESTIMATE_METHODS }; /* how many there are */

struct estimate_options {
	/*
	 * cristian: the least time that a message can take one way; 0 if unknown. One that the
	 * samples disprove (more than rtt/2) is ignored, for the bound must hold.
	 */
	dur_ns min_one_way;
	int64_t max_drift_ppb; /* by how much the two clocks may drift apart; 0 for none */
};

struct estimate {
	dur_ns offset;     /* remote minus local */
	dur_ns delay;      /* round trip behind it: of the best, the mean, or the two least ways */
	dur_ns max_error;  /* |true offset - offset| <= max_error, at the instant `at` */
	ts_ns at;          /* local clock: the latest t4 of all usable samples, of any kind */
	int64_t drift_ppb; /* max_drift_ppb: by how much max_error grows with time; >= 0 */
	size_t used;       /* usable samples of the kinds that the method looks at */
};

/* The method's name as the command line spells it ("mean", ...), or "unknown"; a static string. */
const char *estimate_method_name(enum estimate_method method);

/*
 * Estimate by `method` from `n` samples of any kinds and in any order; samples that sample_check
 * refuses are ignored. Of samples of equal delay the later one is taken, then the one of the least
 * t2, so the order never matters.
 *
 * The bound grows by max_drift_ppb over the time from t1 of the sample (for the mean, of the
 * SAMPLE_TIME; for the minimum, of the earliest sample) to `at`. A bound that does not fit is
 * INT64_MAX.
 *
 * 0, or with `out` as it was:
 *   -ENODATA  no usable sample of a kind that the method needs is among them
 *   -EDOM     the samples exclude each other, whether or not the method looks at them: see
 *             core/agree.h, which tells where
 *   -EINVAL   no such method
 */
int estimate_make(struct estimate *out, enum estimate_method method, const struct sample *samples,
		  size_t n, const struct estimate_options *options);

/* Bring an estimate to the instant `at`, not before its own: its bound grows. */
void estimate_age(struct estimate *e, ts_ns at);

#endif
