#include "client/diagnosis_private.h"
#include "client/words.h"

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

static void judge_quality(struct diagnosis *d, const struct clock_quality *q)
{
	char error[WORDS_MAX];
	struct diagnosis_check *c;

	if (!q->synchronised) {
		c = diagnosis_add(d, "clock", DIAGNOSIS_WARNING,
				  "nothing synchronises the server's clock: how far it is from UTC "
				  "is unknown");
		diagnosis_advise(c, "Run chronyd there, unless its clock is meant to be the "
				    "reference, as that of a clock file is.");
		return;
	}
	words_bound(q->max_error, error);
	if (q->max_error > FAR_FROM_UTC) {
		c = diagnosis_add(d, "clock", DIAGNOSIS_WARNING,
				  "the server's clock is synchronised, but only within %s of UTC "
				  "by its own account%s",
				  error, leap_text(q->leap));
		diagnosis_advise(c, "See what synchronises it, for example with 'chronyc tracking' "
				    "there.");
	} else {
		diagnosis_add(d, "clock", DIAGNOSIS_OK,
			      "the server's clock is synchronised, within %s of UTC by its own "
			      "account%s",
			      error, leap_text(q->leap));
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
	bool answered = false;
	struct diagnosis_check *c;

	for (size_t i = 0; i < f->n; i++) {
		if (f->endpoints[i].quality_known) {
			judge_quality(d, &f->endpoints[i].quality);
			judge_steps(d, f);
			return;
		}
		answered |= diagnosis_server_answers(&f->endpoints[i]);
	}
	if (answered) {
		c = diagnosis_add(d, "clock", DIAGNOSIS_WARNING,
				  "the server did not say how good its clock is");
		diagnosis_advise(c, "Ask again, and if packets are lost see to that first.");
	}
}
