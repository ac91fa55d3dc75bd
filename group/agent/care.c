/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/care.h"

#include "core/arith.h"
#include "os/log.h"

static void say_corrected(const struct agent *a, struct mono now, const struct notes *n)
{
	const member_id leader = election_leader(&a->election, now);
	const struct group_member *m = group_members_known(&a->members, leader);

	notes_corrected(n, a->corrector.correction, m && leader != a->self ? &m->at : NULL,
			a->election.state.term);
}

/*
 * How far from the group's time the clock is at most, right after a correction: what is still to be
 * slewed of it, and the error of the measurement.
 */
static dur_ns error_of_clock(const struct corrector *k)
{
	return arith_add(arith_abs(k->correction), k->correction_error);
}

void care_after_step(struct care *c, const struct agent *a, uint64_t epoch, struct mono now,
		     const struct notes *n)
{
	const uint64_t corrections = a->counts.count[GROUP_COUNT_CORRECTIONS];
	const bool is_one_of_many = a->is_member && a->election.state.voters.n > 1;
	const bool corrected = corrections != c->corrections;
	int rc = 0;

	if (c->ended || !is_one_of_many || epoch != c->epoch) {
		rc = clock_claim_renew(&c->claim, INT64_MAX);
	} else if (corrected) {
		rc = clock_claim_renew(&c->claim, error_of_clock(&a->corrector));
	}
	if (corrected && a->corrector.correction != 0) {
		say_corrected(a, now, n);
	}
	c->corrections = corrections;
	c->epoch = epoch;
	if (rc != 0) {
		log_debug("cannot mark the clock as synchronised: %s", clock_error_text(rc));
	}
}

void care_end(struct care *c)
{
	const int rc = clock_claim_renew(&c->claim, INT64_MAX);

	c->ended = true;
	if (rc != 0) {
		log_warning("the clock is still marked as synchronised: %s", clock_error_text(rc));
	}
}
