/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/change.h"

#include <errno.h>
#include <string.h>

#include "group/core/quorum.h"

/* For how many leases a leader that was asked to step down does not stand again. */
#define PASSIVE_LEASES 4
/* How long an administrator has, from the status to the change. */
#define NONCE_LIFE (60 * NS_PER_SEC)

static bool has_nonce(const struct change *h, struct mono now)
{
	return h->has_nonce && mono_since(now, h->nonce_ends) < 0;
}

struct ticket_nonce change_nonce(struct change *h, const struct agent_context *c)
{
	if (!has_nonce(h, c->now)) {
		h->has_nonce = true;
		h->nonce = context_nonce(c);
		h->nonce_ends = mono_add(c->now, NONCE_LIFE);
	}
	return h->nonce;
}

/* Whether it brings the nonce of the last status; that uses the nonce up. */
static bool redeem_nonce(struct change *h, const struct agent_context *c,
			 const struct group_change *what)
{
	if (!has_nonce(h, c->now) || memcmp(&what->nonce, &h->nonce, sizeof(what->nonce)) != 0) {
		context_refuse(c, GROUP_COUNT_REPLAYED, what->head.from,
			       "a change without a valid nonce");
		return false;
	}
	h->has_nonce = false;
	return true;
}

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

/* A member that nobody reaches counts in every majority, and can end a small group. */
static bool may_be_reached(const struct agent_context *c, const struct member_address *at)
{
	const struct member_address *self = &c->settings->self;

	return at->port != 0 && at->is_v4 == self->is_v4 && host_kind(&at->host) == HOST_ONE &&
	       host_is_loopback(&at->host) == host_is_loopback(&self->host);
}

static int join(struct change *h, const struct agent_context *c, const struct member_address *at,
		struct election_actions *actions)
{
	const struct voters *all = context_voters(c);
	int rc = may_be_reached(c, at) ? 0 : -EINVAL;

	if (rc == 0 && !election_may_act(c->election, c->now)) {
		rc = -EPERM;
	}
	if (rc == 0 && context_is_member(c, member_id_of(at))) {
		rc = -EEXIST;
	}
	if (rc == 0) {
		rc = newcomers_check(&h->newcomers, c, at);
	}
	if (rc == 0) {
		rc = group_members_add(c->members, at, all, c->self);
	}
	return rc < 0 ? rc : election_add(c->election, member_id_of(at), c->now, actions);
}

/* Go on with the voters that answer: only while they are no majority, or it would be of no use. */
static int recover(const struct agent_context *c, struct election_actions *actions)
{
	member_id ids[MEMBERS_MAX];
	const size_t n = quorum_answering(c, ids);

	if (!context_is_member(c, c->self) || n >= voters_majority(context_voters(c))) {
		return -EINVAL;
	}
	return election_recover(c->election, ids, n, c->now, actions);
}

static int make(struct change *h, const struct agent_context *c, enum group_procedure proc,
		const struct group_change *what, struct election_actions *actions)
{
	switch (proc) {
	case GROUP_JOIN:
		return join(h, c, &what->address, actions);
	case GROUP_LEAVE:
		return election_remove(c->election, member_id_of(&what->address), c->now, actions);
	case GROUP_STEP_DOWN:
		if (!election_may_act(c->election, c->now)) {
			return -EPERM;
		}
		election_step_down(c->election, PASSIVE_LEASES * c->settings->lease, c->now,
				   actions);
		return 0;
	case GROUP_RECOVER:
		return recover(c, actions);
	case GROUP_POLL:
	case GROUP_ADJUST:
	case GROUP_ELECTION:
	case GROUP_STATUS:
		break;
	}
	return -EINVAL;
}

enum group_answer change_make(struct change *h, const struct agent_context *c,
			      enum group_procedure proc, const struct group_change *what,
			      struct election_actions *actions)
{
	*actions = (struct election_actions){ .n = 0 };
	if (!redeem_nonce(h, c, what)) {
		return GROUP_OLD_NONCE;
	}
	return answer_of(make(h, c, proc, what, actions));
}
