/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/claim.h"

#include "core/arith.h"
#include "core/drift.h"

dur_ns claim_error(const struct claim *c, struct mono now)
{
	const dur_ns age = arith_max(mono_since(now, c->at), 0);

	return c->known ? arith_min(arith_add(c->max_error, drift_over(age, c->growth_ppb)),
				    TS_LIMIT - 1)
			: GROUP_UNKNOWN_ERROR;
}

void claim_forget(struct claim *c)
{
	c->known = false;
}

void claim_widen(struct claim *c, dur_ns by)
{
	c->max_error = arith_add(c->max_error, by);
}

void claim_age(struct claim *c, struct mono now, int64_t growth_ppb)
{
	const int64_t growth = arith_add(growth_ppb, c->drift_ppb);

	c->growth_ppb = arith_max(c->growth_ppb, growth);
	c->max_error = claim_error(c, now);
	c->at = now;
	c->growth_ppb = growth;
}

bool claim_source(struct claim *c, struct mono now, bool by_reference)
{
	const bool is_news = !c->told || by_reference != c->by_reference;

	if (is_news) {
		c->since = now;
	}
	c->told = true;
	c->by_reference = by_reference;
	return is_news;
}

void claim_take(struct claim *c, struct mono at, dur_ns max_error, int64_t drift_ppb, bool is_void)
{
	c->known = c->known && !is_void;
	if (max_error >= 0 && (!c->known || max_error < claim_error(c, at))) {
		c->known = true;
		c->at = at;
		c->max_error = max_error;
		c->drift_ppb = drift_ppb;
	}
}

struct bound claim_bound(const struct claim *c, const struct claim_clock *clock)
{
	const dur_ns half = mono_since(clock->to, clock->from) / 2 + 1;
	const struct mono at = mono_add(clock->from, half);
	struct bound b = {
		.state = clock->holds_over ? BOUND_HOLD_OVER : BOUND_SYNCHRONISED,
		.at = at,
		.shown = clock->shown,
		.rate = bound_share(clock->rate_ppb),
		.max_error = arith_add(claim_error(c, clock->to), 2 * half),
		/* And one for what bound_share cuts off. */
		.growth = bound_share(c->growth_ppb + 1),
		.slew_end = { .ns = arith_max(clock->slew_end.ns, at.ns) },
		.slew = bound_share(arith_abs(clock->slew_ppb)),
		.due = mono_add(at, clock->renewed_in),
		.asleep = clock->asleep,
	};

	b.forgotten = mono_add(b.due, BOUND_LASTS);
	return c->known && bound_valid(&b) ? b : bound_unknown(at);
}
