/* SPDX-License-Identifier: BSD-3-Clause */
/* The names of events, actions and phases in the log of `timesync track`. */
#ifndef TRACK_TRACK_NAMES_H
#define TRACK_TRACK_NAMES_H

#include "core/discipline.h"

const char *track_event_name(enum discipline_event event);
const char *track_action_name(enum discipline_action action);
const char *track_phase_name(enum discipline_phase phase);

/* The same backwards: one of the enum, or -1 when nothing is called so. */
int track_event_find(const char *name);
int track_action_find(const char *name);
int track_phase_find(const char *name);

#endif
