/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/references.h"

#include "core/arith.h"

/* --- which count ------------------------------------------------------------------------------ */

static unsigned needed_by(const struct reference_record *r)
{
	return r->needed == 0 ? REFERENCES_LEAST : r->needed;
}

/* A reference that comes and goes has to stay longer each time. */
static void go_away(struct reference_record *r)
{
	if (r->counts) {
		r->needed = (unsigned)arith_min(2 * (int64_t)needed_by(r), REFERENCES_MOST);
	}
	r->counts = false;
	r->present = 0;
}

static void stay(struct reference_record *r, bool at_once)
{
	const bool is_first = r->needed == 0;

	r->missed = 0;
	r->present++;
	r->counts = r->counts || (at_once && is_first) || r->present >= needed_by(r);
	if (r->present > REFERENCES_MOST) { /* it can be relied on again */
		r->needed = (unsigned)arith_max(needed_by(r) / 2, REFERENCES_LEAST);
		r->present = r->needed;
	}
}

static enum group_reference presence_of(struct reference_clock *c, bool at_once)
{
	struct reference_record *r = c->record;

	if (c->max_error < 0) {
		r->missed++;
		if (r->missed >= REFERENCES_MISSED) {
			go_away(r);
		}
		return GROUP_REFERENCE_ABSENT;
	}
	if (c->claim < 0) {
		go_away(r);
		return GROUP_REFERENCE_UNSYNCHRONISED;
	}
	stay(r, at_once);
	return r->counts ? GROUP_REFERENCE_FOLLOWED : GROUP_REFERENCE_NEW;
}

/* --- which agree ------------------------------------------------------------------------------ */

static enum group_reference reference_of(enum select_verdict verdict)
{
	switch (verdict) {
	case SELECT_TRUECHIMER:
		return GROUP_REFERENCE_FOLLOWED;
	case SELECT_AHEAD:
		return GROUP_REFERENCE_AHEAD;
	case SELECT_BEHIND:
		return GROUP_REFERENCE_BEHIND;
	case SELECT_NO_MAJORITY:
	case SELECT_UNUSABLE:
		break;
	}
	return GROUP_REFERENCE_NO_MAJORITY;
}

/* A reference that was not measured this time has no vote, but counts for the majority. */
static struct select_candidate candidate_of(const struct reference_clock *c)
{
	return (struct select_candidate){
		.offset = c->offset,
		.max_error = c->max_error < 0 ? -1 : arith_add(c->max_error, c->claim),
	};
}

void references_select(struct references_result *out, struct reference_clock *clocks, size_t n,
		       bool at_once)
{
	struct select_candidate candidates[SELECT_MAX];
	struct reference_clock *of[SELECT_MAX];
	struct select_result result;
	size_t count = 0;
	bool agreed;

	for (size_t i = 0; i < n; i++) {
		struct reference_clock *c = &clocks[i];

		c->verdict = presence_of(c, at_once);
		if (c->record->counts) {
			of[count] = c;
			candidates[count++] = candidate_of(c);
		}
	}
	agreed = count > 0 && select_combine(&result, candidates, count) == 0;
	*out = (struct references_result){ .agreed = agreed };
	if (agreed) {
		out->offset = result.offset;
		out->max_error = result.max_error;
	}
	for (size_t i = 0; i < count; i++) {
		if (of[i]->verdict == GROUP_REFERENCE_FOLLOWED) {
			of[i]->verdict = reference_of(result.verdict[i]);
		}
	}
}

/* --- whether they are followed ---------------------------------------------------------------- */

static void replace(struct reference_clock *clocks, size_t n, enum group_reference by)
{
	for (size_t i = 0; i < n; i++) {
		if (clocks[i].verdict == GROUP_REFERENCE_FOLLOWED) {
			clocks[i].verdict = by;
		}
	}
}

void references_refuse(struct references_result *result, struct reference_clock *clocks, size_t n)
{
	result->agreed = false;
	replace(clocks, n, GROUP_REFERENCE_TOO_LARGE);
}

void references_conclude(struct references *r, const struct references_result *result,
			 struct reference_clock *clocks, size_t n, bool at_once)
{
	r->against = result->agreed == r->follows ? 0 : r->against + 1;
	if (r->against >= REFERENCES_CHANGE || (result->agreed && at_once)) {
		r->follows = result->agreed;
		r->against = 0;
	}
	if (!r->follows) {
		replace(clocks, n, GROUP_REFERENCE_NEW);
	}
}

const char *references_text(enum group_reference verdict)
{
	static const char *const texts[GROUP_REFERENCES] = {
		[GROUP_REFERENCE_NONE] = "none",
		[GROUP_REFERENCE_FOLLOWED] = "followed",
		[GROUP_REFERENCE_UNSYNCHRONISED] = "not synchronised",
		[GROUP_REFERENCE_ABSENT] = "not measured",
		[GROUP_REFERENCE_NEW] = "not there for long enough",
		[GROUP_REFERENCE_AHEAD] = "ahead of most references",
		[GROUP_REFERENCE_BEHIND] = "behind most references",
		[GROUP_REFERENCE_NO_MAJORITY] = "not in agreement with a majority of references",
		[GROUP_REFERENCE_TOO_LARGE] = "further away than --max-correction",
		[GROUP_REFERENCE_TOO_MANY] = "one too many",
	};

	return (size_t)verdict < GROUP_REFERENCES ? texts[verdict] : "unknown";
}
