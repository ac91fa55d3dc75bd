/* SPDX-License-Identifier: BSD-3-Clause */
#include "exporter/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/printable.h"

/* Longer than any path or name in a label. */
#define LABEL_MAX 4200

/* --- the format ------------------------------------------------------------------------------- */

/* The value of a label, without its quotes: a path may have any octets, and a label only UTF-8. */
static void put_escaped(FILE *out, const char *text)
{
	char copy[LABEL_MAX];

	for (const char *p = printable_copy(copy, sizeof(copy), text); *p != '\0'; p++) {
		if (*p == '\\' || *p == '"') {
			fputc('\\', out);
		}
		fputc(*p, out);
	}
}

/* A label; `first` if no other comes before. */
static void put_label(FILE *out, const char *name, const char *value, bool first)
{
	fprintf(out, "%s%s=\"", first ? "{" : ",", name);
	put_escaped(out, value);
	fputc('"', out);
}

/* The value behind the name and the labels. */
static void put_count(FILE *out, uint64_t value)
{
	fprintf(out, " %" PRIu64 "\n", value);
}

static void put_seconds(FILE *out, dur_ns d)
{
	const uint64_t size = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;

	fprintf(out, " %s%" PRIu64 ".%09" PRIu64 "\n", d < 0 ? "-" : "", size / NS_PER_SEC,
		size % NS_PER_SEC);
}

static void begin_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* --- series of a daemon ----------------------------------------------------------------------- */

/* All series of a metric that one daemon has; those of a group only of a member that answers. */
typedef void series_fn(FILE *out, const char *name, const struct watched *d);

/* The name and the labels that all have; `more` when another one follows. */
static void begin_series(FILE *out, const char *name, const struct watched *d, bool more)
{
	fputs(name, out);
	put_label(out, "socket", d->socket, true);
	if (!more) {
		fputc('}', out);
	}
}

static void begin_with(FILE *out, const char *name, const struct watched *d, const char *label,
		       const char *value)
{
	begin_series(out, name, d, true);
	put_label(out, label, value, false);
	fputc('}', out);
}

static void server_up(FILE *out, const char *name, const struct watched *d)
{
	begin_series(out, name, d, false);
	put_count(out, d->rc == 0);
}

static void server_uptime(FILE *out, const char *name, const struct watched *d)
{
	begin_series(out, name, d, false);
	put_seconds(out, d->status.uptime);
}

static void server_workers(FILE *out, const char *name, const struct watched *d)
{
	begin_series(out, name, d, false);
	put_count(out, d->status.workers);
}

static void server_restarts(FILE *out, const char *name, const struct watched *d)
{
	begin_series(out, name, d, false);
	put_count(out, d->status.restarts);
}

static void server_calls(FILE *out, const char *name, const struct watched *d)
{
	static const char *const procedures[COUNTERS_PROCEDURES] = {
		"null",
		"get_timestamps",
		"get_time",
		"get_timestamps_interleaved",
	};
	static const struct {
		const char *name;
		enum counter first;
	} transports[] = { { "udp", COUNTER_UDP_NULL }, { "tcp", COUNTER_TCP_NULL } };

	for (size_t t = 0; t < 2; t++) {
		for (size_t p = 0; p < COUNTERS_PROCEDURES; p++) {
			begin_series(out, name, d, true);
			put_label(out, "transport", transports[t].name, false);
			put_label(out, "procedure", procedures[p], false);
			fputc('}', out);
			put_count(out, d->status.counts[(size_t)transports[t].first + p]);
		}
	}
}

static void server_refused(FILE *out, const char *name, const struct watched *d)
{
	static const struct {
		const char *reason;
		enum counter counter;
	} reasons[] = {
		{ "error", COUNTER_ERRORS },
		{ "credentials", COUNTER_CREDENTIALS },
		{ "malformed", COUNTER_MALFORMED },
		{ "denied", COUNTER_DENIED },
		{ "rate_limited", COUNTER_RATE_LIMITED },
		{ "broadcast", COUNTER_BROADCAST },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		begin_with(out, name, d, "reason", reasons[i].reason);
		put_count(out, d->status.counts[reasons[i].counter]);
	}
}

static void put_counter(FILE *out, const char *name, const struct watched *d, enum counter what)
{
	begin_series(out, name, d, false);
	put_count(out, d->status.counts[what]);
}

static void server_accepted(FILE *out, const char *name, const struct watched *d)
{
	put_counter(out, name, d, COUNTER_ACCEPTED);
}

static void server_closed(FILE *out, const char *name, const struct watched *d)
{
	put_counter(out, name, d, COUNTER_CLOSED);
}

static void server_closed_early(FILE *out, const char *name, const struct watched *d)
{
	put_counter(out, name, d, COUNTER_CLOSED_EARLY);
}

/* --- series of a group's member --------------------------------------------------------------- */

static void group_up(FILE *out, const char *name, const struct watched *d)
{
	begin_series(out, name, d, false);
	put_count(out, d->group_rc == 0);
}

static void group_count(FILE *out, const char *name, const struct watched *d, uint64_t value)
{
	begin_with(out, name, d, "group", d->group.head.group);
	put_count(out, value);
}

static void group_seconds(FILE *out, const char *name, const struct watched *d, dur_ns value)
{
	begin_with(out, name, d, "group", d->group.head.group);
	put_seconds(out, value);
}

/* The labels that all have, for one more to follow. */
static void begin_group(FILE *out, const char *name, const struct watched *d)
{
	begin_series(out, name, d, true);
	put_label(out, "group", d->group.head.group, false);
}

static void group_health(FILE *out, const char *name, const struct watched *d)
{
	static const char *const states[] = {
		[GROUP_WELL] = "well",
		[GROUP_DEGRADED] = "degraded",
		[GROUP_LOST] = "lost",
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		begin_group(out, name, d);
		put_label(out, "state", states[i], false);
		fputc('}', out);
		put_count(out, (size_t)d->health.state == i);
	}
}

static void group_leads(FILE *out, const char *name, const struct watched *d)
{
	group_count(out, name, d, d->group.leads);
}

static void group_has_leader(FILE *out, const char *name, const struct watched *d)
{
	group_count(out, name, d, d->group.leader != MEMBER_NONE);
}

static void group_term(FILE *out, const char *name, const struct watched *d)
{
	group_count(out, name, d, d->group.head.term);
}

static void group_members(FILE *out, const char *name, const struct watched *d)
{
	group_count(out, name, d, d->n_members);
}

static void group_answering(FILE *out, const char *name, const struct watched *d)
{
	group_count(out, name, d, d->health.answering);
}

static void group_needed(FILE *out, const char *name, const struct watched *d)
{
	group_count(out, name, d, d->health.needed);
}

static void group_spread(FILE *out, const char *name, const struct watched *d)
{
	if (d->health.has_spread) {
		group_seconds(out, name, d, d->health.spread);
	}
}

static void group_cycles(FILE *out, const char *name, const struct watched *d)
{
	group_count(out, name, d, d->group.counts[GROUP_COUNT_CYCLES]);
}

static void group_corrections(FILE *out, const char *name, const struct watched *d)
{
	group_count(out, name, d, d->group.counts[GROUP_COUNT_CORRECTIONS]);
}

static void group_correction(FILE *out, const char *name, const struct watched *d)
{
	if (d->group.corrected >= 0) {
		group_seconds(out, name, d, d->group.correction);
	}
}

static void group_corrected(FILE *out, const char *name, const struct watched *d)
{
	if (d->group.corrected >= 0) {
		group_seconds(out, name, d, d->group.corrected);
	}
}

static void group_refused(FILE *out, const char *name, const struct watched *d)
{
	static const char *const reasons[GROUP_COUNTS] = {
		[GROUP_COUNT_BAD_MAC] = "mac",
		[GROUP_COUNT_MALFORMED] = "malformed",
		[GROUP_COUNT_MISDIRECTED] = "misdirected",
		[GROUP_COUNT_OLD_TERM] = "old_term",
		[GROUP_COUNT_NOT_LEADER] = "not_leader",
		[GROUP_COUNT_REPLAYED] = "replayed",
		[GROUP_COUNT_LATE] = "late",
		[GROUP_COUNT_TOO_LARGE] = "too_large",
		[GROUP_COUNT_CLOCK_MOVED] = "clock_moved",
		[GROUP_COUNT_RATE_LIMITED] = "rate_limited",
		[GROUP_COUNT_DENIED] = "denied",
		[GROUP_COUNT_COASTED] = "contradictory",
		[GROUP_COUNT_UNABLE] = "rate_out_of_reach",
	};

	for (size_t i = 0; i < GROUP_COUNTS; i++) {
		if (reasons[i]) {
			begin_group(out, name, d);
			put_label(out, "reason", reasons[i], false);
			fputc('}', out);
			put_count(out, d->group.counts[i]);
		}
	}
}

/* Of the clocks that a leader has measured. */
static void group_offsets(FILE *out, const char *name, const struct watched *d)
{
	for (size_t i = 0; i < d->n_members; i++) {
		const struct group_member_status *m = &d->members[i];
		char address[64];

		if (m->part != GROUP_UNMEASURED && m->part != GROUP_NO_ANSWER) {
			begin_group(out, name, d);
			put_label(out, "member", group_health_address(m, address), false);
			fputc('}', out);
			put_seconds(out, m->offset);
		}
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Of whom a metric tells. */
enum told_of {
	OF_ALL,     /* every daemon that is looked for */
	OF_SERVERS, /* those that answer */
	OF_GROUPS,  /* those that should answer as members */
	OF_MEMBERS, /* those that do */
};

static const struct family {
	const char *name, *type, *help;
	enum told_of of;
	series_fn *put;
} families[] = {
	{ "timesync_server_up", "gauge", "1 if the timesyncd at this local socket answers.", OF_ALL,
	  server_up },
	{ "timesync_server_uptime_seconds", "gauge", "How long it has been running.", OF_SERVERS,
	  server_uptime },
	{ "timesync_server_workers", "gauge", "Processes that answer calls.", OF_SERVERS,
	  server_workers },
	{ "timesync_server_worker_restarts_total", "counter",
	  "Workers that ended and were replaced.", OF_SERVERS, server_restarts },
	{ "timesync_server_calls_total", "counter", "Calls that were answered with a result.",
	  OF_SERVERS, server_calls },
	{ "timesync_server_refused_total", "counter", "Calls that were refused or not answered.",
	  OF_SERVERS, server_refused },
	{ "timesync_server_connections_accepted_total", "counter", "TCP connections accepted.",
	  OF_SERVERS, server_accepted },
	{ "timesync_server_connections_closed_total", "counter", "TCP connections closed again.",
	  OF_SERVERS, server_closed },
	{ "timesync_server_connections_closed_early_total", "counter",
	  "TCP connections closed to make room, or because idle or slow.", OF_SERVERS,
	  server_closed_early },
	{ "timesync_group_up", "gauge", "1 if the member of a group at this socket answers.",
	  OF_GROUPS, group_up },
	{ "timesync_group_health", "gauge", "1 for the present state of the group.", OF_MEMBERS,
	  group_health },
	{ "timesync_group_leads", "gauge", "1 if this member is the leader.", OF_MEMBERS,
	  group_leads },
	{ "timesync_group_has_leader", "gauge", "1 if this member knows a leader.", OF_MEMBERS,
	  group_has_leader },
	{ "timesync_group_term", "gauge", "The term, which grows with each election.", OF_MEMBERS,
	  group_term },
	{ "timesync_group_members", "gauge", "Members on its list.", OF_MEMBERS, group_members },
	{ "timesync_group_members_answering", "gauge", "Voters that have answered it lately.",
	  OF_MEMBERS, group_answering },
	{ "timesync_group_members_needed", "gauge", "Voters that a majority needs.", OF_MEMBERS,
	  group_needed },
	{ "timesync_group_spread_seconds", "gauge",
	  "From the furthest behind to the furthest ahead; by the leader.", OF_MEMBERS,
	  group_spread },
	{ "timesync_group_member_offset_seconds", "gauge",
	  "How far a clock is ahead of the leader's; by the leader.", OF_MEMBERS, group_offsets },
	{ "timesync_group_cycles_total", "counter", "Cycles completed as the leader.", OF_MEMBERS,
	  group_cycles },
	{ "timesync_group_corrections_total", "counter", "Corrections of its clock.", OF_MEMBERS,
	  group_corrections },
	{ "timesync_group_last_correction_seconds", "gauge",
	  "The last correction; positive is forward.", OF_MEMBERS, group_correction },
	{ "timesync_group_last_correction_age_seconds", "gauge", "Time since that correction.",
	  OF_MEMBERS, group_corrected },
	{ "timesync_group_refused_total", "counter", "Messages and corrections refused.",
	  OF_MEMBERS, group_refused },
};

static bool tells(const struct watched *d, enum told_of of)
{
	switch (of) {
	case OF_ALL:
		return true;
	case OF_SERVERS:
		return d->rc == 0;
	case OF_GROUPS:
		return d->group_rc == 0 || (d->rc == 0 && d->group_rc != -ENOENT);
	case OF_MEMBERS:
		return d->group_rc == 0;
	}
	return false;
}

static void put_daemons(FILE *out, const struct watch *w)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct family *f = &families[i];

		begin_family(out, f->name, f->type, f->help);
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
	begin_family(out, name, "gauge", help);
	if (w->clock_rc == 0 && w->state != BOUND_UNKNOWN) {
		fputs(name, out);
		put_label(out, "clock", w->clock, true);
		fputc('}', out);
		put_seconds(out, value);
	}
}

static void put_clock(FILE *out, const struct watch *w)
{
	static const char published[] = "timesync_clock_published",
			  state[] = "timesync_clock_state";

	begin_family(out, published, "gauge", "1 if the bound of the clock has been published.");
	fputs(published, out);
	put_label(out, "clock", w->clock, true);
	fputc('}', out);
	put_count(out, w->clock_rc == 0);
	begin_family(out, state, "gauge", "1 for the present state of the clock.");
	for (int i = BOUND_UNKNOWN; i <= BOUND_SYNCHRONISED; i++) {
		const enum bound_state here = w->clock_rc == 0 ? w->state : BOUND_UNKNOWN;

		fputs(state, out);
		put_label(out, "clock", w->clock, true);
		put_label(out, "state", bound_state_name((enum bound_state)i), false);
		fputc('}', out);
		put_count(out, (int)here == i);
	}
	put_clock_value(out, w, "timesync_clock_error_bound_seconds",
			"The maximum error of the clock.", w->error);
	put_clock_value(out, w, "timesync_clock_offset_seconds",
			"How far the clock is ahead of the middle of its interval.", w->ahead);
}

static void put_info(FILE *out)
{
	static const char name[] = "timesync_exporter_info";

	begin_family(out, name, "gauge", "The version of timesync-exporter.");
	fputs(name, out);
	put_label(out, "version", TIMESYNC_VERSION, true);
	fputc('}', out);
	put_count(out, 1);
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
	put_daemons(out, w);
	put_clock(out, w);
	good = ferror(out) == 0;
	if (fclose(out) != 0 || !good) {
		free(text);
		return NULL;
	}
	return text;
}
