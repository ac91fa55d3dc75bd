/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/discipline.h"

const char *discipline_event_text(enum discipline_event event)
{
	switch (event) {
	case DISCIPLINE_FIRST:
		return "the first measurement";
	case DISCIPLINE_TRACKING:
		return "tracking";
	case DISCIPLINE_NO_ANSWER:
		return "no server answered";
	case DISCIPLINE_CONTRADICTION:
		return "contradicts all earlier ones; not used unless the next one confirms it";
	case DISCIPLINE_RESTART:
		return "confirmed: a clock was stepped; starting again";
	case DISCIPLINE_RATE:
		return "agrees with earlier ones on another rate, which is used from now on";
	}
	return "unknown";
}

const char *discipline_phase_text(enum discipline_phase phase)
{
	switch (phase) {
	case DISCIPLINE_STARTING:
		return "starting";
	case DISCIPLINE_SYNCHRONISED:
		return "synchronised";
	case DISCIPLINE_CORRECTING:
		return "correcting";
	case DISCIPLINE_HOLDING_OVER:
		return "holding over";
	case DISCIPLINE_REFUSED:
		return "refused";
	}
	return "unknown";
}
