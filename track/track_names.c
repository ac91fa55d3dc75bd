/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_names.h"

#include <string.h>

static const char *const events[] = {
	[DISCIPLINE_FIRST] = "first",         [DISCIPLINE_TRACKING] = "tracking",
	[DISCIPLINE_NO_ANSWER] = "no-answer", [DISCIPLINE_CONTRADICTION] = "contradiction",
	[DISCIPLINE_RESTART] = "restart",     [DISCIPLINE_RATE] = "rate",
};

static const char *const actions[] = {
	[DISCIPLINE_NONE] = "none",     [DISCIPLINE_STEP] = "step",     [DISCIPLINE_SLEW] = "slew",
	[DISCIPLINE_REFUSE] = "refuse", [DISCIPLINE_FAILED] = "failed",
};

static const char *const phases[] = {
	[DISCIPLINE_STARTING] = "starting",     [DISCIPLINE_SYNCHRONISED] = "synchronised",
	[DISCIPLINE_CORRECTING] = "correcting", [DISCIPLINE_HOLDING_OVER] = "holding-over",
	[DISCIPLINE_REFUSED] = "refused",
};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

/* The index of a name; -1 if there is none. */
static int find(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, names[i]) == 0) {
			return (int)i;
		}
	}
	return -1;
}

const char *track_event_name(enum discipline_event event)
{
	return events[event];
}

const char *track_action_name(enum discipline_action action)
{
	return actions[action];
}

const char *track_phase_name(enum discipline_phase phase)
{
	return phases[phase];
}

int track_event_find(const char *name)
{
	return find(events, COUNT(events), name);
}

int track_action_find(const char *name)
{
	return find(actions, COUNT(actions), name);
}

int track_phase_find(const char *name)
{
	return find(phases, COUNT(phases), name);
}
