/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/groups/scenarios.h"

#include <math.h>

#define US NS_PER_US
#define MS NS_PER_MS
#define S  NS_PER_SEC

/* A cycle, and how many to wait for and to watch. */
#define CYCLES(seconds, wait, watch)                                                          \
	.cycle = (seconds)*S, .warm = (seconds) * (wait)*S, .watched = (seconds) * (watch)*S, \
	.wander_ppb = 1, .apart = MS

#define LAN .delay = 100 * US, .jitter = 10 * US

#define JITTER(least, more) .delay = (least), .jitter = (more), .uniform = true

/* The spread is promised, and no step of a clock that is right. */
const struct scenario scenarios[] = {
	{ "LAN, 1 s", { CYCLES(1, 300, 3600), LAN }, .p95 = 2 * US },
	{ "LAN, 1 s, after an hour",
	  { CYCLES(1, 3600, 3600), LAN },
	  .p95 = 2 * US,
	  .rate_ppb = 100 },
	{ "LAN, 10 s", { CYCLES(10, 300, 2000), LAN }, .p95 = 4 * US },
	{ "LAN, 60 s", { CYCLES(60, 300, 2000), LAN }, .p95 = 10 * US },
	{ "0.2 + 0..0.3 ms, 1 s",
	  { CYCLES(1, 300, 3600), JITTER(200 * US, 300 * US) },
	  .p95 = 30 * US },
	{ "1 + 0..5 ms, 1 s", { CYCLES(1, 300, 3600), JITTER(MS, 5 * MS) }, .p95 = 300 * US },
	{ "2 + 0..20 ms, 1 s",
	  { CYCLES(1, 300, 3600), JITTER(2 * MS, 20 * MS) },
	  .p95 = 1300 * US },
	{ "one link late by 50 ms for 1.3 s, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .late = 50 * MS, .late_for = 1300 * MS },
	  .p95 = 2 * US },
	{ "one link late by 200 ms for 1.3 s, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .late = 200 * MS, .late_for = 1300 * MS },
	  .p95 = 2 * US },
	{ "one link late by 300 ms for 1.3 s, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .late = 300 * MS, .late_for = 1300 * MS },
	  .p95 = 2 * US },
	{ "one link late by 50 ms for 13 s, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .late = 50 * MS, .late_for = 13 * S },
	  .p95 = 2 * US },
	{ "one link late by 300 ms for 13 s, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .late = 300 * MS, .late_for = 13 * S },
	  .p95 = 2 * US },
	{ "one link late by 300 ms for 13 s, 10 s",
	  { CYCLES(10, 300, 2000), LAN, .late = 300 * MS, .late_for = 13 * S },
	  .p95 = 4 * US },
	{ "30 % of calls lost, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .loss_permille = 300, .loses_calls = true },
	  .p95 = 3 * US },
	{ "30 % of calls lost, 10 s",
	  { CYCLES(10, 300, 2000), LAN, .loss_permille = 300, .loses_calls = true },
	  .p95 = 8 * US },
	{ "30 % of packets lost, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .loss_permille = 300 },
	  .p95 = 0 },
	{ "30 % of packets lost, 10 s",
	  { CYCLES(10, 300, 2000), LAN, .loss_permille = 300 },
	  .p95 = 0 },
	{ "a leader killed every minute, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .kill_every = 60 * S },
	  .p95 = 3 * US },
	{ "a leader killed every minute, 10 s",
	  { CYCLES(10, 60, 2000), LAN, .kill_every = 60 * S },
	  .p95 = 8 * US },
	{ "a leader killed every minute, 60 s",
	  { CYCLES(60, 20, 2000), LAN, .kill_every = 60 * S },
	  .p95 = 20 * US },
	{ "a newcomer 0.9 s off, 1 s",
	  { CYCLES(1, 300, 1800), LAN, .event = STEADY_NEWCOMER },
	  .p95 = 2 * US },
	{ "a newcomer 0.9 s off, 10 s",
	  { CYCLES(10, 300, 1000), LAN, .event = STEADY_NEWCOMER },
	  .p95 = 4 * US },
	{ "one turns 2000 ppm faster, 1 s",
	  { CYCLES(1, 300, 1800), LAN, .event = STEADY_SICK },
	  .p95 = 2 * US },
	{ "one turns 2000 ppm faster, 10 s",
	  { CYCLES(10, 300, 1000), LAN, .event = STEADY_SICK },
	  .p95 = 4 * US },
	{ "the leader turns 2000 ppm faster, 1 s",
	  { CYCLES(1, 300, 1800), LAN, .event = STEADY_SICK_LEADER },
	  .p95 = 2 * US },
	{ "forged answers, as late as others, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .forged = 100 * US },
	  .p95 = 2 * US,
	  .move = 2 * US },
	{ "forged answers, earlier than any, 1 s",
	  { CYCLES(1, 300, 3600), LAN, .forged = 100 * US, .forged_early = true },
	  .p95 = 2 * US,
	  .move = 2 * US },
	{ "cold start, +-50 ms, 1 s",
	  { .cycle = S,
	    .warm = 300 * S,
	    .watched = 600 * S,
	    .wander_ppb = 1,
	    .apart = 50 * MS,
	    LAN },
	  .p95 = 2 * US,
	  .together = 30 * S },
};

const size_t n_scenarios = sizeof(scenarios) / sizeof(scenarios[0]);

const char *scenario_broken(const struct scenario *s, const struct steady_result *r)
{
	if (r->breach != SIM_FINE) {
		return sim_breach_text(r->breach);
	}
	if (r->steps != 0) {
		return "a clock that was right was stepped";
	}
	if (s->p95 > 0 && r->p95 > s->p95) {
		return "the clocks are farther apart than promised";
	}
	if (s->rate_ppb > 0 && fabs(r->mean_rate_ppb - r->own_rate_ppb) > s->rate_ppb) {
		return "the group runs at another rate than its members";
	}
	if (s->move > 0 && r->largest_move > s->move) {
		return "one measurement has moved a clock";
	}
	if (s->together > 0 && (r->together < 0 || r->together > s->together)) {
		return "the clocks were not together in time";
	}
	return NULL;
}
