/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/tracking/worlds.h"

#include <string.h>

#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)

/* Settled: from 2 h on until the end. */
#define SETTLED                       \
	{                             \
		2 * HOUR, WORLDS_LONG \
	}

#define LAN .least = 100 * NS_PER_US, .jitter = 10 * NS_PER_US
#define WAN .least = 10 * NS_PER_MS, .jitter = NS_PER_MS

#define QUIET    .wander = 0.1
#define ORDINARY .wander = 1
#define BAD      .wander = 10

/* A room that a heating warms, and one that the day warms. */
#define HEATED .swing_ppb = 5730, .swing_period = HOUR
#define WARMED .swing_ppb = 2290, .swing_period = (4 * HOUR)

#define LONGER .longer_out = (5 * NS_PER_MS)

const struct worlds_row worlds[] = {
	{ { "lan", LAN, ORDINARY }, "LAN: 100 us each way, 10 us of jitter", SETTLED, NULL },
	{ { "lan0", LAN, QUIET }, "quiet crystal", SETTLED, NULL },
	{ { "lan8", LAN, BAD }, "bad crystal", SETTLED, NULL },
	{ { "lantemp", LAN, ORDINARY, HEATED },
	  "rate swings by 5.73 ppm every hour",
	  SETTLED,
	  NULL },
	{ { "lantemp1", LAN, ORDINARY, WARMED },
	  "rate swings by 2.29 ppm every 4 h",
	  SETTLED,
	  NULL },
	{ { "lanloss", LAN, ORDINARY, .loss_percent = 20 }, "20 % loss each way", SETTLED, NULL },
	{ { "wan", WAN, ORDINARY }, "WAN: 10 ms each way, 1 ms of jitter", SETTLED, NULL },
	{ { "wan0", WAN, QUIET }, "quiet crystal", SETTLED, NULL },
	{ { "wan8", WAN, BAD }, "bad crystal", SETTLED, NULL },
	{ { "wantemp", WAN, ORDINARY, HEATED },
	  "rate swings by 5.73 ppm every hour",
	  SETTLED,
	  NULL },
	{ { "wantemp1", WAN, ORDINARY, WARMED },
	  "rate swings by 2.29 ppm every 4 h",
	  SETTLED,
	  NULL },
	{ { "loss", WAN, ORDINARY, .loss_percent = 20 }, "20 % loss each way", SETTLED, NULL },
	{ { "cong", WAN, ORDINARY, .busy_out = 20 * NS_PER_MS, .busy_back = 20 * NS_PER_MS },
	  "20 ms more jitter in one minute of every ten",
	  SETTLED,
	  NULL },
	{ { "congup", WAN, ORDINARY, .busy_out = 30 * NS_PER_MS },
	  "30 ms more jitter in the same minutes, only towards the server",
	  SETTLED,
	  NULL },
	{ { "asym", WAN, ORDINARY, LONGER, .longer = { 5 * HOUR, 5 * HOUR + 15 * MINUTE } },
	  "the path to the server is 5 ms longer for 15 min: during these",
	  { 5 * HOUR, 5 * HOUR + 15 * MINUTE },
	  NULL },
	{ { "asym-after", WAN, ORDINARY, LONGER, .longer = { 5 * HOUR, 5 * HOUR + 15 * MINUTE } },
	  "the same: in the 30 min afterwards",
	  { 5 * HOUR + 15 * MINUTE, 5 * HOUR + 45 * MINUTE },
	  NULL },
	{ { "asymp", WAN, ORDINARY, LONGER, .longer = { 5 * HOUR, WORLDS_LONG } },
	  "the path stays longer: from 2 h after the change",
	  { 7 * HOUR, WORLDS_LONG },
	  "half of a constant asymmetry of 5 ms cannot be measured" },
	{ { "outage", WAN, ORDINARY, .outage = { 5 * HOUR, 5 * HOUR + 30 * MINUTE } },
	  "no server answers for 30 min: during these",
	  { 5 * HOUR, 5 * HOUR + 30 * MINUTE },
	  NULL },
	{ { "lanoutage", LAN, ORDINARY, .outage = { 5 * HOUR, 5 * HOUR + 30 * MINUTE } },
	  "the same on the LAN",
	  { 5 * HOUR, 5 * HOUR + 30 * MINUTE },
	  "in that time the crystal alone drifts by 22 us RMS" },
	{ { "false50", WAN, ORDINARY, .servers = 3, .lie = 50 * NS_PER_MS },
	  "three servers on the WAN, one of them 50 ms ahead",
	  SETTLED,
	  NULL },
	{ { "false5", WAN, ORDINARY, .servers = 3, .lie = 5 * NS_PER_MS },
	  "one of them 5 ms ahead, which is within the bounds",
	  SETTLED,
	  NULL },
	{ { "wan3", WAN, ORDINARY, .servers = 3 },
	  "three servers on the WAN, all correct",
	  SETTLED,
	  NULL },
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
