/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/ticket.h"

#include <string.h>

void ticket_issue(struct ticket *t, const struct election *e, const struct ticket_nonce *nonce,
		  struct mono now)
{
	t->open = true;
	t->leader = e->leader;
	t->term = e->state.term;
	t->nonce = *nonce;
	t->ends = mono_add(now, e->setup.lease);
}

static bool is_the_ticket(const struct ticket *t, const struct correction *c)
{
	return t->open && t->leader == c->from && t->term == c->term &&
	       memcmp(t->nonce.byte, c->nonce.byte, TICKET_NONCE_BYTES) == 0;
}

static bool is_too_large(dur_ns amount, dur_ns max)
{
	return max != 0 && (amount > max || amount < -max);
}

static bool is_too_soon(const struct ticket *t, dur_ns min_interval, struct mono now)
{
	return t->corrected && mono_since(now, t->corrected_at) < min_interval;
}

enum ticket_verdict ticket_redeem(struct ticket *t, const struct election *e,
				  const struct correction *c, const struct ticket_limits *limits,
				  struct mono now)
{
	if (c->to != e->setup.self) {
		return TICKET_NOT_FOR_ME;
	}
	if (c->term != e->state.term) {
		return TICKET_OLD_TERM;
	}
	if (c->from != e->leader || (c->from == c->to && !election_may_act(e, now))) {
		return TICKET_NOT_LEADER;
	}
	if (!is_the_ticket(t, c)) {
		return TICKET_UNKNOWN;
	}
	t->open = false;
	if (mono_since(now, t->ends) >= 0) {
		return TICKET_LATE;
	}
	if (is_too_large(c->amount, limits->max_correction)) {
		return TICKET_TOO_LARGE;
	}
	if (is_too_soon(t, limits->min_interval, now)) {
		return TICKET_TOO_SOON;
	}
	t->corrected = true;
	t->corrected_at = now;
	return TICKET_VALID;
}

const char *ticket_verdict_text(enum ticket_verdict v)
{
	static const char *const texts[TICKET_VERDICTS] = {
		[TICKET_VALID] = "valid",
		[TICKET_NOT_FOR_ME] = "it is meant for another member",
		[TICKET_OLD_TERM] = "it is of another term",
		[TICKET_NOT_LEADER] = "it is not from the leader of its term",
		[TICKET_UNKNOWN] = "its ticket is not valid, or was used before",
		[TICKET_LATE] = "it comes too late",
		[TICKET_TOO_LARGE] = "it is larger than the cap",
		[TICKET_TOO_SOON] = "it comes too soon after the one before",
	};

	return (size_t)v < TICKET_VERDICTS ? texts[v] : "unknown";
}
