/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/summary.h"

#include <string.h>

#include "core/arith.h"
#include "core/quantile.h"

ts_ns summary_time(const struct summary_poll *p)
{
	return p->steered && p->action == DISCIPLINE_STEP ? p->at + p->correction : p->at;
}

/* How long after `a` the poll `b` was. A clock that somebody set back does not tell. */
static dur_ns between(const struct summary_poll *a, const struct summary_poll *b)
{
	const dur_ns d = summary_time(b) - summary_time(a);

	return d > 0 ? d : 0;
}

/* The one of greater size; `a` if there is none. */
static dur_ns larger(dur_ns a, dur_ns b)
{
	return arith_magnitude(b) > arith_magnitude(a) ? b : a;
}

/* --- runs, and when the clock had converged --- */

static bool is_starting(const struct summary_poll *p)
{
	return p->steered && p->phase == DISCIPLINE_STARTING;
}

static bool begins_run(const struct summary_poll *polls, size_t i)
{
	const struct summary_poll *p = &polls[i];

	if (i == 0 || p->steered != polls[i - 1].steered) {
		return true;
	}
	return !is_starting(&polls[i - 1]) &&
	       (is_starting(p) || (p->steered && p->event == DISCIPLINE_FIRST));
}

static bool restarts(const struct summary_poll *p)
{
	return p->steered && p->measured && p->event == DISCIPLINE_RESTART;
}

static bool is_used(const struct summary_poll *p)
{
	return p->measured && !(p->steered && p->event == DISCIPLINE_CONTRADICTION);
}

static bool is_as_good_as_right(const struct summary_poll *p)
{
	const dur_ns most = arith_add(p->max_error, SUMMARY_RESOLUTION);

	return p->offset <= most && p->offset >= -most;
}

/* The polls from one start to the next. */
static void judge_stretch(struct summary *s, struct summary_poll *polls, size_t n)
{
	size_t in_a_row = 0, first = 0; /* that many, from this one on */
	bool converged = false;

	for (size_t i = 0; i < n; i++) {
		polls[i].part = is_used(&polls[i]) ? SUMMARY_BEFORE : SUMMARY_UNUSED;
		if (converged || polls[i].part == SUMMARY_UNUSED) {
			continue;
		}
		first = in_a_row == 0 ? i : first;
		in_a_row = is_as_good_as_right(&polls[i]) ? in_a_row + 1 : 0;
		converged = in_a_row == SUMMARY_CONVERGED;
	}
	if (!converged) {
		return;
	}
	for (size_t i = first; i < n; i++) {
		polls[i].part = polls[i].part == SUMMARY_UNUSED ? SUMMARY_UNUSED : SUMMARY_SINCE;
	}
	if (s->converged == 0 || between(&polls[0], &polls[first]) > s->slowest) {
		s->slowest = between(&polls[0], &polls[first]);
		s->slowest_polls = first + 1;
	}
	s->converged++;
}

static void judge(struct summary *s, struct summary_poll *polls, size_t n)
{
	size_t start = 0;

	for (size_t i = 0; i < n; i++) {
		const bool run = begins_run(polls, i), restart = !run && restarts(&polls[i]);

		s->runs += run;
		s->restarts += restart;
		if (i > 0 && (run || restart)) {
			judge_stretch(s, polls + start, i - start);
			start = i;
		}
	}
	judge_stretch(s, polls + start, n - start);
}

/* --- offsets, bounds and delays --- */

static int64_t offset_of(const struct summary_poll *p)
{
	return p->offset;
}

static int64_t bound_of(const struct summary_poll *p)
{
	return p->max_error;
}

static int64_t delay_of(const struct summary_poll *p)
{
	return p->delay;
}

/* One figure of all polls of a part, sorted. How many they are. */
static size_t collect(int64_t *sorted, const struct summary_poll *polls, size_t n,
		      enum summary_part part, int64_t (*of)(const struct summary_poll *))
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (polls[i].part == part) {
			sorted[count++] = of(&polls[i]);
		}
	}
	quantile_sort(sorted, count);
	return count;
}

static void spread(struct summary_spread *out, const struct summary_poll *polls, size_t n,
		   enum summary_part part, int64_t *scratch)
{
	out->polls = collect(scratch, polls, n, part, offset_of);
	if (out->polls == 0) {
		return;
	}
	out->offset_p5 = quantile_of(scratch, out->polls, 5);
	out->offset_p50 = quantile_of(scratch, out->polls, 50);
	out->offset_p95 = quantile_of(scratch, out->polls, 95);
	out->offset_furthest = larger(scratch[0], scratch[out->polls - 1]);
	collect(scratch, polls, n, part, bound_of);
	out->bound_p50 = quantile_of(scratch, out->polls, 50);
	out->bound_most = scratch[out->polls - 1];
	collect(scratch, polls, n, part, delay_of);
	out->delay_least = scratch[0];
	out->delay_p50 = quantile_of(scratch, out->polls, 50);
}

/* --- counts, poll by poll --- */

static void count_poll(struct summary *s, const struct summary_poll *p)
{
	const ts_ns at = summary_time(p);

	s->begin = s->polls == 0 || at < s->begin ? at : s->begin;
	s->end = at > s->end ? at : s->end;
	s->polls++;
	if (p->measured) {
		s->measured += is_used(p);
		s->contradictions += !is_used(p);
	} else {
		s->discordant += p->answered;
		s->unanswered += !p->answered;
	}
}

static void count_correction(struct summary *s, const struct summary_poll *p)
{
	s->steered++;
	switch (p->action) {
	case DISCIPLINE_STEP:
		s->steps++;
		s->largest_step = larger(s->largest_step, p->correction);
		break;
	case DISCIPLINE_SLEW:
		s->slews++;
		s->largest_slew = larger(s->largest_slew, p->correction);
		break;
	case DISCIPLINE_REFUSE:
		s->refused++;
		break;
	case DISCIPLINE_FAILED:
		s->failed++;
		break;
	case DISCIPLINE_NONE:
		break;
	}
}

/* The time in between belongs to the poll before it, unless a run ends there. */
static void count_correcting(struct summary *s, const struct summary_poll *polls, size_t i,
			     size_t n)
{
	const struct summary_poll *p = &polls[i];

	if (p->phase != DISCIPLINE_CORRECTING) {
		return;
	}
	s->correcting++;
	s->furthest = larger(s->furthest, p->estimate);
	if (i + 1 < n && !begins_run(polls, i + 1)) {
		s->corrected_in = arith_add(s->corrected_in, between(p, &polls[i + 1]));
	}
}

static void take_rate(struct summary *s, const struct summary_poll *p)
{
	if (p->part != SUMMARY_SINCE) {
		return;
	}
	s->rate_least = s->rate_known && s->rate_least < p->rate_ppb ? s->rate_least : p->rate_ppb;
	s->rate_most = s->rate_known && s->rate_most > p->rate_ppb ? s->rate_most : p->rate_ppb;
	s->rate_last = p->rate_ppb;
	s->rate_known = true;
}

/* --- hold-over --- */

static bool holds(const struct summary_poll *p)
{
	return p->steered && p->phase == DISCIPLINE_HOLDING_OVER;
}

/* A hold-over that begins at poll `i`. Where it ends: at the first poll that is none of it. */
static size_t hold_over(struct summary *s, const struct summary_poll *polls, size_t i, size_t n)
{
	const size_t from = i > 0 && !begins_run(polls, i) ? i - 1 : i;
	dur_ns took;

	s->holdovers++;
	while (i < n && holds(&polls[i]) && (i == from || !begins_run(polls, i))) {
		s->held_error = polls[i].estimate_error > s->held_error ? polls[i].estimate_error
									: s->held_error;
		s->held_polls++;
		i++;
	}
	s->holding = i == n;
	took = between(&polls[from], &polls[i == n || begins_run(polls, i) ? i - 1 : i]);
	s->held = arith_add(s->held, took);
	s->held_longest = took > s->held_longest ? took : s->held_longest;
	return i;
}

void summary_make(struct summary *out, struct summary_poll *polls, size_t n, int64_t *scratch)
{
	memset(out, 0, sizeof(*out));
	judge(out, polls, n);
	spread(&out->before, polls, n, SUMMARY_BEFORE, scratch);
	spread(&out->since, polls, n, SUMMARY_SINCE, scratch);
	for (size_t i = 0; i < n; i++) {
		count_poll(out, &polls[i]);
		if (polls[i].steered) {
			count_correction(out, &polls[i]);
			count_correcting(out, polls, i, n);
			take_rate(out, &polls[i]);
		}
	}
	for (size_t i = 0; i < n;) {
		i = holds(&polls[i]) ? hold_over(out, polls, i, n) : i + 1;
	}
}
