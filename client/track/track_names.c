/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/track/track_names.h"

#include <string.h>

const char *track_event_name(enum discipline_event event)
{
	switch (event) {
	case DISCIPLINE_FIRST:
		return "first";
	case DISCIPLINE_TRACKING:
		return "tracking";
	case DISCIPLINE_NO_ANSWER:
		return "no-answer";
	case DISCIPLINE_CONTRADICTION:
		return "contradiction";
	case DISCIPLINE_RESTART:
		return "restart";
	case DISCIPLINE_RATE:
		break;
	}
	return "rate";
}

const char *track_action_name(enum discipline_action action)
{
	switch (action) {
	case DISCIPLINE_NONE:
		return "none";
	case DISCIPLINE_STEP:
		return "step";
	case DISCIPLINE_SLEW:
		return "slew";
	case DISCIPLINE_REFUSE:
		return "refuse";
	case DISCIPLINE_FAILED:
		break;
	}
	return "failed";
}

const char *track_phase_name(enum discipline_phase phase)
{
	switch (phase) {
	case DISCIPLINE_STARTING:
		return "starting";
	case DISCIPLINE_SYNCHRONISED:
		return "synchronised";
	case DISCIPLINE_CORRECTING:
		return "correcting";
	case DISCIPLINE_HOLDING_OVER:
		return "holding-over";
	case DISCIPLINE_REFUSED:
		break;
	}
	return "refused";
}

bool track_event_find(const char *name, enum discipline_event *out)
{
	for (int i = 0; i <= DISCIPLINE_RATE; i++) {
		if (strcmp(name, track_event_name((enum discipline_event)i)) == 0) {
			*out = (enum discipline_event)i;
			return true;
		}
	}
	return false;
}

bool track_action_find(const char *name, enum discipline_action *out)
{
	for (int i = 0; i <= DISCIPLINE_FAILED; i++) {
		if (strcmp(name, track_action_name((enum discipline_action)i)) == 0) {
			*out = (enum discipline_action)i;
			return true;
		}
	}
	return false;
}

bool track_phase_find(const char *name, enum discipline_phase *out)
{
	for (int i = 0; i <= DISCIPLINE_REFUSED; i++) {
		if (strcmp(name, track_phase_name((enum discipline_phase)i)) == 0) {
			*out = (enum discipline_phase)i;
			return true;
		}
	}
	return false;
}
