/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/bound_track.h"

#include "core/arith.h"
#include "core/drift.h"

#define DAY (86400 * NS_PER_SEC)

enum bound_state bound_track_state(const struct discipline_decision *decision,
				   const struct discipline_status *status)
{
	switch (status->phase) {
	case DISCIPLINE_SYNCHRONISED:
	case DISCIPLINE_CORRECTING:
		return BOUND_SYNCHRONISED;
	case DISCIPLINE_HOLDING_OVER:
		return decision->event == DISCIPLINE_NO_ANSWER ? BOUND_HOLD_OVER : BOUND_UNKNOWN;
	case DISCIPLINE_STARTING:
	case DISCIPLINE_REFUSED:
		break;
	}
	return BOUND_UNKNOWN;
}

/* How fast the discipline's own bound grows in so many seconds, ppb, rounded up. */
static int64_t growth_in(const struct discipline *d, struct mono from, int64_t seconds)
{
	struct discipline_status now, then;

	discipline_status(d, from, &now);
	discipline_status(d, mono_add(from, seconds * NS_PER_SEC), &then);
	return arith_max(arith_sub(then.max_error, now.max_error) / seconds + 1, 0);
}

/*
 * How fast the error grows, ppb. The discipline's error may grow ever faster or ever slower: a line
 * is above it if it is above it soon after the beginning and at the end.
 */
static int64_t growth_of(const struct discipline *d, struct mono from, dur_ns lasts)
{
	const int64_t seconds = lasts / NS_PER_SEC + 1;
	const int64_t own = arith_max(growth_in(d, from, 1), growth_in(d, from, seconds));
	struct discipline_status status;
	int64_t uncorrected;

	discipline_status(d, from, &status);
	/* By a clock that no frequency changes: an eighth more, as it may change by a tenth. */
	uncorrected = arith_distance(status.rate_ppb, status.frequency_ppb);
	return arith_add(own, arith_add(uncorrected, uncorrected / 8));
}

/*
 * The time until the day of UTC can end. An eighth less, as the clocks may run so wrong: the bound
 * is renewed meanwhile.
 */
static dur_ns until_midnight(const struct bound *b)
{
	dur_ns left;

	if (b->max_error >= DAY / 4) {
		return 0;
	}
	left = DAY - (b->shown - b->max_error) % DAY - 2 * b->max_error;
	return arith_max(left - left / 8, 0);
}

struct bound bound_track(const struct discipline *d, const struct bound_tracked *c)
{
	const dur_ns half = mono_since(c->to, c->from) / 2 + 1;
	const bool of_servers = c->of_servers && c->reference_error == INT64_MAX;
	const dur_ns reference_error = of_servers ? 0 : c->reference_error;
	struct discipline_status status;
	struct bound b = { .state = c->state, .shown = c->shown, .asleep = c->asleep };

	discipline_status(d, c->to, &status);
	b.at = mono_add(c->from, half);
	b.rate = bound_share(c->rate_ppb);
	b.max_error = arith_add(arith_add(status.max_error, arith_abs(status.offset)),
				arith_add(reference_error, 2 * half));
	b.slew = bound_share(arith_distance(d->model.frequency_ppb, d->frequency_ppb));
	b.slew_end = mono_add(b.at, c->slew_for);
	b.due = mono_add(b.at, arith_add(c->renewed_in, BOUND_TRACK_GRACE));
	b.forgotten = mono_add(b.due, BOUND_LASTS);
	/* And one for what bound_share cuts off. */
	b.growth = bound_share(1 + growth_of(d, c->to, mono_since(b.forgotten, b.at)));
	if (c->leap) { /* from then on another time is the true one */
		const struct mono midnight = mono_add(b.at, until_midnight(&b));

		b.forgotten.ns = arith_min(b.forgotten.ns, midnight.ns);
		b.due.ns = arith_min(b.due.ns, midnight.ns);
	}
	if (b.state == BOUND_UNKNOWN || !bound_valid(&b)) {
		return bound_unknown(b.at);
	}
	b.state |= of_servers ? BOUND_OF_SERVERS : 0;
	return b;
}
