/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings whose values take more than a line to read, and those of groups. Each says whether
 * the value was fine, after reporting on stderr if it was not.
 */
#ifndef SERVER_SETTINGS_VALUES_H
#define SERVER_SETTINGS_VALUES_H

#include "server/settings.h"
#include "os/options.h"

typedef bool settings_apply_fn(const struct options *o, size_t index, struct settings *s,
			       const char *text);

settings_apply_fn settings_apply_netids, settings_apply_address, settings_apply_allow;
settings_apply_fn settings_apply_group, settings_apply_member;

/* Any duration that is not negative; a period of a group also has to be neither short nor long. */
bool settings_apply_duration(const struct options *o, size_t index, dur_ns *out, const char *text,
			     bool is_period);

extern const struct group_settings settings_group_defaults;

/* Whether what belongs together was given together. */
bool settings_group_complete(const struct settings *s);

#endif
