/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/source.h"

#include "core/arith.h"
#include "core/drift.h"
#include "core/drift_limits.h"

/* The group steps to references only after they have been too far away for a turn for a while. */
#define FAR_CYCLES 8

/* One reference is not mentioned in the log more often. */
#define SAY_EVERY (60 * NS_PER_SEC)

void source_begin_term(struct source *s, const struct agent_context *c)
{
	s->has_begun = false;
	s->references = (struct references){ .follows = false };
	s->far = 0;
	approach_forget(&s->approach);
	for (size_t i = 0; i < c->members->n; i++) {
		c->members->member[i].record = (struct reference_record){ .counts = false };
	}
}

bool source_follows(const struct source *s)
{
	return s->references.follows;
}

/* --- what the members say --------------------------------------------------------------------- */

/* A member whose clock is the group's to correct has answered. */
static bool is_own(const struct group_member *m)
{
	return m->poll.answered && !m->poll.report.reference;
}

static bool takes_part(const struct agent_context *c, const struct group_member *m)
{
	return m->id == c->self || context_is_member(c, m->id);
}

static bool is_cold(const struct agent_context *c)
{
	for (size_t i = 0; i < c->members->n; i++) {
		const struct group_member *m = &c->members->member[i];

		if (is_own(m) && !m->poll.report.unsettled) {
			return false;
		}
	}
	return true;
}

/* More than half of those that are settled. */
static bool most(const struct agent_context *c, bool says(const struct group_report *r))
{
	size_t settled = 0, yes = 0;

	for (size_t i = 0; i < c->members->n; i++) {
		const struct group_member *m = &c->members->member[i];

		if (is_own(m) && !m->poll.report.unsettled) {
			settled++;
			yes += says(&m->poll.report);
		}
	}
	return 2 * yes > settled;
}

static bool follows(const struct group_report *r)
{
	return r->follows;
}

static bool has_learned(const struct group_report *r)
{
	return r->learned;
}

/* --- selecting -------------------------------------------------------------------------------- */

static void collect(struct source *s, const struct agent_context *c)
{
	s->n = 0;
	for (size_t i = 0; i < c->members->n; i++) {
		struct group_member *m = &c->members->member[i];

		m->is_reference = m->poll.answered ? m->poll.report.reference : m->is_reference;
		if (!m->is_reference || !takes_part(c, m)) {
			continue;
		}
		if (s->n == SELECT_MAX) {
			m->poll.reference = GROUP_REFERENCE_TOO_MANY;
			continue;
		}
		s->of[s->n] = m->id;
		s->clocks[s->n++] = (struct reference_clock){
			.offset = m->poll.offset,
			.max_error = m->poll.answered ? group_poll_error(&m->poll) : -1,
			.claim = m->poll.report.max_error,
			.record = &m->record,
		};
	}
}

void source_select(struct source *s, const struct agent_context *c)
{
	bool goes_on = false;

	s->cold = is_cold(c);
	if (!s->has_begun) { /* what another leader has decided goes on */
		goes_on = most(c, follows);
		s->references.follows = goes_on;
		s->has_begun = true;
	}
	collect(s, c);
	references_select(&s->result, s->clocks, s->n, s->cold || goes_on);
}

/* --- concluding ------------------------------------------------------------------------------- */

static void say_references(const struct source *s, const struct agent_context *c)
{
	for (size_t i = 0; i < s->n; i++) {
		struct group_member *m = group_members_known(c->members, s->of[i]);
		const enum group_reference verdict = s->clocks[i].verdict;
		struct agent_note *note;

		m->poll.reference = verdict;
		if (verdict == m->said_reference || verdict == GROUP_REFERENCE_ABSENT ||
		    !seldom_is_due(&m->said_reference_at, c->now, SAY_EVERY)) {
			continue;
		}
		m->said_reference = verdict;
		note = effects_note(c->out, AGENT_NOTE_REFERENCE);
		note->at = m->at;
		note->number = verdict;
	}
}

static bool is_farther(dur_ns distance, dur_ns limit)
{
	return limit > 0 && arith_abs(distance) > limit;
}

static int64_t approach(struct source *s, const struct agent_context *c, dur_ns distance,
			int64_t rate)
{
	const dur_ns cycle = c->settings->cycle;

	if (s->straight) {
		approach_forget(&s->approach);
	} else if (!source_follows(s)) {
		approach_end(&s->approach, cycle);
	} else if (s->result.agreed) {
		return approach_measured(&s->approach, c->now, cycle, rate, distance,
					 most(c, has_learned));
	} else {
		approach_hold(&s->approach, c->now, cycle, rate);
	}
	return rate;
}

/* They are too far away for a turn: further than --reference-step. */
static void note_far(struct source *s, const struct agent_context *c, dur_ns distance)
{
	if (source_follows(s) && s->result.agreed &&
	    is_farther(distance, c->settings->reference_step)) {
		s->far += s->far < FAR_CYCLES;
	} else {
		s->far = 0;
	}
}

int64_t source_conclude(struct source *s, const struct agent_context *c,
			const struct berkeley_result *own, int64_t rate)
{
	const bool has_own = own->used > 0;
	const dur_ns distance = has_own ? arith_sub(s->result.offset, own->own) : 0;

	if (s->result.agreed && is_farther(distance, c->settings->max_correction)) {
		references_refuse(&s->result, s->clocks, s->n);
	}
	references_conclude(&s->references, &s->result, s->clocks, s->n, s->cold);
	note_far(s, c, distance);
	s->straight = s->result.agreed && (s->cold || s->far == FAR_CYCLES);
	say_references(s, c);
	return has_own ? approach(s, c, distance, rate) : rate;
}

/* --- telling ---------------------------------------------------------------------------------- */

/* The least error that follows from a member's claim; negative: no member claims any. */
static dur_ns claimed_error(const struct agent_context *c, dur_ns aim, int64_t *drift_ppb)
{
	dur_ns least = -1;

	for (size_t i = 0; i < c->members->n; i++) {
		const struct group_poll *p = &c->members->member[i].poll;

		if (is_own(&c->members->member[i]) && p->report.max_error >= 0) {
			const dur_ns error =
				arith_add(arith_add(p->report.max_error, group_poll_error(p)),
					  arith_distance(p->offset, aim));

			if (least < 0 || error < least) {
				least = error;
				*drift_ppb = p->report.drift_ppb;
			}
		}
	}
	return least;
}

void source_aim(struct source *s, const struct agent_context *c, dur_ns aim, int64_t rate,
		struct mono began)
{
	s->aim = aim;
	s->drift = drift_over(mono_since(c->now, began), DRIFT_SLEWS_PPB);
	s->drift_ppb = DRIFT_LIKELY_PPB;
	if (!source_follows(s) || !s->result.agreed) {
		s->aim_error = claimed_error(c, aim, &s->drift_ppb);
		return;
	}
	s->aim_error = arith_add(s->result.max_error, arith_distance(s->result.offset, aim));
	if (!s->straight) {
		s->drift_ppb = approach_drift(&s->approach, rate);
	}
}

/* Whether the member's own claim and the references contradict each other. */
static bool is_contradicted(const struct source *s, const struct group_poll *p, dur_ns measured)
{
	const dur_ns possible = arith_add(arith_add(arith_max(p->report.max_error, 0), measured),
					  s->result.max_error);

	return source_follows(s) && s->result.agreed &&
	       arith_distance(s->result.offset, p->offset) > possible;
}

struct group_time source_tell(const struct source *s, const struct group_poll *p)
{
	const dur_ns measured = arith_add(group_poll_error(p), s->drift);
	/* The correction sent may be less than the one needed. */
	const dur_ns left = arith_distance(arith_sub(s->aim, p->offset), p->correction);
	const dur_ns all = arith_add(arith_add(s->aim_error, measured), left);

	return (struct group_time){
		.by_reference = source_follows(s),
		.afresh = is_contradicted(s, p, measured),
		.drift_ppb = s->drift_ppb,
		.max_error = s->aim_error < 0 ? GROUP_UNKNOWN_ERROR : arith_min(all, TS_LIMIT - 1),
	};
}
