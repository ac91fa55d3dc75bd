/* SPDX-License-Identifier: BSD-3-Clause */
#include "exporter/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "exporter/families.h"
#include "exporter/series.h"

static bool tells(const struct watched *d, enum family_of of)
{
	const struct tracking *t = &d->tracked.tracking;

	switch (of) {
	case OF_ALL:
		return true;
	case OF_SERVERS:
		return d->rc == 0;
	case OF_TRACKERS:
		return d->tracking_rc == 0;
	case OF_POLLED:
		return d->tracking_rc == 0 && t->polls > 0;
	case OF_MEASURED:
		return d->tracking_rc == 0 && t->polls > 0 && t->measured != 0;
	case OF_GROUPS:
		return d->group_rc == 0 || (d->rc == 0 && d->group_rc != -ENOENT);
	case OF_MEMBERS:
		return d->group_rc == 0;
	}
	return false;
}

static void put_families(FILE *out, const struct watch *w, const struct family *families)
{
	for (const struct family *f = families; f->name; f++) {
		series_head(out, f->name, f->type, f->help);
		for (size_t k = 0; k < w->n; k++) {
			if (tells(&w->daemons[k], f->of)) {
				f->put(out, f->name, &w->daemons[k]);
			}
		}
	}
}

static void put_clock_value(FILE *out, const struct watch *w, const char *name, const char *help,
			    dur_ns value)
{
	series_head(out, name, "gauge", help);
	if (w->clock_rc == 0 && w->state != BOUND_UNKNOWN) {
		series_begin(out, name, "clock", w->clock);
		series_billionths(out, value);
	}
}

static void put_clock(FILE *out, const struct watch *w)
{
	static const char published[] = "timesync_clock_published",
			  state[] = "timesync_clock_state";

	series_head(out, published, "gauge", "1 if the bound of the clock has been published.");
	series_begin(out, published, "clock", w->clock);
	series_count(out, w->clock_rc == 0);
	series_head(out, state, "gauge", "1 for the present state of the clock.");
	for (int i = BOUND_UNKNOWN; i <= BOUND_SYNCHRONISED; i++) {
		const enum bound_state here = w->clock_rc == 0 ? w->state : BOUND_UNKNOWN;

		series_begin(out, state, "clock", w->clock);
		series_label(out, "state", bound_state_name((enum bound_state)i));
		series_count(out, (int)here == i);
	}
	put_clock_value(out, w, "timesync_clock_error_bound_seconds",
			"The maximum error of the clock.", w->error);
	put_clock_value(out, w, "timesync_clock_ahead_seconds",
			"How far the clock is ahead of the middle of its interval.", w->ahead);
}

static void put_info(FILE *out)
{
	static const char name[] = "timesync_exporter_info";

	series_head(out, name, "gauge", "The version of timesync-exporter.");
	series_begin(out, name, "version", TIMESYNC_VERSION);
	series_count(out, 1);
}

char *metrics_text(const struct watch *w, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);
	bool good;

	if (!out) {
		return NULL;
	}
	put_info(out);
	put_families(out, w, server_families);
	put_families(out, w, tracker_families);
	put_families(out, w, group_families);
	put_clock(out, w);
	good = ferror(out) == 0;
	if (fclose(out) != 0 || !good) {
		free(text);
		return NULL;
	}
	return text;
}
