#include "client/clock_watch.h"

#include <errno.h>

/* One measurement may be somebody else's step of the other clock. */
#define SURE 2

int clock_watch_begin(struct clock_watch *w, struct clock *clock)
{
	*w = (struct clock_watch){ .clock = clock };
	return clock_mark(clock, &w->mark);
}

int clock_watch_look(struct clock_watch *w, const struct follow_offset *measured)
{
	const int rc = clock_unchanged(w->clock, &w->mark);

	if (rc != 0 || !measured || !w->stepped) {
		return rc;
	}
	if (follow_judge(&w->before, w->step, measured) != FOLLOW_ALONG) {
		w->stepped = false;
		return 0;
	}
	w->along++;
	return w->along >= SURE ? -ELOOP : 0;
}

void clock_watch_stepped(struct clock_watch *w, const struct follow_offset *measured, dur_ns step)
{
	w->stepped = true;
	w->before = *measured;
	w->step = step;
	w->along = 0;
}
