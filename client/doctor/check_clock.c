/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/doctor/checks.h"
#include "print/words.h"

/* Farther from UTC than this is too far for what people want synchronised clocks for. */
#define FAR_FROM_UTC (100 * NS_PER_MS)

static const char *leap_text(enum clock_leap leap)
{
	switch (leap) {
	case CLOCK_LEAP_INSERT:
		return "; a leap second is inserted at the end of this UTC day";
	case CLOCK_LEAP_DELETE:
		return "; a leap second is left out at the end of this UTC day";
	case CLOCK_LEAP_IN_PROGRESS:
		return "; it is in the middle of a leap second";
	case CLOCK_LEAP_NONE:
	case CLOCK_LEAP_UNKNOWN:
		break;
	}
	return "";
}

/* Where a group's member answers on the server's host, or null. */
static const struct address *group_of(const struct diagnosis_facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->endpoints[i].group.len > 0) {
			return &f->endpoints[i].group;
		}
	}
	return NULL;
}

/* Of a group the clock's own account is of the group's time, and that of a file says nothing. */
static void judge_member(struct diagnosis *d, const struct clock_quality *q,
			 const struct address *group)
{
	char error[WORDS_MAX], at[ADDRESS_TEXT_MAX];
	struct diagnosis_check *c;

	address_text(group, at);
	if (q->synchronised) {
		diagnosis_add(d, "clock", DIAGNOSIS_OK,
			      "a group cares for the server's clock, and its member at %s has it "
			      "within %s of the group's time%s",
			      at, words_bound(q->max_error, error), leap_text(q->leap));
		return;
	}
	c = diagnosis_add(d, "clock", DIAGNOSIS_WARNING,
			  "the server's host is a member of a group, at %s, but its clock is not "
			  "marked as synchronised: it is a clock file, which has no mark, or the "
			  "group does not care for it now",
			  at);
	diagnosis_advise(c,
			 "See whether the group has a leader and when it has corrected the clock: "
			 "'timesync group status --at %s --key FILE'.",
			 at);
}

static void judge_quality(struct diagnosis *d, const struct clock_quality *q,
			  const struct address *group)
{
	char error[WORDS_MAX];
	struct diagnosis_check *c;

	if (group) {
		judge_member(d, q, group);
		return;
	}
	if (!q->synchronised) {
		c = diagnosis_add(d, "clock", DIAGNOSIS_WARNING,
				  "nothing synchronises the server's clock: how far it is from UTC "
				  "is unknown");
		diagnosis_advise(c,
				 "Run chronyd there. If its clock is the reference of a network "
				 "without UTC, start it with 'timesyncd --local DUR' to say so.");
		return;
	}
	words_bound(q->max_error, error);
	if (q->max_error > FAR_FROM_UTC) {
		c = diagnosis_add(d, "clock", DIAGNOSIS_WARNING,
				  "the server's clock is synchronised, but only within %s of UTC "
				  "(or of its network's reference) by its own account%s",
				  error, leap_text(q->leap));
		diagnosis_advise(c, "See what synchronises it, for example with 'chronyc tracking' "
				    "there.");
	} else {
		diagnosis_add(d, "clock", DIAGNOSIS_OK,
			      "the server's clock is synchronised, within %s of UTC (or of its "
			      "network's reference) by its own account%s",
			      error, leap_text(q->leap));
	}
}

/* Whether GET_TIME tells the time that the rounds tell. */
static void judge_agreement(struct diagnosis *d, const struct diagnosis_facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];
		char at[ADDRESS_TEXT_MAX], one[WORDS_MAX], other[WORDS_MAX];
		struct diagnosis_check *c;

		if (!e->quality_known || e->n == 0 || sample_check(&e->time) != SAMPLE_OK ||
		    !diagnosis_contradict(&e->time, diagnosis_best(e), f->max_drift_ppb)) {
			continue;
		}
		c = diagnosis_add(
			d, "clock", DIAGNOSIS_FAILURE,
			"%s over %s contradicts itself: by GET_TIME the local clock is %s, by "
			"GET_TIMESTAMPS %s, which is farther apart than their bounds allow",
			address_text(&e->at, at), diagnosis_transport(e),
			words_offset(sample_offset(&e->time), one),
			words_offset(sample_offset(diagnosis_best(e)), other));
		diagnosis_advise(c, "Ask again, as a clock may have been stepped meanwhile; else "
				    "that server is broken, and has to be mended.");
	}
}

static void judge_steps(struct diagnosis *d, const struct diagnosis_facts *f)
{
	unsigned stepped = 0;
	struct diagnosis_check *c;

	for (size_t i = 0; i < f->n; i++) {
		stepped += f->endpoints[i].stepped;
	}
	if (stepped > 0) {
		c = diagnosis_add(d, "clock", DIAGNOSIS_WARNING,
				  "one of the two clocks was stepped in the middle of %u probe%s",
				  stepped, stepped == 1 ? "" : "s");
		diagnosis_advise(c, "Let only one program on each machine set its clock.");
	}
}

void diagnosis_judge_clock(struct diagnosis *d, const struct diagnosis_facts *f)
{
	const char *why = NULL;
	struct diagnosis_check *c;

	judge_agreement(d, f);
	for (size_t i = 0; i < f->n; i++) {
		if (f->endpoints[i].quality_known) {
			judge_quality(d, &f->endpoints[i].quality, group_of(f));
			judge_steps(d, f);
			return;
		}
		if (diagnosis_server_answers(&f->endpoints[i]) && !why) {
			why = f->endpoints[i].time_why;
		}
	}
	if (why) {
		c = diagnosis_add(d, "clock", DIAGNOSIS_WARNING,
				  "the server did not say how good its clock is%s%.200s%s",
				  why[0] != '\0' ? " (GET_TIME: " : "", why,
				  why[0] != '\0' ? ")" : "");
		diagnosis_advise(c, "Ask again, and if packets are lost see to that first.");
	}
}
