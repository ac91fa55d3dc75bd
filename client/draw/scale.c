/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/draw/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client/draw/axis.h"
#include "core/arith.h"
#include "core/quantile.h"

/* The largest value that many times as large as the median, and more, flattens all others. */
#define FLATTENS 30

/* A size below this is no reason for a logarithm. */
#define SMALL 100.0

/* The decades that are labelled on either side, at most. */
#define LABELS 6

static const struct unit {
	double ns;
	const char *name;
} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" } };

static const struct unit *unit_for(double size)
{
	size_t i = 0;

	while (units[i].ns > 1 && size < units[i].ns) {
		i++;
	}
	return &units[i];
}

double scale_place(const struct scale *s, dur_ns value)
{
	const double v = (double)value;

	return s->is_log ? copysign(log10(1 + fabs(v) / s->unit), v) : v / s->unit;
}

static void add_tick(struct scale *s, const char *sign, double size)
{
	const struct unit *u = unit_for(size);
	const size_t used = strlen(s->ticks);
	const double at = log10(1 + size / s->unit);

	snprintf(s->ticks + used, sizeof(s->ticks) - used, ", \"%s%g %s\" %s%.6f", sign,
		 size / u->ns, u->name, sign, at);
}

/* Whether the tick of that size would stand too close to the one of zero. */
static bool is_close(const struct scale *s, double size, double most)
{
	return log10(1 + size / s->unit) < 0.12 * log10(1 + most / s->unit);
}

/* Zero, and round sizes of either sign: so many decades apart that the labels have room. */
static void choose_ticks(struct scale *s, double most)
{
	const int decades = (int)ceil(log10(most / s->unit));
	const int step = decades > LABELS ? (decades + LABELS - 1) / LABELS : 1;

	snprintf(s->ticks, sizeof(s->ticks), "(\"0\" 0");
	for (int k = decades; k >= 0 && !is_close(s, s->unit * pow(10, k), most); k -= step) {
		add_tick(s, "", s->unit * pow(10, k));
		add_tick(s, "-", s->unit * pow(10, k));
	}
	strncat(s->ticks, ")", sizeof(s->ticks) - strlen(s->ticks) - 1);
}

static void place_ends(struct scale *s, int64_t low, int64_t high)
{
	s->low = scale_place(s, low);
	s->high = scale_place(s, high);
}

/* At most five ticks of a linear scale, for values from `low` to `high`. */
static void choose_step(struct scale *s, int64_t low, int64_t high)
{
	const struct axis a = axis_make(low, high, 100, 20);

	snprintf(s->ticks, sizeof(s->ticks), "%g", (double)a.step / s->unit);
}

void scale_make_linear(struct scale *s, int64_t low, int64_t high, double unit, const char *name)
{
	*s = (struct scale){ .unit = unit, .unit_name = name };
	place_ends(s, low, high);
	choose_step(s, low, high);
}

/* Of the range, at either end. */
#define ROOM 0.05

struct scale_range scale_range(const struct scale *s)
{
	const double room = ROOM * (s->high - s->low);

	if (s->high <= s->low) {
		return (struct scale_range){ s->low - 1, s->low + 1 };
	}
	return (struct scale_range){ s->low - (s->low == 0 ? 0 : room), s->high + room };
}

void scale_make(struct scale *s, int64_t *values, size_t n, bool may_be_log)
{
	double median = 0, most = 0, small;
	int64_t low = n > 0 ? values[0] : 0, high = low;
	const struct unit *unit;

	for (size_t i = 0; i < n; i++) {
		low = arith_min(low, values[i]);
		high = arith_max(high, values[i]);
		values[i] = arith_abs(values[i]);
	}
	quantile_sort(values, n);
	if (n > 0) {
		median = (double)quantile_of(values, n, 50);
		most = (double)values[n - 1];
	}
	*s = (struct scale){ .is_log = may_be_log && most > FLATTENS * fmax(median, SMALL) };
	if (s->is_log) {
		small = fmax(fmax((double)quantile_of(values, n, 25), most * 1e-8), SMALL);
		s->unit = pow(10, floor(log10(small)));
		place_ends(s, low, high);
		choose_ticks(s, most);
	} else {
		unit = unit_for(most);
		scale_make_linear(s, low, high, unit->ns, unit->name);
	}
}

const char *scale_label(const struct scale *s, const char *of, char buf[SCALE_LABEL_MAX])
{
	if (s->is_log) {
		snprintf(buf, SCALE_LABEL_MAX, "%s, logarithmic", of);
	} else {
		snprintf(buf, SCALE_LABEL_MAX, "%s (%s)", of, s->unit_name);
	}
	return buf;
}
