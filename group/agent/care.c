/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/care.h"

#include "core/arith.h"
#include "os/files.h"
#include "os/log.h"
#include "os/suspend.h"

/* Corrections come once a cycle; some may be lost. */
#define RENEWED_CYCLES 3

void care_begin(struct care *c, struct clock *clock, const char *file, bool is_reference)
{
	*c = (struct care){ .clock = is_reference ? NULL : clock };
	bound_publisher_begin(&c->publisher, c->page);
	if (is_reference) {
		return;
	}
	c->claim = clock_claim_begin(clock);
	if (bound_page_path(file, c->page, sizeof(c->page)) != 0) {
		c->page[0] = '\0'; /* and publishing fails */
	}
}

static void say_corrected(const struct agent *a, struct mono now, const struct notes *n)
{
	const member_id leader = election_leader(&a->election, now);
	const struct group_member *m = group_members_known(&a->members, leader);

	notes_corrected(n, a->corrector.correction, m && leader != a->self ? &m->at : NULL,
			a->election.state.term);
}

/* --- the mark --------------------------------------------------------------------------------- */

/*
 * How far from the group's time the clock is at most, right after a correction: the part of it that
 * is still to be slewed, and the error of the measurement.
 */
static dur_ns error_of_clock(const struct corrector *k)
{
	return arith_add(arith_abs(k->correction), k->correction_error);
}

/* Whether the group knows of UTC, or did. */
static bool knows_utc(const struct corrector *k)
{
	return k->claim.known || k->claim.by_reference || k->servo.learned;
}

static dur_ns error_to_claim(const struct corrector *k, struct mono now)
{
	if (!knows_utc(k)) {
		return error_of_clock(k);
	}
	return k->claim.known ? claim_error(&k->claim, now) : INT64_MAX;
}

/* --- the bound -------------------------------------------------------------------------------- */

/* Whether nothing was heard of references of late. */
static bool is_old(const struct agent *a, struct mono now)
{
	const struct corrector *k = &a->corrector;

	return !k->corrected || !k->claim.by_reference ||
	       mono_since(now, k->corrected_at) > RENEWED_CYCLES * a->settings.cycle;
}

static struct bound bound_of(const struct care *c, const struct agent *a)
{
	const struct servo *s = &a->corrector.servo;
	struct claim_clock clock = {
		.rate_ppb = clock_rate(c->clock),
		.slew_ppb = s->slew_ppb,
		.slew_end = servo_due(s),
		.renewed_in = c->ended ? 0 : RENEWED_CYCLES * a->settings.cycle,
		.asleep = suspend_total(),
	};

	clock.from = clock_mono(c->clock);
	clock.shown = clock_now(c->clock);
	clock.to = clock_mono(c->clock);
	clock.holds_over = is_old(a, clock.to);
	if (clock.slew_ppb == 0) {
		clock.slew_end = clock.to;
	}
	return claim_bound(&a->corrector.claim, &clock);
}

/* A page that nobody needs is not made. */
static void publish(struct care *c, const struct agent *a, struct mono now)
{
	struct bound bound;
	int rc;

	if (!a->corrector.claim.known && !c->publisher.page) {
		return;
	}
	bound = bound_of(c, a);
	rc = bound_publish(&c->publisher, &bound);
	if (rc != 0 && rc != c->complained) {
		log_info("programs cannot learn the bound of the clock: %s: %s", c->page,
			 file_error_text(rc));
	}
	c->complained = rc;
	c->published = now;
}

/* --- after each step -------------------------------------------------------------------------- */

void care_after_step(struct care *c, const struct agent *a, uint64_t epoch, struct mono now,
		     const struct notes *n)
{
	const uint64_t corrections = a->counts.count[GROUP_COUNT_CORRECTIONS];
	const bool is_one_of_many = a->is_member && a->election.state.voters.n > 1;
	const bool corrected = corrections != c->corrections;
	const bool was_set = epoch != c->epoch;
	int rc = 0;

	if (!c->clock) {
		return;
	}
	if (c->ended || !is_one_of_many || was_set) {
		rc = clock_claim_renew(&c->claim, INT64_MAX);
	} else if (corrected) {
		rc = clock_claim_renew(&c->claim, error_to_claim(&a->corrector, now));
	}
	/* A removed member learns nothing new: its page grows old. */
	if (a->is_member &&
	    (corrected || was_set || mono_since(now, c->published) >= a->settings.cycle)) {
		publish(c, a, now);
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
	const int rc = c->clock ? clock_claim_renew(&c->claim, INT64_MAX) : 0;

	c->ended = true;
	if (rc != 0) {
		log_warning("the clock is still marked as synchronised: %s", clock_error_text(rc));
	}
}

void care_close(struct care *c)
{
	bound_publisher_end(&c->publisher);
}
