/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Applies every method to the same samples: the result of each, the correction that sync would
 * make, and the true error where the truth is known.
 */
#ifndef CLIENT_COMPARE_COMPARE_H
#define CLIENT_COMPARE_COMPARE_H

#include "measure/measure_all.h"
#include "client/draw/plot.h"
#include "client/request.h"

/* The result of one method. */
struct compare_result {
	int rc; /* of estimate_make; the rest is valid if it is 0 */
	struct estimate estimate;
	struct policy_decision decision;
	dur_ns error; /* estimate.offset minus the true offset; valid if that is known */
};

struct comparison {
	struct compare_result by[ESTIMATE_METHODS];
	bool truth_known;
	dur_ns truth; /* the true offset at the instant that the estimates are for */
};

/* Apply all methods to the measurement. The truth is not known yet. */
void compare(struct comparison *out, const struct measurement *m, const struct request *request);

/* Tell the truth. */
void compare_with_truth(struct comparison *c, dur_ns truth);

/*
 * How far the clock would be from the truth, which is known, once sync had carried that decision
 * out: remote minus local, positive when the clock would end slow.
 */
dur_ns compare_offset_after(const struct comparison *c, const struct compare_result *r);

/* Whether the error, which is known, is within the method's bound. */
bool compare_is_within_bound(const struct compare_result *r);

/* Why a method has no result, as a clause. */
const char *compare_why(const struct compare_result *r);

/* For people: a table of the methods. */
void compare_print(const struct request *request, const struct measure_job *job,
		   const struct comparison *c);

/*
 * Draw the offsets of all samples against their delay: for people, as large as the terminal; or by
 * client/draw/plot. Offsets are shown against the truth if that is known. 0 or -errno.
 */
int compare_draw(const struct measurement *m, const struct comparison *c);
int compare_plot(const struct plot_options *o, const struct measure_job *job,
		 const struct comparison *c, char why[PLOT_WHY_MAX]);

/* For programs: a line with a JSON object. `c` is null if nothing was measured. */
void compare_print_json(const struct measure_job *job, const struct comparison *c);

#endif
