/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "group/agent/private.h"
#include "os/clock_system.h"
#include "os/log.h"

/* How long to stay for the successor's election. */
#define PATIENCE NS_PER_SEC
/* One of a kind is said, and no more for a while. */
#define SAY_EVERY (60 * NS_PER_SEC)

struct mono group_now(void)
{
	return clock_mono(clock_system());
}

struct group_head group_head_to(const struct group *g, member_id to)
{
	struct group_head h = { .from = g->self->id, .to = to, .term = g->election.state.term };

	strncpy(h.group, g->settings->name, GROUP_NAME_MAX);
	return h;
}

void group_count(struct group *g, enum group_count what, member_id from, const char *why)
{
	const struct mono now = group_now();
	const struct group_member *m = group_members_known(&g->members, from);
	char text[ADDRESS_TEXT_MAX];

	g->counts[what]++;
	if (g->said[what] && mono_since(now, g->said_at[what]) < SAY_EVERY) {
		return;
	}
	g->said[what] = true;
	g->said_at[what] = now;
	log_warning("group %s: refused from %s: %s (%" PRIu64 " such so far)", g->settings->name,
		    m ? address_text(&m->at, text) : "an unknown sender", why, g->counts[what]);
}

/* --- the loop --- */

static dur_ns due(void *arg, struct mono now);

/* In how many ns there is something to do. */
static dur_ns wait_of(const struct group *g)
{
	const struct mono now = group_now();
	const dur_ns election = mono_since(election_next(&g->election), now);
	const dur_ns cycle = mono_since(group_cycle_next(g, now), now);
	const dur_ns search = mono_since(group_finder_next(g, now), now);
	const dur_ns rivals = mono_since(group_rivals_next(g, now), now);
	const dur_ns expiry = mono_since(g->expire_at, clock_mono(g->clock));
	dur_ns wait = election < cycle ? election : cycle;

	wait = search < wait ? search : wait;
	wait = rivals < wait ? rivals : wait;
	wait = expiry < wait ? expiry : wait;
	return wait > 0 ? wait : 0;
}

void group_schedule(struct group *g)
{
	(void)loop_timer_move(g->loop, wait_of(g), due, g);
}

/* Handed over, or there is nobody to hand over to. */
static bool may_leave(const struct group *g)
{
	const member_id leader = election_leader(&g->election, group_now());

	return leader != MEMBER_NONE && leader != g->self->id;
}

static dur_ns due(void *arg, struct mono now)
{
	struct group *g = arg;
	dur_ns left;

	(void)now;
	left = fanout_expire(g->fanout, clock_mono(g->clock));
	g->expire_at.ns = left < 0 ? INT64_MAX : clock_mono(g->clock).ns + left;
	group_election_tick(g, group_now());
	group_cycle_tick(g, group_now());
	group_finder_tick(g, group_now());
	group_rivals_tick(g, group_now());
	if (g->leaving && may_leave(g)) {
		loop_stop(g->loop, 0);
	}
	return wait_of(g);
}

static void answers_ready(void *arg, int fd)
{
	struct group *g = arg;

	(void)fd;
	fanout_serve(g->fanout);
	group_cycle_tick(g, group_now());
	if (g->leaving && may_leave(g)) {
		loop_stop(g->loop, 0);
	}
	group_schedule(g);
}

static void calls_ready(void *arg, int fd)
{
	struct group *g = arg;

	(void)fd;
	svc_dgram_serve(g->dgram);
	group_schedule(g);
}

static void local_ready(void *arg, int fd)
{
	struct group *g = arg;

	(void)fd;
	svc_stream_serve(g->stream);
	group_schedule(g);
}

static dur_ns local_due(void *arg, struct mono now)
{
	const struct group *g = arg;

	return svc_stream_expire(g->stream, now);
}

static dur_ns patience_ends(void *arg, struct mono now)
{
	struct group *g = arg;

	(void)now;
	loop_stop(g->loop, 0);
	return -1;
}

static void signalled(void *arg, int signo)
{
	struct group *g = arg;
	struct election_actions out;
	const bool led = g->election.role == ELECTION_LEADER;

	if (signo != SIGTERM || g->leaving) {
		return;
	}
	g->leaving = true;
	election_step_down(&g->election, INT64_MAX, group_now(), &out);
	(void)group_election_perform(g, &out, MEMBER_NONE, NULL);
	if (!led || loop_timer(g->loop, PATIENCE, patience_ends, g) != 0) {
		loop_stop(g->loop, 0);
	}
	group_schedule(g);
}

/* --- setting up --- */

static int watch_signals(struct group *g)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return loop_signals(g->loop, &set, signalled, g);
}

static int watch(struct group *g)
{
	int rc = loop_watch(g->loop, fanout_fd(g->fanout), answers_ready, g);

	if (rc == 0) {
		rc = loop_watch(g->loop, g->base->fd, calls_ready, g);
	}
	if (rc == 0 && g->stream) {
		rc = loop_watch(g->loop, svc_stream_fd(g->stream), local_ready, g);
	}
	if (rc == 0 && g->stream) {
		rc = loop_timer(g->loop, 0, local_due, g);
	}
	return rc == 0 ? loop_timer(g->loop, 0, due, g) : rc;
}

static int set_up(struct group *g, const struct group_base *base)
{
	int rc = loop_open(&g->loop);

	if (rc == 0) {
		rc = watch_signals(g);
	}
	if (rc == 0) {
		rc = group_open(g, base);
	}
	return rc == 0 ? watch(g) : rc;
}

int group_agent_run(const struct group_base *base)
{
	struct group *g = calloc(1, sizeof(*g));
	int rc = g ? set_up(g, base) : -ENOMEM;

	if (rc == 0) {
		rc = loop_run(g->loop);
	}
	if (rc != 0) {
		log_error("the group's agent cannot go on: %s", strerror(-rc));
	}
	if (g) {
		group_close(g);
		loop_close(g->loop);
		free(g);
	}
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
