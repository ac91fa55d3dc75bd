/* SPDX-License-Identifier: BSD-3-Clause */
/* What the agent says about itself and the group. */
#include "group/agent/private.h"

/* How long an administrator has for what is to be done with the status seen. */
#define NONCE_LIFE (60 * NS_PER_SEC)

static dur_ns age(bool ever, struct mono at, struct mono now)
{
	return ever ? mono_since(now, at) : -1;
}

static void fill_member(const struct group *g, struct group_member *m, struct mono now,
			struct group_member_status *out)
{
	*out = (struct group_member_status){
		.id = m->id,
		.address = m->at,
		.heard = m == g->self ? 0 : age(m->was_heard, m->heard, now),
		.part = m->last.part,
		.offset = m->last.offset,
		.delay = m->last.delay,
		.correction = m->last.correction,
		.outcome = m->last.outcome,
	};
}

/* A page of the electorate, of which some may not be known yet. */
static void fill_members(struct group *g, struct group_status *out,
			 const struct group_status_args *args, struct mono now)
{
	const struct electorate *all = &g->election.state.electorate;

	out->total = (uint32_t)all->n;
	for (size_t i = args->first; i < all->n && out->n < args->members; i++) {
		struct group_member *m = group_members_find(&g->members, all->id[i]);

		if (m) {
			fill_member(g, m, now, &out->members[out->n]);
		} else {
			out->members[out->n] = (struct group_member_status){
				.id = all->id[i],
				.heard = -1,
				.part = GROUP_UNMEASURED,
			};
		}
		out->n++;
	}
}

static void fill_cycle(const struct group *g, struct group_status *out, struct mono now)
{
	const struct group_cycle *c = &g->cycle;

	out->cycle_ended = age(c->finished, c->ended, now);
	out->cycle_took = c->last.took;
	out->mean = c->last.mean;
	out->used = (uint32_t)c->last.used;
	out->corrected = age(g->corrected, g->corrected_at, now);
	out->correction = g->correction;
}

static void fill_counts(const struct group *g, struct group_status *out)
{
	for (size_t i = 0; i < GROUP_COUNTS; i++) {
		out->counts[i] = g->counts[i];
	}
	out->counts[GROUP_COUNT_RATE_LIMITED] = counters_read(&g->counters, COUNTER_RATE_LIMITED);
	out->counts[GROUP_COUNT_DENIED] = counters_read(&g->counters, COUNTER_DENIED);
}

/* One lives as long as it was to from the start, however often the status is asked for. */
static void renew_nonce(struct group *g, struct mono now)
{
	if (!g->has_admin_nonce || mono_since(now, g->admin_nonce_ends) >= 0) {
		g->has_admin_nonce = true;
		g->admin_nonce = group_nonce();
		g->admin_nonce_ends = mono_add(now, NONCE_LIFE);
	}
}

void group_status_fill(struct group *g, struct group_status *out,
		       const struct group_status_args *args, struct mono now)
{
	renew_nonce(g, now);
	*out = (struct group_status){
		.head = group_head_to(g, args->head.from),
		.nonce = g->admin_nonce,
		.leader = election_leader(&g->election, now),
		.leads = election_may_act(&g->election, now),
		.insecure = !g->seal,
		.lease = g->settings->lease,
		.cycle = g->settings->cycle,
		.tolerance = g->settings->tolerance,
		.max_correction = g->settings->max_correction,
	};
	fill_cycle(g, out, now);
	fill_counts(g, out);
	fill_members(g, out, args, now);
}
