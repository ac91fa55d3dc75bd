/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/verbs/correct.h"

#include <errno.h>
#include <string.h>

#include "client/verbs.h"
#include "core/follow.h"
#include "os/log.h"
#include "os/stdio.h"
#include "os/time_text.h"

/* Say why the decision could not be carried out. */
static int complain(const struct request *request, const struct policy_decision *d, int error)
{
	struct clock_keeper by;
	char why[REQUEST_WHY_MAX];

	if (error == -ESTALE) {
		return CORRECT_STALE;
	}
	if (error == -EBUSY && clock_is_kept(request->measure.clock, &by)) {
		stdio_complain(request->program, "%s", request_kept_text(request, &by, why));
		return STATUS_REFUSED;
	}
	stdio_complain(request->program, "cannot %s the clock: %s; it was left as it is",
		       d->action == POLICY_STEP ? "step" : "slew", clock_error_text(error));
	return error == -EPERM                         ? STATUS_NO_PERMISSION
	       : error == -EBADMSG || error == -ENOENT ? STATUS_USAGE
						       : STATUS_REFUSED;
}

int correct_apply(const struct request *request, const struct policy_decision *d,
		  struct clock_mark *since)
{
	struct clock *clock = request->measure.clock;
	const int rc = d->action == POLICY_STEP ? clock_step_since(clock, since, d->correction)
						: clock_slew_since(clock, since, d->correction);

	return rc == 0 ? STATUS_DONE : complain(request, d, rc);
}

void correct_log_step(const struct request *request, dur_ns by, const char *why)
{
	char step[TIME_TEXT_STEP_MAX];

	if (!request->clock_file) {
		log_open("timesync", LOG_LEVEL_INFO, true);
		log_warning("clock stepped %s: %s",
			    time_text_step(clock_now(request->measure.clock), by, step), why);
	}
}

bool correct_moved_along(const struct report_action *a)
{
	struct follow_offset before, after;

	if (a->decision.action != POLICY_STEP || !a->after) {
		return false;
	}
	before = (struct follow_offset){ a->estimate->offset, a->estimate->max_error };
	after = (struct follow_offset){ a->after->offset, a->after->max_error };
	return follow_judge(&before, a->decision.correction, &after) == FOLLOW_ALONG;
}

int correct_take_back(const struct request *request, struct report_action *a,
		      struct clock_mark *since)
{
	const int rc = clock_step_since(request->measure.clock, since, -a->decision.correction);

	if (rc == 0) {
		correct_log_step(request, -a->decision.correction,
				 "the step before is undone, as the server's clock moves with this "
				 "one");
		a->applied = false;
		a->after = NULL;
		a->decision = (struct policy_decision){ .action = POLICY_REFUSE,
							.reason = POLICY_MOVES_ALONG };
	}
	stdio_complain(
		request->program,
		"refused: after the step the local clock was as far off as before, so the server's "
		"clock moves with it: it is a clock of this machine, or is set by it; %s%s",
		rc == 0 ? "the step was undone" : "the step could not be undone: ",
		rc == 0         ? ""
		: rc == -ESTALE ? "another program has changed the clock since"
				: clock_error_text(rc));
	return STATUS_REFUSED;
}
