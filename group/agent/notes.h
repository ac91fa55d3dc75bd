/* SPDX-License-Identifier: BSD-3-Clause */
/* The agent's log entries, in words. */
#ifndef GROUP_AGENT_NOTES_H
#define GROUP_AGENT_NOTES_H

#include "group/core/effects.h"
#include "os/clock.h"

struct notes {
	const char *group;
	const char *state_path;
	bool insecure;
	struct clock *clock; /* that the agent keeps */
};

/* The clock was corrected by that amount, as that leader, or if null this one, has decided. */
void notes_corrected(const struct notes *n, dur_ns amount, const struct member_address *leader,
		     uint64_t term);

void notes_log(const struct notes *n, const struct agent_note *note);

#endif
