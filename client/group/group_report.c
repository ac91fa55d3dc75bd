/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/group/group_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "group/core/references.h"
#include "measure/fields.h"
#include "print/terminal.h"
#include "print/words.h"

static const char *const count_names[GROUP_COUNTS] = {
	[GROUP_COUNT_CYCLES] = "cycles",
	[GROUP_COUNT_CORRECTIONS] = "corrections",
	[GROUP_COUNT_BAD_MAC] = "refused_mac",
	[GROUP_COUNT_MALFORMED] = "refused_malformed",
	[GROUP_COUNT_MISDIRECTED] = "refused_misdirected",
	[GROUP_COUNT_OLD_TERM] = "refused_old_term",
	[GROUP_COUNT_NOT_LEADER] = "refused_not_leader",
	[GROUP_COUNT_REPLAYED] = "refused_replayed",
	[GROUP_COUNT_LATE] = "refused_late",
	[GROUP_COUNT_TOO_LARGE] = "refused_too_large",
	[GROUP_COUNT_CLOCK_MOVED] = "refused_clock_moved",
	[GROUP_COUNT_ELECTION] = "election_declined",
	[GROUP_COUNT_RIVALS] = "other_group_seen",
	[GROUP_COUNT_RATE_LIMITED] = "refused_rate_limited",
	[GROUP_COUNT_DENIED] = "refused_denied",
	[GROUP_COUNT_COASTED] = "ignored_contradictory",
	[GROUP_COUNT_UNABLE] = "rate_out_of_reach",
};

static const char *part_name(enum group_part part)
{
	static const char *const names[] = {
		[GROUP_IN_MEAN] = "in",          [GROUP_TOO_FAR] = "too far",
		[GROUP_TOO_VAGUE] = "too vague", [GROUP_UNMEASURED] = "unmeasured",
		[GROUP_NO_ANSWER] = "no answer", [GROUP_NEW] = "new",
		[GROUP_TOO_LARGE] = "too large", [GROUP_IS_REFERENCE] = "reference",
	};

	return names[part];
}

static const char *outcome_name(enum group_outcome outcome)
{
	static const char *const names[] = {
		[GROUP_NOT_SENT] = "not sent", [GROUP_UNANSWERED] = "unanswered",
		[GROUP_SLEWED] = "slewed",     [GROUP_STEPPED] = "stepped",
		[GROUP_RIGHT] = "right",       [GROUP_REFUSED] = "refused",
		[GROUP_COASTED] = "ignored",   [GROUP_UNABLE] = "out of reach",
		[GROUP_KEPT] = "kept",
	};

	return names[outcome];
}

/* For programs; null: it is none. */
static const char *reference_name(enum group_reference reference)
{
	static const char *const names[GROUP_REFERENCES] = {
		[GROUP_REFERENCE_FOLLOWED] = "followed",
		[GROUP_REFERENCE_UNSYNCHRONISED] = "not synchronised",
		[GROUP_REFERENCE_ABSENT] = "not measured",
		[GROUP_REFERENCE_NEW] = "new",
		[GROUP_REFERENCE_AHEAD] = "ahead",
		[GROUP_REFERENCE_BEHIND] = "behind",
		[GROUP_REFERENCE_NO_MAJORITY] = "no majority",
		[GROUP_REFERENCE_TOO_LARGE] = "too large",
		[GROUP_REFERENCE_TOO_MANY] = "too many",
	};

	return names[reference];
}

static const char *source_name(const struct group_status *s)
{
	return s->follows ? "REFERENCE" : "ISLAND";
}

static const struct group_member_status *find(const struct group_member_status *members, size_t n,
					      member_id id)
{
	for (size_t i = 0; i < n; i++) {
		if (members[i].id == id) {
			return &members[i];
		}
	}
	return NULL;
}

static const char *name_of(const struct group_member_status *members, size_t n, member_id id,
			   char buf[64])
{
	const struct group_member_status *m = find(members, n, id);

	return id == MEMBER_NONE ? "none" : m ? group_health_address(m, buf) : "unknown";
}

/* --- for people --- */

/* "2 ms ahead": how much, and which of the two directions. */
static const char *directed(dur_ns d, const char *up, const char *down, char buf[WORDS_MAX])
{
	char size[WORDS_MAX];

	snprintf(buf, WORDS_MAX, "%.60s %s", words_duration(d, size), d < 0 ? down : up);
	return buf;
}

static const char *correction_words(dur_ns d, char buf[WORDS_MAX])
{
	return directed(d, "forward", "back", buf);
}

static void print_cycle(const struct group_status *s)
{
	char ago[WORDS_MAX], took[WORDS_MAX], mean[WORDS_MAX];

	if (s->reference) {
		printf("corrected   never, as it is a reference\n");
	} else if (s->corrected >= 0) {
		printf("corrected   %s ago by %s\n", words_duration(s->corrected, ago),
		       correction_words(s->correction, mean));
	} else {
		printf("corrected   never\n");
	}
	if (s->cycle_ended >= 0) {
		printf("last cycle  %s ago, took %s, %" PRIu32 " in the mean: the leader was %s\n",
		       words_duration(s->cycle_ended, ago), words_duration(s->cycle_took, took),
		       s->used, words_offset(s->mean, mean));
	}
}

/* Where the group's time comes from, and what that is worth. */
static void print_time(const struct group_status *s)
{
	char since[WORDS_MAX], error[WORDS_MAX];

	if (s->source_for >= 0) {
		printf("time        %s for %s\n", source_name(s),
		       words_duration(s->source_for, since));
	}
	if (s->max_error >= 0) {
		printf("max error   %s from UTC%s\n", words_bound(s->max_error, error),
		       s->reference ? ", as this reference says" : "");
	} else if (s->reference) {
		printf("max error   unknown: this reference is not synchronised\n");
	}
}

/* Which references are followed, and why others are not. */
static void print_references(const struct group_status *s,
			     const struct group_member_status *members, size_t n)
{
	bool is_first = true;
	char address[64], offset[WORDS_MAX], error[WORDS_MAX];

	for (size_t i = 0; i < n; i++) {
		const struct group_member_status *m = &members[i];
		const bool followed = m->reference == GROUP_REFERENCE_FOLLOWED;

		if (!s->leads || m->reference == GROUP_REFERENCE_NONE) {
			continue;
		}
		if (is_first) {
			printf("\n  %-22s %-18s %-12s %s\n", "reference", "offset from leader",
			       "max error", "followed");
		}
		is_first = false;
		printf("  %-22s %-18s %-12s %s%s\n", group_health_address(m, address),
		       m->part == GROUP_IS_REFERENCE
			       ? directed(m->offset, "ahead", "behind", offset)
			       : "",
		       m->max_error >= 0 ? words_bound(m->max_error, error) : "unknown",
		       followed ? "yes" : "no: ", followed ? "" : references_text(m->reference));
	}
}

static void print_member(const struct group_status *s, const struct group_member_status *m)
{
	char address[64], unlike[64], heard[WORDS_MAX], offset[WORDS_MAX], delay[WORDS_MAX],
		correction[WORDS_MAX];
	const char mark = m->id == s->leader ? '*' : ' ';

	printf("%c %-22s %-14s", mark, group_health_address(m, address),
	       m->id == s->head.from ? "(asked)"
	       : m->heard < 0        ? "never"
				     : words_duration(m->heard, heard));
	if (m->part == GROUP_NO_ANSWER) {
		printf(" %s", part_name(m->part));
	} else if (m->part != GROUP_UNMEASURED) {
		printf(" %-18s %-12s %-18s %-10s %s",
		       directed(m->offset, "ahead", "behind", offset),
		       words_duration(m->delay, delay), correction_words(m->correction, correction),
		       part_name(m->part), outcome_name(m->outcome));
	}
	if (m->unlike != 0) {
		printf("  ANOTHER %s", group_health_unlike(m, unlike));
	}
	putchar('\n');
}

static void print_leader(const struct group_status *s, const struct group_member_status *members,
			 size_t n)
{
	char name[64], since[WORDS_MAX];

	printf("leader      %s, term %" PRIu64 ", for %s\n", name_of(members, n, s->leader, name),
	       s->head.term, words_duration(s->leader_for, since));
}

static void print_health(const struct group_health *h)
{
	char spread[WORDS_MAX];

	if (h->has_spread) {
		printf("spread      %s, before the corrections of the last cycle\n",
		       words_duration(h->spread, spread));
	}
	if (h->state != GROUP_WELL) {
		printf("%s%-11s %s%s\n", terminal_begin(stdout, TERMINAL_ALARM),
		       h->state == GROUP_LOST ? "LOST" : "DEGRADED", h->text, terminal_end(stdout));
	}
	if (h->state == GROUP_LOST && h->answering < h->needed) {
		printf("            Start those that are missing; if they are gone for good, see "
		       "'timesync group recover --help'\n");
	}
}

void group_report_print(const struct group_status *s, const struct group_member_status *members,
			size_t n, const struct group_health *health)
{
	char text[64];

	if (s->insecure) {
		printf("%sINSECURE: this group has no key; anyone who can reach it can move its "
		       "clocks%s\n",
		       terminal_begin(stdout, TERMINAL_ALARM), terminal_end(stdout));
	}
	printf("group       %s\n", s->head.group);
	if (!group_health_is_member(s, members, n)) {
		printf("%sNO MEMBER: %s%s\n", terminal_begin(stdout, TERMINAL_ALARM),
		       n > 0 ? "the member that was asked is not in it: removed, or not added yet"
			     : "the member that was asked is looking for it",
		       terminal_end(stdout));
	}
	print_leader(s, members, n);
	print_time(s);
	print_cycle(s);
	print_health(health);
	for (int i = 0; i < GROUP_COUNTS; i++) {
		if (s->counts[i] > 0) {
			printf("%-11s %" PRIu64 "\n", count_names[i], s->counts[i]);
		}
	}
	printf("\n  %-22s %-14s %-18s %-12s %-18s %-10s %s\n", "member", "heard ago",
	       "offset from leader", "delay", "correction", "mean", "clock");
	for (size_t i = 0; i < n; i++) {
		print_member(s, &members[i]);
	}
	print_references(s, members, n);
	if (!s->leads && s->leader != MEMBER_NONE) {
		printf("\nThe leader knows more: --at %s\n", name_of(members, n, s->leader, text));
	}
}

/* --- JSON --- */

static json_t *seconds_or_null(dur_ns d)
{
	return d < 0 ? json_null() : fields_seconds(d);
}

static json_t *json_member(const struct group_member_status *m)
{
	const bool measured = m->part != GROUP_UNMEASURED && m->part != GROUP_NO_ANSWER;
	char text[64], unlike[64];

	return json_pack("{s:s s:o s:s s:o s:o s:o s:s s:s? s:o s:o s:s}", "address",
			 group_health_address(m, text), "heard_ago_s", seconds_or_null(m->heard),
			 "mean", part_name(m->part), "offset_s",
			 measured ? fields_seconds(m->offset) : json_null(), "delay_s",
			 measured ? fields_seconds(m->delay) : json_null(), "correction_s",
			 measured ? fields_seconds(m->correction) : json_null(), "outcome",
			 outcome_name(m->outcome), "reference", reference_name(m->reference),
			 "max_error_s", seconds_or_null(m->max_error), "frequency_ppm",
			 measured ? fields_ppm(m->frequency_ppb) : json_null(), "unlike",
			 group_health_unlike(m, unlike));
}

static json_t *json_cycle(const struct group_status *s)
{
	if (s->cycle_ended < 0) {
		return json_null();
	}
	return json_pack("{s:o s:o s:o s:i}", "ended_ago_s", fields_seconds(s->cycle_ended),
			 "took_s", fields_seconds(s->cycle_took), "mean_offset_s",
			 fields_seconds(s->mean), "used", (int)s->used);
}

static const char *health_name(enum group_health_state state)
{
	return state == GROUP_WELL ? "well" : state == GROUP_DEGRADED ? "degraded" : "lost";
}

static void add_health(json_t *object, const struct group_health *h)
{
	json_object_set_new(object, "health", json_string(health_name(h->state)));
	json_object_set_new(object, "trouble", json_string(h->text));
	json_object_set_new(object, "spread_s",
			    h->has_spread ? fields_seconds(h->spread) : json_null());
	json_object_set_new(object, "answering", json_integer((json_int_t)h->answering));
	json_object_set_new(object, "needed", json_integer((json_int_t)h->needed));
}

static void add_source(json_t *object, const struct group_status *s)
{
	json_object_set_new(object, "reference", json_boolean(s->reference));
	json_object_set_new(object, "time",
			    s->source_for < 0 ? json_null() : json_string(source_name(s)));
	json_object_set_new(object, "time_for_s", seconds_or_null(s->source_for));
	json_object_set_new(object, "max_error_s", seconds_or_null(s->max_error));
}

void group_report_json(const struct group_status *s, const struct group_member_status *members,
		       size_t n, const struct group_health *health)
{
	char leader[64], self[64];
	json_t *list = json_array();
	json_t *object = json_pack(
		"{s:s s:s s:b s:s s:o s:I s:b s:b s:o s:o s:o s:o s:o s:o s:o}", "group",
		s->head.group, "address", name_of(members, n, s->head.from, self), "member",
		group_health_is_member(s, members, n), "leader",
		name_of(members, n, s->leader, leader), "leader_for_s",
		fields_seconds(s->leader_for), "term", (json_int_t)s->head.term, "leads", s->leads,
		"insecure", s->insecure, "lease_s", fields_seconds(s->lease), "cycle_s",
		fields_seconds(s->cycle), "tolerance_s", fields_seconds(s->tolerance),
		"max_correction_s", fields_seconds(s->max_correction), "corrected_ago_s",
		seconds_or_null(s->corrected), "correction_s",
		s->corrected < 0 ? json_null() : fields_seconds(s->correction), "last_cycle",
		json_cycle(s));

	add_source(object, s);
	add_health(object, health);
	for (int i = 0; i < GROUP_COUNTS; i++) {
		json_object_set_new(object, count_names[i], json_integer((json_int_t)s->counts[i]));
	}
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(list, json_member(&members[i]));
	}
	json_object_set_new(object, "members", list);
	fields_print(object);
}
