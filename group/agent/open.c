/* SPDX-License-Identifier: BSD-3-Clause */
/* What a group's agent consists of, opened and closed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "group/agent/private.h"
#include "group/agent/state.h"
#include "os/log.h"
#include "os/entropy.h"

/* Calls that are under way at a time, for a member: a poll or a burst, beats, and some to spare. */
#define CALLS_A_MEMBER 8
#define FEWEST_CALLS   1024
/* That one member gets from another: a poll, a burst, a correction; beats, probes, votes. */
#define CALLS_A_CYCLE 6
#define CALLS_A_LEASE 32
#define SPARE_CALLS   16
/* The most that can be limited. */
#define RATE_MAX 1000000
/* The longest call and reply with their RPC headers. */
#define MESSAGE_MAX (GROUP_BODY_MAX + 1024)

static const struct svc_stream_limits local_limits = {
	.connections = 16,
	.connections_per_address = 16,
	.idle_timeout = 10 * NS_PER_SEC,
	.busy_timeout = 5 * NS_PER_SEC,
};

/*
 * Who is not in the electorate is here only for what is being said to it, or was measured before it
 * was removed. The election knows its members by their ids, and all of those stay.
 */
static bool may_go(const void *arg, const struct group_member *m)
{
	const struct group *g = arg;
	const struct group_cycle *c = &g->cycle;
	const bool in_cycle = c->polling || c->adjusting || c->outstanding > 0;

	return m != g->self && m->calls == 0 && !(in_cycle && m->poll.answered) &&
	       electorate_find(&g->election.state.electorate, m->id) < 0;
}

static int copy_members(struct group *g)
{
	int rc = group_members_open(&g->members);

	for (size_t i = 0; rc >= 0 && i < g->base->members.n; i++) {
		rc = group_members_add(&g->members, &g->base->members.member[i].at);
	}
	g->self = rc < 0 ? NULL : &g->members.member[g->base->self];
	g->members.may_go = may_go;
	g->members.may_go_arg = g;
	return rc < 0 ? rc : 0;
}

/*
 * What was saved, or the electorate of the members that the user named, if any. Nobody can tell
 * then whether it is new or has lost what was saved: see docs/groups-protocol.md.
 */
static int recall(struct group *g, struct election_state *state, bool *forgot)
{
	member_id ids[MEMBERS_MAX];
	const char *why;
	int rc = group_state_read(state, g->base->state_path, g->settings->name, g->self->id, &why);

	if (rc != 0 && rc != -ENOENT) {
		log_error("the group's state '%s': %s", g->base->state_path, why);
	}
	if (rc != -ENOENT) {
		return rc;
	}
	log_info("group %s: no saved state '%s': takes part as new", g->settings->name,
		 g->base->state_path);
	*forgot = true;
	memset(state, 0, sizeof(*state));
	for (size_t i = 0; i < g->settings->n_members; i++) {
		ids[i] = g->members.member[i].id;
	}
	return electorate_make(&state->electorate, 0, 0, ids, g->settings->n_members);
}

static int start_election(struct group *g)
{
	struct election_setup setup = { .self = g->self->id, .lease = g->settings->lease };
	struct election_state *state = malloc(sizeof(*state));
	int rc = state ? recall(g, state, &setup.forgot) : -ENOMEM;

	if (rc == 0) {
		rc = entropy_fill(&setup.seed, sizeof(setup.seed));
	}
	if (rc == 0) {
		rc = election_init(&g->election, &setup, state, group_now());
		g->said_member = state->electorate.n > 0;
	}
	free(state);
	return rc;
}

static int open_calls(struct group *g)
{
	const size_t wanted = g->members.n * CALLS_A_MEMBER;
	const size_t max = wanted > FEWEST_CALLS ? wanted : FEWEST_CALLS;
	int rc = fanout_open(&g->fanout, g->self->at.sa.ss_family, max, g->clock);

	g->calls = calloc(max, sizeof(*g->calls));
	for (size_t i = 0; g->calls && i < max; i++) {
		g->calls[i].group = g;
		g->calls[i].next = g->free_calls;
		g->free_calls = &g->calls[i];
	}
	g->expire_at = (struct mono){ INT64_MAX };
	g->timeout = g->settings->cycle / 3 < NS_PER_SEC ? g->settings->cycle / 3 : NS_PER_SEC;
	if (rc == 0 && !g->calls) {
		rc = -ENOMEM;
	}
	return rc;
}

static int open_env(struct group *g, struct admission *env, struct group_context *context,
		    bool local)
{
	*context = (struct group_context){ .service = { .clock = g->clock },
					   .group = g,
					   .local = local };
	*env = (struct admission){
		.clock = g->clock,
		.access = local ? &g->everyone : g->base->access,
		.counters = &g->counters,
		.call_max = MESSAGE_MAX,
		.reply_max = MESSAGE_MAX,
	};
	return svc_message_open(&env->message, group_programs, GROUP_PROGRAMS, context);
}

/* The most members that are at one host, of those that the user named. */
static int64_t members_a_host(const struct group_members *m)
{
	int64_t most = 1;

	for (size_t i = 0; i < m->n; i++) {
		const struct host host = address_host(&m->member[i].at);
		int64_t here = 0;

		for (size_t j = 0; j < m->n; j++) {
			const struct host other = address_host(&m->member[j].at);

			here += memcmp(&host, &other, sizeof(host)) == 0;
		}
		most = here > most ? here : most;
	}
	return most;
}

/* What the members that are at one host may send to this one in a second, and some to spare. */
static int64_t needed_rate(const struct group *g)
{
	const int64_t cycles = NS_PER_SEC * CALLS_A_CYCLE / g->settings->cycle;
	const int64_t elections = NS_PER_SEC * CALLS_A_LEASE / g->settings->lease;

	return (cycles + elections + SPARE_CALLS) * members_a_host(&g->members);
}

/* As often as the user allows it, but not less than the group needs. 0 or -EIO. */
static int limit_rate(struct group *g)
{
	const int64_t needed = needed_rate(g);
	const int64_t rate = g->base->rate_limit > needed ? g->base->rate_limit : needed;
	uint64_t seed;
	int rc;

	if (g->base->rate_limit == 0) {
		return 0;
	}
	rc = entropy_fill(&seed, sizeof(seed));
	if (rc != 0) {
		return rc;
	}
	ratelimit_init(&g->limiter, rate < RATE_MAX ? rate : RATE_MAX,
		       rate < RATE_MAX ? rate : RATE_MAX, seed);
	g->env.limiter = &g->limiter;
	return 0;
}

static int open_services(struct group *g)
{
	int rc = open_env(g, &g->env, &g->shared, false);

	if (rc == 0) {
		rc = limit_rate(g);
	}
	if (rc == 0) {
		rc = svc_dgram_open(&g->dgram, g->base->fd, &g->env);
	}
	if (rc != 0 || g->base->local_fd < 0) {
		return rc;
	}
	rc = open_env(g, &g->local_env, &g->local, true);
	if (rc == 0) {
		rc = svc_stream_open(&g->stream, &g->local_env, &local_limits);
	}
	return rc == 0 ? svc_stream_listen(g->stream, g->base->local_fd) : rc;
}

/* In the agent itself: the lock is a process's, and ends with it. */
static int keep_clock(const struct group_base *base)
{
	struct clock_keeper by;
	const int rc = clock_keep(base->clock, CLOCK_KEEPER_GROUP, &by);

	return rc == -EBUSY ? group_base_refuse_kept(base->clock_path, &by) : rc;
}

int group_open(struct group *g, const struct group_base *base)
{
	int rc = keep_clock(base);

	g->base = base;
	g->settings = base->settings;
	g->clock = base->clock;
	g->cycle.at = group_now();
	g->finder.broadcast.fd = -1;
	g->rivals.broadcast.fd = -1;
	group_rivals_open(g, group_now());
	if (rc == 0 && base->keys.n > 0) {
		rc = seal_open(&g->seal, &base->keys);
	}
	if (rc == 0) {
		rc = copy_members(g);
	}
	if (rc == 0) {
		rc = start_election(g);
	}
	if (rc == 0) {
		rc = open_calls(g);
	}
	if (rc == 0) {
		rc = open_services(g);
	}
	return rc == 0 ? group_finder_open(g) : rc;
}

void group_close(struct group *g)
{
	group_finder_close(g);
	group_rivals_close(g);
	svc_stream_close(g->stream);
	svc_message_close(g->local_env.message);
	svc_dgram_close(g->dgram);
	svc_message_close(g->env.message);
	fanout_close(g->fanout);
	free(g->calls);
	group_members_close(&g->members);
	seal_close(g->seal);
}
