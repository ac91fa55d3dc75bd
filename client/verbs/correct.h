/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Correct: apply a decision to the clock that was measured, and undo the step if the server's clock
 * moved with it.
 */
#ifndef CLIENT_VERBS_CORRECT_H
#define CLIENT_VERBS_CORRECT_H

#include "client/print/report.h"

/* No exit status: the clock has changed since it was measured, and was left alone. */
#define CORRECT_STALE (-1)

/*
 * Step or slew the clock, if it is still that of the mark. STATUS_DONE, CORRECT_STALE, or another
 * status after saying why it could not be.
 */
int correct_apply(const struct request *request, const struct policy_decision *d,
		  struct clock_mark *since);

/*
 * Tell the system's log that the system clock was stepped by that amount, and why; of a clock file
 * nothing is told.
 */
void correct_log_step(const struct request *request, dur_ns by, const char *why);

/* Whether the clock that was measured made our step too, as it will each time. */
bool correct_moved_along(const struct report_action *a);

/* Take such a step back, say why, and make that the decision. The status to exit with. */
int correct_take_back(const struct request *request, struct report_action *a,
		      struct clock_mark *since);

#endif
