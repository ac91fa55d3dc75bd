/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings of a group in timesyncd.
 */
#ifndef GROUP_AGENT_SETTINGS_H
#define GROUP_AGENT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "group/core/member.h"
#include "core/ts.h"

/* Where members are found that were named without a port: the low half of the program's number. */
#define GROUP_SETTINGS_PORT 21319

struct group_settings {
	const char *name;            /* null: no group */
	const char *key_file;        /* null only with `insecure` */
	const char *state_file;      /* null: beside the clock file, or in the ... */
	const char *state_directory; /* ... of a group that keeps the system clock */
	bool insecure;               /* do without keys */
	bool force;                  /* keep a system clock that something else steers */
	bool reference;              /* something else keeps the clock: never set it */
	bool discover;               /* find the group by broadcast; no members are named then */
	uint16_t port;               /* of this member's socket */
	struct member_address advertise; /* where others reach it; {0}: at its own address */
	dur_ns lease, cycle;
	dur_ns tolerance;      /* how far apart two clocks of the mean may lie */
	dur_ns max_error;      /* of a clock that counts */
	dur_ns max_correction; /* larger ones are refused; 0: none */
	dur_ns reference_step; /* step to references that are farther away; 0: never */
	size_t n_members;
	const char *members[MEMBERS_MAX]; /* as they were typed: HOST[:PORT] */
};

#endif
