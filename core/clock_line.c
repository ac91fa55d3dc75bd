/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/clock_line.h"

#include "core/arith.h"
#include "core/drift_limits.h"

#define PPB 1000000000

/* In how many ns 1 ns of a slew is done. */
#define SLEW_NS_PER_NS (PPB / DRIFT_SLEW_PPB)

/*
 * How far a clock of that rate runs. The product does not fit and is taken in two parts: with
 * |dt| < 2^62 and |rate| <= 2 * 10^8 ppb, |dt / PPB * rate| stays below 2^60.
 */
static dur_ns run(dur_ns dt, int64_t rate)
{
	return dt + dt / PPB * rate + dt % PPB * rate / PPB;
}

/* How far the clock runs, without the slew by amount, until `real`. */
static dur_ns elapsed_until(const struct clock_line *line, ts_ns real)
{
	const dur_ns dt = arith_between(real, 0, TS_LIMIT - 1) - line->base_real;
	const dur_ns most = line->slew_ppb == 0 ? 0 : line->slew_until - line->base_real;
	const dur_ns slewing = arith_between(dt, 0, arith_max(most, 0));
	const int64_t rate = line->drift_ppb + line->frequency_ppb;

	return run(slewing, rate + line->slew_ppb) + run(dt - slewing, rate);
}

/*
 * How much of a slew is done. It goes by the elapsed time and not by dt, so that a slew and a
 * drift, each rounded, can never both lose a nanosecond at once and turn the clock back.
 */
static dur_ns slewed(dur_ns amount, dur_ns elapsed)
{
	dur_ns most = elapsed > 0 ? elapsed / SLEW_NS_PER_NS : 0;

	return arith_clamp(amount, most);
}

bool clock_line_valid(const struct clock_line *line)
{
	return ts_valid(line->base_real) && ts_valid(line->base_value) &&
	       line->drift_ppb >= -DRIFT_NAMED_PPB && line->drift_ppb <= DRIFT_NAMED_PPB &&
	       line->frequency_ppb >= -DRIFT_CORRECTABLE_PPB &&
	       line->frequency_ppb <= DRIFT_CORRECTABLE_PPB &&
	       line->slew_ppb >= -DRIFT_CORRECTABLE_PPB - line->frequency_ppb &&
	       line->slew_ppb <= DRIFT_CORRECTABLE_PPB - line->frequency_ppb &&
	       ts_valid(line->slew_until) && line->slew_left > -TS_LIMIT &&
	       line->slew_left < TS_LIMIT;
}

ts_ns clock_line_reading(const struct clock_line *line, ts_ns real)
{
	dur_ns elapsed = elapsed_until(line, real);
	dur_ns moved = elapsed + slewed(line->slew_left, elapsed);

	/* base_value + moved may not fit: compare before adding. */
	if (moved >= TS_LIMIT - line->base_value) {
		return TS_LIMIT - 1;
	}
	return moved < -line->base_value ? 0 : line->base_value + moved;
}

int64_t clock_line_slew(const struct clock_line *line, ts_ns real)
{
	return real < line->slew_until ? line->slew_ppb : 0;
}

dur_ns clock_line_slew_left(const struct clock_line *line, ts_ns real)
{
	return line->slew_left - slewed(line->slew_left, elapsed_until(line, real));
}

struct clock_line clock_line_rebase(const struct clock_line *line, ts_ns real)
{
	const int64_t slew_ppb = clock_line_slew(line, real);

	return (struct clock_line){
		.base_real = arith_between(real, 0, TS_LIMIT - 1),
		.base_value = clock_line_reading(line, real),
		.drift_ppb = line->drift_ppb,
		.frequency_ppb = line->frequency_ppb,
		.slew_ppb = slew_ppb,
		.slew_until = slew_ppb != 0 ? line->slew_until : 0,
		.slew_left = clock_line_slew_left(line, real),
	};
}
