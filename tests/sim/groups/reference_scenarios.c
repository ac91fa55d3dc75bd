/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/groups/reference_scenarios.h"

#define US NS_PER_US
#define MS NS_PER_MS
#define S  NS_PER_SEC
#define H  (3600 * S)

/* Five members that are right to begin with, on a LAN, with cycles of so many seconds. */
#define GROUP(seconds, watch)                                                                 \
	.cycle = (seconds)*S, .warm = 300 * (seconds)*S, .watched = (watch), .wander_ppb = 1, \
	.apart = MS, .delay = 100 * US, .jitter = 10 * US

#define ONE   .n_references = 1, .references = { { .claim = MS } }
#define TWO   .n_references = 2, .references = { { .claim = MS }, { .claim = MS } }
#define THREE .n_references = 3

const struct reference_scenario reference_scenarios[] = {
	{ "one that stays",
	  { GROUP(10, 4 * H), ONE },
	  .utc_max = 400 * US,
	  .least = 1000,
	  .most = 1000 },
	{ "two that stay",
	  { GROUP(10, 4 * H), TWO },
	  .utc_max = 400 * US,
	  .least = 1000,
	  .most = 1000 },
	{ "one of two goes 50 ms off",
	  { GROUP(10, 4 * H), .n_references = 2,
	    .references = { { .claim = MS }, { .claim = MS, .lie = 50 * MS } } },
	  .utc_max = 20 * MS,
	  .changes = 1,
	  .most = 10,
	  .move = 100 * US },
	{ "one of three goes 1 s off",
	  { GROUP(10, 4 * H), THREE,
	    .references = { { .claim = MS }, { .claim = MS }, { .claim = MS, .lie = S } } },
	  .utc_max = 400 * US,
	  .least = 1000,
	  .most = 1000,
	  .move = 100 * US },
	{ "one that comes and goes each minute",
	  { GROUP(10, 4 * H), .n_references = 1,
	    .references = { { .claim = MS, .period = 60 * S } } },
	  .utc_max = 20 * MS,
	  .changes = 1,
	  .most = 10,
	  .move = 100 * US },
	{ "the same, with cycles of 1 s",
	  { GROUP(1, 4 * H), .n_references = 1,
	    .references = { { .claim = MS, .period = 60 * S } } },
	  .utc_max = 100 * MS,
	  .changes = 8,
	  .most = 100,
	  .move = 100 * US },
	{ "all gone for an hour",
	  { GROUP(10, 4 * H), TWO, .gone_for = H },
	  .utc_end = 400 * US,
	  .utc_max = 5 * MS,
	  .changes = 2,
	  .least = 700,
	  .most = 760,
	  .move = 100 * US },
	{ "all gone for a day",
	  { GROUP(10, 30 * H), TWO, .gone_for = 24 * H },
	  .utc_end = 400 * US,
	  .utc_max = 200 * MS,
	  .changes = 2,
	  .least = 180,
	  .most = 205,
	  .move = 100 * US },
	{ "all gone for a day, cycles of 60 s",
	  { GROUP(60, 40 * H), TWO, .gone_for = 24 * H },
	  .utc_end = 400 * US,
	  .utc_max = 200 * MS,
	  .changes = 2,
	  .least = 350,
	  .most = 405,
	  .move = 100 * US },
	{ "all gone for a day, leaders killed each hour",
	  { GROUP(10, 30 * H), TWO, .gone_for = 24 * H, .kill_every = H },
	  .utc_end = 400 * US,
	  .utc_max = 200 * MS,
	  .changes = 2,
	  .least = 180,
	  .most = 205 },
	{ "the only one goes 1 s off",
	  { GROUP(10, 8 * H), .n_references = 1, .references = { { .claim = MS, .lie = S } } },
	  .least = 1000,
	  .most = 1000,
	  .move = 200 * US,
	  .may_lie = true },
	{ "the same, and 0.5 s may be stepped",
	  { GROUP(10, 8 * H), .n_references = 1, .references = { { .claim = MS, .lie = S } },
	    .reference_step = 500 * MS },
	  .least = 1000,
	  .most = 1000,
	  .may_step = true,
	  .may_lie = true },
};

const size_t n_reference_scenarios = sizeof(reference_scenarios) / sizeof(reference_scenarios[0]);

const char *reference_scenario_broken(const struct reference_scenario *s,
				      const struct steady_result *r)
{
	if (r->breach != SIM_FINE) {
		return sim_breach_text(r->breach);
	}
	if (r->untrue != 0 && !s->may_lie) {
		return "a clock was farther from UTC than it claimed";
	}
	if ((r->steps != 0) != s->may_step) {
		return s->may_step ? "no clock was stepped" : "a clock that was right was stepped";
	}
	if (s->utc_max > 0 && r->utc_max > s->utc_max) {
		return "the clocks were farther from UTC than promised";
	}
	if (s->utc_end > 0 && r->utc_end > s->utc_end) {
		return "the clocks have not come back to UTC";
	}
	if (r->changes > s->changes) {
		return "the group changed its state too often";
	}
	if (r->permille < s->least || r->permille > s->most) {
		return "the group followed references for another part of the time";
	}
	if (s->move > 0 && r->largest_move > s->move) {
		return "a clock has jumped";
	}
	return NULL;
}
