/* SPDX-License-Identifier: BSD-3-Clause */
#include "exporter/families.h"
#include "exporter/series.h"

static void group_up(FILE *out, const char *name, const struct watched *d)
{
	series_begin(out, name, "socket", d->socket);
	series_count(out, d->group_rc == 0);
}

/* A series of a member, with the labels that all have. */
static void begin_group(FILE *out, const char *name, const struct watched *d)
{
	series_begin(out, name, "socket", d->socket);
	series_label(out, "group", d->group.head.group);
}

static void group_count(FILE *out, const char *name, const struct watched *d, uint64_t value)
{
	begin_group(out, name, d);
	series_count(out, value);
}

static void group_seconds(FILE *out, const char *name, const struct watched *d, dur_ns value)
{
	begin_group(out, name, d);
	series_billionths(out, value);
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
		series_label(out, "state", states[i]);
		series_count(out, (size_t)d->health.state == i);
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
			series_label(out, "reason", reasons[i]);
			series_count(out, d->group.counts[i]);
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
			series_label(out, "member", group_health_address(m, address));
			series_billionths(out, m->offset);
		}
	}
}

const struct family group_families[] = {
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
	{ .name = NULL },
};
