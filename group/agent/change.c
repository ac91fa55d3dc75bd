/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes that administrators ask the leader for. */
#include <errno.h>
#include <string.h>

#include "group/agent/private.h"
#include "os/log.h"

/* For how many leases a leader that was asked to step down does not stand again. */
#define PASSIVE_LEASES 4

static enum group_answer answer_of(int rc)
{
	switch (rc) {
	case 0:
		return GROUP_DONE;
	case -EPERM:
		return GROUP_NOT_LEADER;
	case -EAGAIN:
		return GROUP_TRY_AGAIN;
	case -EEXIST:
		return GROUP_EXISTS;
	case -ENOENT:
		return GROUP_UNKNOWN;
	case -E2BIG:
		return GROUP_FULL;
	case -EHOSTUNREACH:
		return GROUP_UNREACHABLE;
	case -EPROTO:
		return GROUP_OTHER_LEASE;
	default:
		return GROUP_IMPOSSIBLE;
	}
}

/* One that nobody reaches counts in every majority all the same, and can end a small group. */
static bool may_be_reached(const struct group *g, const struct address *at)
{
	return at->sa.ss_family == g->self->at.sa.ss_family && address_is_one_host(at) &&
	       address_is_loopback(at) == address_is_loopback(&g->self->at);
}

static int join(struct group *g, const struct address *at, struct mono now,
		struct election_actions *out)
{
	const struct electorate *all = &g->election.state.electorate;
	int rc = may_be_reached(g, at) ? 0 : -EINVAL;

	if (rc == 0 && !election_may_act(&g->election, now)) {
		rc = -EPERM;
	}
	if (rc == 0 && electorate_find(all, group_members_id(at)) >= 0) {
		rc = -EEXIST;
	}
	if (rc == 0) {
		rc = group_newcomers_check(g, at, now);
	}
	if (rc == 0) {
		rc = group_members_add(&g->members, at);
		/* Soon somebody who left is not spoken to any more. */
		rc = rc == -E2BIG && all->n < MEMBERS_MAX ? -EAGAIN : rc;
	}
	return rc < 0 ? rc : election_add(&g->election, group_members_id(at), now, out);
}

static int change(struct group *g, enum group_procedure proc, const struct group_change *c,
		  struct mono now, struct election_actions *out)
{
	switch (proc) {
	case GROUP_JOIN:
		return join(g, &c->address, now, out);
	case GROUP_LEAVE:
		return election_remove(&g->election, group_members_id(&c->address), now, out);
	case GROUP_STEP_DOWN:
		if (!election_may_act(&g->election, now)) {
			return -EPERM;
		}
		election_step_down(&g->election, PASSIVE_LEASES * g->settings->lease, now, out);
		return 0;
	case GROUP_POLL:
	case GROUP_ADJUST:
	case GROUP_ELECTION:
	case GROUP_STATUS:
		break;
	}
	return -EINVAL;
}

/* Whether it brings the nonce of the last status, which is used up then. */
static bool redeem_nonce(struct group *g, const struct group_change *c, struct mono now)
{
	if (!g->has_admin_nonce || mono_since(now, g->admin_nonce_ends) >= 0 ||
	    memcmp(&c->nonce, &g->admin_nonce, sizeof(c->nonce)) != 0) {
		group_count(g, GROUP_COUNT_REPLAYED, c->head.from,
			    "a change without a valid nonce");
		return false;
	}
	g->has_admin_nonce = false;
	return true;
}

static const char *name_of(enum group_procedure proc)
{
	return proc == GROUP_JOIN ? "join" : proc == GROUP_LEAVE ? "leave" : "step-down";
}

enum group_answer group_change(struct group *g, enum group_procedure proc,
			       const struct group_change *c, struct mono now)
{
	struct election_actions out = { .n = 0 };
	int rc;

	if (!redeem_nonce(g, c, now)) {
		return GROUP_OLD_NONCE;
	}
	rc = change(g, proc, c, now, &out);
	(void)group_election_perform(g, &out, MEMBER_NONE, NULL);
	if (rc != -EAGAIN) { /* it will be asked for again */
		log_info("group %s: asked for a %s: %s", g->settings->name, name_of(proc),
			 rc == 0               ? "done"
			 : rc == -EHOSTUNREACH ? "who is to join does not answer"
			 : rc == -EPROTO       ? "who is to join has another --lease"
					       : strerror(-rc));
	}
	return answer_of(rc);
}
