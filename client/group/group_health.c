/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/group/group_health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "group/core/references.h"
#include "group/wire/codec.h"
#include "print/words.h"

/* As group/core/quorum.h has it. */
#define HEARD_LEASES 4
/* Corrections come once a cycle; some may be lost. */
#define CORRECTED_CYCLES 3

const char *group_health_address(const struct group_member_status *m, char buf[64])
{
	const struct address at = group_socket_address(&m->address);
	char text[ADDRESS_TEXT_MAX];

	snprintf(buf, 64, "%.63s", m->address.port != 0 ? address_text(&at, text) : "unknown");
	return buf;
}

const char *group_health_unlike(const struct group_member_status *m, char buf[64])
{
	static const char *const names[GROUP_SETTINGS] = {
		[GROUP_SETTING_LEASE] = "lease",
		[GROUP_SETTING_CYCLE] = "cycle",
		[GROUP_SETTING_TOLERANCE] = "tolerance",
		[GROUP_SETTING_MAX_CORRECTION] = "max-correction",
	};
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < GROUP_SETTINGS; i++) {
		if (m->unlike >> i & 1) {
			n += (size_t)snprintf(buf + n, 64 - n, "%s%s", n > 0 ? " and " : "",
					      names[i]);
		}
	}
	return buf;
}

bool group_health_is_member(const struct group_status *s, const struct group_member_status *members,
			    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (members[i].id == s->head.from) {
			return true;
		}
	}
	return n != s->total; /* the list has changed between its pages */
}

bool group_health_answers(const struct group_status *s, const struct group_member_status *m)
{
	return m->id == s->head.from || (m->heard >= 0 && m->heard <= HEARD_LEASES * s->lease);
}

/* One more thing that is wrong, as far as there is room. */
__attribute__((format(printf, 3, 4))) static void add(struct group_health *h,
						      enum group_health_state state,
						      const char *format, ...)
{
	const size_t n = strlen(h->text);
	va_list args;

	h->state = state > h->state ? state : h->state;
	if (n + sizeof("; ") < sizeof(h->text)) {
		strcpy(h->text + n, n > 0 ? "; " : "");
		va_start(args, format);
		(void)vsnprintf(h->text + strlen(h->text), sizeof(h->text) - strlen(h->text),
				format, args);
		va_end(args);
	}
}

static void judge_leader(struct group_health *h, const struct group_status *s,
			 const struct group_member_status *members, size_t n)
{
	if (!group_health_is_member(s, members, n)) {
		add(h, GROUP_LOST, "the member that was asked is not in the group");
	} else if (s->leader == MEMBER_NONE && h->answering < h->needed) {
		add(h, GROUP_LOST, "no leader: %zu of %zu members answer%s, %zu are needed",
		    h->answering, n, h->answering == 1 ? "s" : "", h->needed);
	} else if (s->leader == MEMBER_NONE) {
		add(h, GROUP_LOST, "no leader, although %zu of %zu members answer", h->answering,
		    n);
	}
}

/* Whether its part in the last cycle is one that somebody should look at. */
static const char *trouble_of(const struct group_member_status *m)
{
	if (m->part == GROUP_TOO_FAR) {
		return "is too far away to count";
	}
	if (m->part == GROUP_TOO_VAGUE) {
		return "is measured too vaguely to count";
	}
	if (m->part == GROUP_TOO_LARGE) {
		return "needs more than --max-correction, and is left alone";
	}
	return m->outcome == GROUP_REFUSED  ? "has refused its correction"
	       : m->outcome == GROUP_UNABLE ? "cannot follow: its clock's rate is out of reach"
					    : NULL;
}

static void judge_member(struct group_health *h, const struct group_status *s,
			 const struct group_member_status *m)
{
	const char *trouble = trouble_of(m);
	char address[64], what[64];

	group_health_address(m, address);
	if (m->unlike != 0) {
		add(h, GROUP_DEGRADED, "%s has another %s", address, group_health_unlike(m, what));
	}
	if (!s->leads || m->id == s->head.from) {
		return; /* others have no reason to hear it */
	}
	if (m->part == GROUP_NO_ANSWER || !group_health_answers(s, m)) {
		add(h, GROUP_DEGRADED, "%s does not answer", address);
	} else if (trouble) {
		add(h, GROUP_DEGRADED, "%s %s", address, trouble);
	}
}

static void judge_corrections(struct group_health *h, const struct group_status *s)
{
	char ago[WORDS_MAX];

	if (s->leader == MEMBER_NONE || s->reference) {
		return;
	}
	if (s->corrected < 0) {
		add(h, GROUP_DEGRADED, "its clock was never corrected");
	} else if (s->corrected > CORRECTED_CYCLES * s->cycle + s->lease) {
		add(h, GROUP_DEGRADED, "its clock was last corrected %s ago",
		    words_duration(s->corrected, ago));
	}
}

/* References that are left out; and a group that has references, but follows none. */
static void judge_references(struct group_health *h, const struct group_status *s,
			     const struct group_member_status *members, size_t n)
{
	bool has_references = false;
	char address[64];

	for (size_t i = 0; i < n && s->leads; i++) {
		const enum group_reference is = members[i].reference;

		has_references = has_references || is != GROUP_REFERENCE_NONE;
		if (is != GROUP_REFERENCE_NONE && is != GROUP_REFERENCE_FOLLOWED) {
			add(h, GROUP_DEGRADED, "the reference %s is %s",
			    group_health_address(&members[i], address), references_text(is));
		}
	}
	if (has_references && !s->follows) {
		add(h, GROUP_DEGRADED, "the group follows no reference (ISLAND)");
	}
}

static void judge_spread(struct group_health *h, const struct group_status *s,
			 const struct group_member_status *members, size_t n, dur_ns max_spread)
{
	dur_ns least = INT64_MAX, most = -INT64_MAX;
	char is[WORDS_MAX], may_be[WORDS_MAX];

	h->has_spread = s->leads && s->cycle_ended >= 0;
	for (size_t i = 0; i < n && h->has_spread; i++) {
		const struct group_member_status *m = &members[i];

		if (m->part != GROUP_UNMEASURED && m->part != GROUP_NO_ANSWER &&
		    m->part != GROUP_IS_REFERENCE) {
			least = m->offset < least ? m->offset : least;
			most = m->offset > most ? m->offset : most;
		}
	}
	h->has_spread = h->has_spread && most >= least;
	h->spread = h->has_spread ? most - least : 0;
	if (h->has_spread && max_spread > 0 && h->spread > max_spread) {
		add(h, GROUP_DEGRADED, "the clocks were %s apart in the last cycle, more than %s",
		    words_duration(h->spread, is), words_duration(max_spread, may_be));
	}
}

void group_health_judge(struct group_health *out, const struct group_status *s,
			const struct group_member_status *members, size_t n, dur_ns max_spread)
{
	*out = (struct group_health){ .state = GROUP_WELL, .needed = n / 2 + 1 };
	for (size_t i = 0; i < n; i++) {
		out->answering += group_health_answers(s, &members[i]);
	}
	judge_leader(out, s, members, n);
	judge_corrections(out, s);
	judge_references(out, s, members, n);
	judge_spread(out, s, members, n, max_spread);
	for (size_t i = 0; i < n; i++) {
		judge_member(out, s, &members[i]);
	}
}
