/* What the agent says about itself and the group. */
#include "server/group_private.h"

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
		.part = m->poll.part,
		.offset = m->poll.offset,
		.delay = m->poll.delay,
		.correction = m->poll.correction,
		.outcome = m->poll.outcome,
	};
}

/* A page of the electorate, of which some may not be known yet. */
static void fill_members(struct group *g, struct group_status *out, uint32_t first, struct mono now)
{
	const struct electorate *all = &g->election.state.electorate;

	out->total = (uint32_t)all->n;
	for (size_t i = first; i < all->n && out->n < GROUP_PAGE; i++) {
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

	out->cycle_ended = age(g->counts[GROUP_COUNT_CYCLES] > 0, c->ended, now);
	out->cycle_took = c->took;
	out->mean = c->mean;
	out->used = (uint32_t)c->used;
	out->corrected = age(g->corrected, g->corrected_at, now);
	out->correction = g->correction;
}

void group_status_fill(struct group *g, struct group_status *out, member_id to, uint32_t first,
		       struct mono now)
{
	if (!g->has_admin_nonce || mono_since(now, g->admin_nonce_ends) >= 0) {
		g->has_admin_nonce = true;
		g->admin_nonce = group_nonce();
	}
	g->admin_nonce_ends = mono_add(now, NONCE_LIFE);
	*out = (struct group_status){
		.head = group_head_to(g, to),
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
	for (size_t i = 0; i < GROUP_COUNTS; i++) {
		out->counts[i] = g->counts[i];
	}
	fill_members(g, out, first, now);
}
