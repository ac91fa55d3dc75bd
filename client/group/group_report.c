/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/group/group_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "client/print/fields.h"
#include "client/print/terminal.h"
#include "client/print/words.h"

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
		[GROUP_TOO_LARGE] = "too large",
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
	};

	return names[outcome];
}

static const char *address_of(const struct group_member_status *m, char buf[ADDRESS_TEXT_MAX])
{
	const struct address at = group_socket_address(&m->address);

	return m->address.port != 0 ? address_text(&at, buf) : "unknown";
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
			   char buf[ADDRESS_TEXT_MAX])
{
	const struct group_member_status *m = find(members, n, id);

	return id == MEMBER_NONE ? "none" : m ? address_of(m, buf) : "unknown";
}

/* Or is taken for one as long as nothing is known for sure: the list has changed between its pages.
 */
static bool is_member(const struct group_status *s, const struct group_member_status *members,
		      size_t n)
{
	return n != s->total || find(members, n, s->head.from);
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

	if (s->corrected >= 0) {
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

static void print_member(const struct group_status *s, const struct group_member_status *m)
{
	char address[ADDRESS_TEXT_MAX], heard[WORDS_MAX], offset[WORDS_MAX], delay[WORDS_MAX],
		correction[WORDS_MAX];
	const char mark = m->id == s->leader ? '*' : ' ';

	printf("%c %-22s %-14s", mark, address_of(m, address),
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
	putchar('\n');
}

void group_report_print(const struct group_status *s, const struct group_member_status *members,
			size_t n)
{
	char text[ADDRESS_TEXT_MAX];

	if (s->insecure) {
		printf("%sINSECURE: this group has no key; anyone who can reach it can move its "
		       "clocks%s\n",
		       terminal_begin(stdout, TERMINAL_ALARM), terminal_end(stdout));
	}
	printf("group       %s\n", s->head.group);
	if (!is_member(s, members, n)) {
		printf("%sNO MEMBER: %s%s\n", terminal_begin(stdout, TERMINAL_ALARM),
		       n > 0 ? "the member that was asked is not in it: removed, or not added yet"
			     : "the member that was asked is looking for it",
		       terminal_end(stdout));
	}
	printf("leader      %s, term %" PRIu64 "\n", name_of(members, n, s->leader, text),
	       s->head.term);
	print_cycle(s);
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
	char text[ADDRESS_TEXT_MAX];

	return json_pack("{s:s s:o s:s s:o s:o s:o s:s}", "address", address_of(m, text),
			 "heard_ago_s", seconds_or_null(m->heard), "mean", part_name(m->part),
			 "offset_s", measured ? fields_seconds(m->offset) : json_null(), "delay_s",
			 measured ? fields_seconds(m->delay) : json_null(), "correction_s",
			 measured ? fields_seconds(m->correction) : json_null(), "outcome",
			 outcome_name(m->outcome));
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

void group_report_json(const struct group_status *s, const struct group_member_status *members,
		       size_t n)
{
	char leader[ADDRESS_TEXT_MAX], self[ADDRESS_TEXT_MAX];
	json_t *list = json_array();
	json_t *object = json_pack(
		"{s:s s:s s:b s:s s:I s:b s:b s:o s:o s:o s:o s:o s:o s:o}", "group", s->head.group,
		"address", name_of(members, n, s->head.from, self), "member",
		is_member(s, members, n), "leader", name_of(members, n, s->leader, leader), "term",
		(json_int_t)s->head.term, "leads", s->leads, "insecure", s->insecure, "lease_s",
		fields_seconds(s->lease), "cycle_s", fields_seconds(s->cycle), "tolerance_s",
		fields_seconds(s->tolerance), "max_correction_s", fields_seconds(s->max_correction),
		"corrected_ago_s", seconds_or_null(s->corrected), "correction_s",
		s->corrected < 0 ? json_null() : fields_seconds(s->correction), "last_cycle",
		json_cycle(s));

	for (int i = 0; i < GROUP_COUNTS; i++) {
		json_object_set_new(object, count_names[i], json_integer((json_int_t)s->counts[i]));
	}
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(list, json_member(&members[i]));
	}
	json_object_set_new(object, "members", list);
	fields_print(object);
}
