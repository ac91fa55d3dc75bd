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

/*
 * How fast the error grows by the monotonic clock. The discipline counts in the time that no
 * frequency changes: where that of the clock makes the monotonic one slow, a second is a long one.
 */
static int64_t growth_of(const struct discipline *d, const struct discipline_status *status)
{
	const int64_t by_rate = arith_add(status->rate_error_ppb, d->limits.drift_ppb);
	const int64_t uncorrected = arith_distance(status->rate_ppb, status->frequency_ppb);
	const int64_t growth = arith_min(arith_add(by_rate, uncorrected), NS_PER_SEC);
	const int64_t frequency = arith_clamp(d->model.frequency_ppb, NS_PER_SEC / 2);

	return d->limits.mono_is_tuned && frequency < 0
		       ? growth * NS_PER_SEC / (NS_PER_SEC + frequency) + 1
		       : growth;
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
	b.growth = bound_share(growth_of(d, &status) + 1); /* for what bound_share cuts off */
	b.slew = bound_share(arith_distance(d->model.frequency_ppb, d->frequency_ppb));
	b.slew_end = mono_add(b.at, c->slew_for);
	b.due = mono_add(b.at, arith_add(c->renewed_in, BOUND_TRACK_GRACE));
	b.forgotten = mono_add(b.due, BOUND_LASTS);
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
