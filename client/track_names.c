#include "client/track_names.h"

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
		break;
	}
	return "restart";
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
		break;
	}
	return "refuse";
}

const char *track_phase_name(enum discipline_phase phase)
{
	switch (phase) {
	case DISCIPLINE_STARTING:
		return "starting";
	case DISCIPLINE_SYNCHRONISED:
		return "synchronised";
	case DISCIPLINE_HOLDING_OVER:
		return "holding-over";
	case DISCIPLINE_REFUSED:
		break;
	}
	return "refused";
}
