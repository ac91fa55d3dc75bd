/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "core/arith.h"
#include "exporter/families.h"
#include "exporter/series.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The polls that a server's reach tells of. */
#define REACH_POLLS 8

/* --- the clock -------------------------------------------------------------------------------- */

static void put_count(FILE *out, const char *name, const struct watched *d, int64_t value)
{
	series_begin(out, name, "socket", d->socket);
	series_count(out, (uint64_t)arith_max(value, 0));
}

static void put_billionths(FILE *out, const char *name, const struct watched *d, int64_t value)
{
	series_begin(out, name, "socket", d->socket);
	series_billionths(out, value);
}

/* A bound, unless it is not known. */
static void put_bound(FILE *out, const char *name, const struct watched *d, dur_ns bound)
{
	if (bound != INT64_MAX) {
		put_billionths(out, name, d, bound);
	}
}

static void tracker_state(FILE *out, const char *name, const struct watched *d)
{
	static const char *const states[] = { "starting", "synchronised", "correcting",
					      "holding-over", "refused" };
	const struct tracking *t = &d->tracked.tracking;
	const char *here = t->polls > 0 ? t->phase : "starting";

	for (size_t i = 0; i < COUNT(states); i++) {
		series_begin(out, name, "socket", d->socket);
		series_label(out, "state", states[i]);
		series_count(out, strcmp(here, states[i]) == 0);
	}
}

static void tracker_polls(FILE *out, const char *name, const struct watched *d)
{
	put_count(out, name, d, d->tracked.tracking.polls);
}

static void tracker_age(FILE *out, const char *name, const struct watched *d)
{
	put_billionths(out, name, d, mono_since(d->tracked.now, d->tracked.tracking.at));
}

static void tracker_interval(FILE *out, const char *name, const struct watched *d)
{
	if (d->tracked.tracking.interval > 0) {
		put_billionths(out, name, d, d->tracked.tracking.interval);
	}
}

static void tracker_offset(FILE *out, const char *name, const struct watched *d)
{
	put_billionths(out, name, d, d->tracked.tracking.offset);
}

static void tracker_error(FILE *out, const char *name, const struct watched *d)
{
	put_bound(out, name, d, d->tracked.tracking.max_error);
}

static void tracker_reference_error(FILE *out, const char *name, const struct watched *d)
{
	put_bound(out, name, d, d->tracked.tracking.reference_error);
}

static void tracker_served_error(FILE *out, const char *name, const struct watched *d)
{
	if (d->tracked.served.synchronised) {
		put_bound(out, name, d, d->tracked.served.max_error);
	}
}

static void tracker_rate(FILE *out, const char *name, const struct watched *d)
{
	if (d->tracked.tracking.rate_known) {
		put_billionths(out, name, d, d->tracked.tracking.rate_ppb);
	}
}

static void tracker_skew(FILE *out, const char *name, const struct watched *d)
{
	if (d->tracked.tracking.rate_known) {
		put_billionths(out, name, d, d->tracked.tracking.skew_ppb);
	}
}

static void tracker_frequency(FILE *out, const char *name, const struct watched *d)
{
	put_billionths(out, name, d, d->tracked.tracking.frequency_ppb);
}

static void tracker_slew(FILE *out, const char *name, const struct watched *d)
{
	put_billionths(out, name, d, d->tracked.tracking.slew_ppb);
}

static void tracker_voting(FILE *out, const char *name, const struct watched *d)
{
	put_count(out, name, d, d->tracked.tracking.counted);
}

static void tracker_agreeing(FILE *out, const char *name, const struct watched *d)
{
	put_count(out, name, d, d->tracked.tracking.agreeing);
}

/* --- its servers ------------------------------------------------------------------------------ */

static void begin_server(FILE *out, const char *name, const struct watched *d,
			 const struct tracking_server *s)
{
	series_begin(out, name, "socket", d->socket);
	series_label(out, "server", s->host);
}

static bool is_duplicate(const struct tracking_server *s)
{
	return strcmp(s->verdict, "duplicate") == 0;
}

/* Whether the series are those of this server: of several of one name only one, with its vote. */
static bool is_shown(const struct tracking *t, int64_t i)
{
	const struct tracking_server *s = &t->servers[i];

	for (int64_t k = 0; k < t->n; k++) {
		const struct tracking_server *other = &t->servers[k];

		if (k != i && strcmp(s->host, other->host) == 0 &&
		    (is_duplicate(s) != is_duplicate(other) ? is_duplicate(s) : k < i)) {
			return false;
		}
	}
	return s->host[0] != '\0';
}

/* The next server from *i on, which is moved behind it; null when there is none. */
static const struct tracking_server *next_server(const struct watched *d, int64_t *i)
{
	const struct tracking *t = &d->tracked.tracking;

	while (*i < t->n && !is_shown(t, *i)) {
		++*i;
	}
	return *i < t->n ? &t->servers[(*i)++] : NULL;
}

static void server_reach(FILE *out, const char *name, const struct watched *d)
{
	const int64_t polls = arith_between(d->tracked.tracking.polls, 1, REACH_POLLS);
	const struct tracking_server *s;
	int64_t i = 0;

	while ((s = next_server(d, &i)) != NULL) {
		int64_t answered = 0;

		for (int64_t bit = 0; bit < polls; bit++) {
			answered += (s->reach >> bit & 1) != 0;
		}
		begin_server(out, name, d, s);
		series_billionths(out, answered * NS_PER_SEC / polls);
	}
}

static void server_offset(FILE *out, const char *name, const struct watched *d)
{
	const struct tracking_server *s;
	int64_t i = 0;

	while ((s = next_server(d, &i)) != NULL) {
		if (s->measured) {
			begin_server(out, name, d, s);
			series_billionths(out, s->offset);
		}
	}
}

static void server_error(FILE *out, const char *name, const struct watched *d)
{
	const struct tracking_server *s;
	int64_t i = 0;

	while ((s = next_server(d, &i)) != NULL) {
		if (s->measured) {
			begin_server(out, name, d, s);
			series_billionths(out, s->max_error);
		}
	}
}

static void server_verdict(FILE *out, const char *name, const struct watched *d)
{
	static const char *const verdicts[] = { "truechimer",  "ahead",    "behind",
						"no-majority", "unusable", "unmeasured",
						"duplicate",   "self" };
	const struct tracking_server *s;
	int64_t i = 0;

	while ((s = next_server(d, &i)) != NULL) {
		for (size_t k = 0; k < COUNT(verdicts); k++) {
			begin_server(out, name, d, s);
			series_label(out, "verdict", verdicts[k]);
			series_count(out, strcmp(s->verdict, verdicts[k]) == 0);
		}
	}
}

const struct family tracker_families[] = {
	{ "timesync_tracking_state", "gauge",
	  "1 for the present state of the tracking (--upstream).", OF_TRACKERS, tracker_state },
	{ "timesync_tracking_polls_total", "counter", "Polls since the tracker was started.",
	  OF_TRACKERS, tracker_polls },
	{ "timesync_tracking_last_poll_age_seconds", "gauge", "Time since the last poll.",
	  OF_POLLED, tracker_age },
	{ "timesync_tracking_poll_interval_seconds", "gauge", "Time between the last two polls.",
	  OF_POLLED, tracker_interval },
	{ "timesync_tracking_offset_seconds", "gauge",
	  "The servers' time minus the clock's at the last poll: positive if the clock is slow.",
	  OF_MEASURED, tracker_offset },
	{ "timesync_tracking_error_bound_seconds", "gauge", "The maximum error of that offset.",
	  OF_MEASURED, tracker_error },
	{ "timesync_tracking_reference_error_bound_seconds", "gauge",
	  "The maximum error of the servers' clocks, as they tell it.", OF_MEASURED,
	  tracker_reference_error },
	{ "timesync_tracking_served_error_bound_seconds", "gauge",
	  "The maximum error that clients are told now; none if not synchronised.", OF_MEASURED,
	  tracker_served_error },
	{ "timesync_tracking_rate_ratio", "gauge",
	  "What the clock would lose without correction, in seconds per second.", OF_MEASURED,
	  tracker_rate },
	{ "timesync_tracking_skew_ratio", "gauge", "The standard deviation of that rate.",
	  OF_MEASURED, tracker_skew },
	{ "timesync_tracking_frequency_correction_ratio", "gauge",
	  "The lasting correction of the clock's frequency; positive is faster.", OF_POLLED,
	  tracker_frequency },
	{ "timesync_tracking_slew_ratio", "gauge", "What a slew adds to that correction now.",
	  OF_POLLED, tracker_slew },
	{ "timesync_tracking_servers_voting", "gauge", "Different servers, each with a vote.",
	  OF_POLLED, tracker_voting },
	{ "timesync_tracking_servers_agreeing", "gauge", "Those of them that agree.", OF_POLLED,
	  tracker_agreeing },
	{ "timesync_tracking_server_reach_ratio", "gauge",
	  "How many of the last eight polls the server has answered.", OF_POLLED, server_reach },
	{ "timesync_tracking_server_offset_seconds", "gauge",
	  "The server's time minus the clock's, when it was last measured.", OF_POLLED,
	  server_offset },
	{ "timesync_tracking_server_error_bound_seconds", "gauge",
	  "The maximum error of that offset.", OF_POLLED, server_error },
	{ "timesync_tracking_server_verdict", "gauge", "1 for the verdict of the last poll.",
	  OF_POLLED, server_verdict },
	{ .name = NULL },
};
