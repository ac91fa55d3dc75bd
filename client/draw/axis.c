/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/draw/axis.h"

#include "core/arith.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

/*
 * From a step to the next one of 1, 2, 5, 10 it is a factor of 2.5 at most. So the least step that
 * makes at most five ticks still makes two, which an axis needs to tell its scale.
 */
#define MIN_MAX_TICKS 5

#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* The least step that makes no more than `max` ticks: 1, 2, 5, 10, ... times `least`. */
static dur_ns step_of(dur_ns range, unsigned max, dur_ns least)
{
	static const dur_ns factors[] = { 1, 2, 5 };

	for (dur_ns power = least;; power *= 10) {
		for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
			if (range / (power * factors[i]) < max) {
				return power * factors[i];
			}
		}
	}
}

/* The same for times. Here too the factor is nowhere more than 2.5. */
static dur_ns time_step_of(dur_ns range, unsigned max)
{
	static const dur_ns steps[] = {
		1 * NS_PER_SEC,  2 * NS_PER_SEC, 5 * NS_PER_SEC, 10 * NS_PER_SEC, 20 * NS_PER_SEC,
		30 * NS_PER_SEC, 1 * MINUTE,     2 * MINUTE,     5 * MINUTE,      10 * MINUTE,
		20 * MINUTE,     30 * MINUTE,    1 * HOUR,       2 * HOUR,        3 * HOUR,
		6 * HOUR,        12 * HOUR,
	};
	const dur_ns decimal = step_of(range, max, 1);

	if (decimal < NS_PER_SEC) {
		return decimal;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (range / steps[i] < max) {
			return steps[i];
		}
	}
	return step_of(range, max, DAY);
}

/* The largest unit of clocks and calendars that a step is a multiple of. False: of none. */
static bool choose_time_unit(struct axis *a)
{
	static const struct {
		dur_ns ns;
		const char *name;
	} units[] = { { DAY, "d" }, { HOUR, "h" }, { MINUTE, "min" }, { NS_PER_SEC, "s" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (a->step % units[i].ns == 0) {
			a->unit = units[i].ns;
			a->unit_name = units[i].name;
			return true;
		}
	}
	return false;
}

static void choose_unit(struct axis *a)
{
	static const struct {
		dur_ns ns;
		const char *name;
	} units[] = { { NS_PER_SEC, "s" }, { NS_PER_MS, "ms" }, { NS_PER_US, "us" }, { 1, "ns" } };
	const dur_ns largest = a->high > -a->low ? a->high : -a->low;
	size_t i = 0;

	while (units[i].ns > 1 && largest < units[i].ns) {
		i++;
	}
	a->unit = units[i].ns;
	a->unit_name = units[i].name;
	for (dur_ns digit = a->unit; digit > a->step; digit /= 10) {
		a->decimals++;
	}
}

/* Without steps and a unit. */
static struct axis axis_of(dur_ns low, dur_ns high, unsigned cells)
{
	return (struct axis){ .low = low, .high = high > low ? high : low + 1, .cells = cells };
}

static unsigned max_ticks(unsigned cells, unsigned cells_a_tick)
{
	return cells / cells_a_tick < MIN_MAX_TICKS ? MIN_MAX_TICKS : cells / cells_a_tick;
}

struct axis axis_make(dur_ns low, dur_ns high, unsigned cells, unsigned cells_a_tick)
{
	struct axis a = axis_of(low, high, cells);

	a.step = step_of(a.high - a.low, max_ticks(cells, cells_a_tick), 1);
	choose_unit(&a);
	return a;
}

struct axis axis_make_times(dur_ns low, dur_ns high, unsigned cells, unsigned cells_a_tick)
{
	struct axis a = axis_of(low, high, cells);

	a.step = time_step_of(a.high - a.low, max_ticks(cells, cells_a_tick));
	if (!choose_time_unit(&a)) {
		choose_unit(&a);
	}
	return a;
}

bool axis_next_tick(const struct axis *a, dur_ns *tick)
{
	if (*tick > 0 && *tick > INT64_MAX - a->step) {
		return false;
	}
	*tick += a->step;
	return *tick <= a->high;
}

bool axis_first_tick(const struct axis *a, dur_ns *tick)
{
	*tick = a->low / a->step * a->step;
	return *tick < a->low ? axis_next_tick(a, tick) : *tick <= a->high;
}

unsigned axis_cell(const struct axis *a, dur_ns v)
{
	/* A drawing need not be exact, so a double will do. */
	const double part = (double)(v - a->low) / (double)(a->high - a->low);

	return (unsigned)(part * (a->cells - 1) + 0.5);
}

const char *axis_label(const struct axis *a, dur_ns tick, char buf[AXIS_LABEL_MAX])
{
	const dur_ns v = arith_abs(tick);
	char fraction[24]; /* all nine digits of it */

	snprintf(fraction, sizeof(fraction), "%09" PRId64, v % a->unit * (NS_PER_SEC / a->unit));
	snprintf(buf, AXIS_LABEL_MAX, "%" PRId64 "%s%.*s %s", v / a->unit,
		 a->decimals > 0 ? "." : "", a->decimals, fraction, a->unit_name);
	return buf;
}
