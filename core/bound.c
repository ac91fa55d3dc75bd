/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/bound.h"

#include "core/arith.h"

/* The longest that a bound can be old, and its largest error: with these nothing overflows. */
#define LONGEST (INT64_C(1) << 50) /* 13 days */
#define WIDEST  (INT64_C(1) << 60)

struct bound bound_unknown(struct mono at)
{
	return (struct bound){
		.state = BOUND_UNKNOWN, .at = at, .slew_end = at, .due = at, .forgotten = at
	};
}

int64_t bound_share(int64_t ppb)
{
	const int64_t most = arith_clamp(ppb, NS_PER_SEC + 1);
	const int64_t scaled = most * BOUND_WHOLE;

	return scaled / NS_PER_SEC + (scaled % NS_PER_SEC > 0);
}

static bool is_share(int64_t share)
{
	return share >= 0 && share <= BOUND_WHOLE;
}

/* Not before `from`, and not too long after it. */
static bool is_soon(struct mono from, struct mono m)
{
	return m.ns >= from.ns && m.ns <= from.ns + LONGEST;
}

bool bound_valid(const struct bound *b)
{
	return b->state >= BOUND_UNKNOWN &&
	       (b->state & ~(int64_t)BOUND_OF_SERVERS) <= BOUND_SYNCHRONISED &&
	       ts_valid(b->at.ns) && ts_valid(b->shown) && b->rate >= -BOUND_WHOLE / 2 &&
	       b->rate <= BOUND_WHOLE / 2 && b->max_error >= 0 && b->max_error <= WIDEST &&
	       is_share(b->growth) && is_share(b->slew) && is_soon(b->at, b->slew_end) &&
	       is_soon(b->at, b->due) && is_soon(b->at, b->forgotten) &&
	       b->due.ns <= b->forgotten.ns;
}

const char *bound_state_name(enum bound_state state)
{
	switch (state) {
	case BOUND_UNKNOWN:
		return "unknown";
	case BOUND_HOLD_OVER:
		return "hold-over";
	case BOUND_SYNCHRONISED:
		return "synchronised";
	}
	return "unknown";
}
