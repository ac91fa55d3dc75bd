/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/tracking/worlds.h"

#include <string.h>

#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)

/* Settled: from 2 h on until the end. */
#define SETTLED                                                                                    \
	{                                                                                          \
		2 * HOUR, WORLDS_LONG                                                              \
	}

#define LAN .least = 100 * NS_PER_US, .jitter = 10 * NS_PER_US
#define WAN .least = 10 * NS_PER_MS, .jitter = NS_PER_MS

#define QUIET    .wander = 0.1
#define ORDINARY .wander = 1
#define BAD      .wander = 10

/* A room that a heating warms, and one that the day warms. */
#define HEATED .swing_ppb = 5730, .swing_period = HOUR
#define WARMED .swing_ppb = 2290, .swing_period = 4 * HOUR

#define LONGER .longer_out = 5 * NS_PER_MS

const struct worlds_row worlds[] = {
	{ { "lan", LAN, ORDINARY }, "a LAN: 100 us each way, and 10 us of jitter", SETTLED },
	{ { "lan0", LAN, QUIET }, "with a quiet crystal", SETTLED },
	{ { "lan8", LAN, BAD }, "with a bad crystal", SETTLED },
	{ { "lantemp", LAN, ORDINARY, HEATED }, "with a rate that swings by 5.73 ppm in 1 h",
	  SETTLED },
	{ { "lantemp1", LAN, ORDINARY, WARMED }, "by 2.29 ppm in 4 h", SETTLED },
	{ { "lanloss", LAN, ORDINARY, .loss_percent = 20 }, "with 20 % loss each way", SETTLED },
	{ { "wan", WAN, ORDINARY }, "a WAN: 10 ms each way, and 1 ms of jitter", SETTLED },
	{ { "wan0", WAN, QUIET }, "with a quiet crystal", SETTLED },
	{ { "wan8", WAN, BAD }, "with a bad crystal", SETTLED },
	{ { "wantemp", WAN, ORDINARY, HEATED }, "with a rate that swings by 5.73 ppm in 1 h",
	  SETTLED },
	{ { "wantemp1", WAN, ORDINARY, WARMED }, "by 2.29 ppm in 4 h", SETTLED },
	{ { "loss", WAN, ORDINARY, .loss_percent = 20 }, "with 20 % loss each way", SETTLED },
	{ { "cong", WAN, ORDINARY, .busy_out = 20 * NS_PER_MS, .busy_back = 20 * NS_PER_MS },
	  "with 20 ms more jitter in one minute of ten", SETTLED },
	{ { "congup", WAN, ORDINARY, .busy_out = 30 * NS_PER_MS },
	  "with 30 ms more on the way out only", SETTLED },
	{ { "asym", WAN, ORDINARY, LONGER, .longer = { 5 * HOUR, 5 * HOUR + 15 * MINUTE } },
	  "the way out is 5 ms longer for 15 min: in these", { 5 * HOUR, 5 * HOUR + 15 * MINUTE } },
	{ { "asym-after", WAN, ORDINARY, LONGER, .longer = { 5 * HOUR, 5 * HOUR + 15 * MINUTE } },
	  "in the 30 min after these",
	  { 5 * HOUR + 15 * MINUTE, 5 * HOUR + 45 * MINUTE } },
	{ { "asymp", WAN, ORDINARY, LONGER, .longer = { 5 * HOUR, WORLDS_LONG } },
	  "the same for good: from 2 h after the change", { 7 * HOUR, WORLDS_LONG } },
	{ { "outage", WAN, ORDINARY, .outage = { 5 * HOUR, 5 * HOUR + 30 * MINUTE } },
	  "nobody answers for 30 min: in these", { 5 * HOUR, 5 * HOUR + 30 * MINUTE } },
	{ { "lanoutage", LAN, ORDINARY, .outage = { 5 * HOUR, 5 * HOUR + 30 * MINUTE } },
	  "the same on the LAN", { 5 * HOUR, 5 * HOUR + 30 * MINUTE } },
	{ { "false50", WAN, ORDINARY, .servers = 3, .lie = 50 * NS_PER_MS },
	  "three servers on the WAN, one 50 ms ahead", SETTLED },
	{ { "false5", WAN, ORDINARY, .servers = 3, .lie = 5 * NS_PER_MS },
	  "one 5 ms ahead, which is within the bounds", SETTLED },
	{ { "wan3", WAN, ORDINARY, .servers = 3 }, "three good ones", SETTLED },
};

const size_t worlds_count = sizeof(worlds) / sizeof(worlds[0]);

const struct worlds_row *worlds_find(const char *name)
{
	for (size_t i = 0; i < worlds_count; i++) {
		if (strcmp(worlds[i].options.name, name) == 0) {
			return &worlds[i];
		}
	}
	return NULL;
}
