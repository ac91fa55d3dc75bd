/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "group/core/references.h"
#include "group/wire/codec.h"
#include "os/log.h"
#include "os/time_text.h"
#include "print/words.h"

typedef void note_fn(const struct notes *n, const struct agent_note *note);

/* A correction: "209 ns forward". */
static const char *correction_of(dur_ns d, char buf[WORDS_MAX])
{
	char amount[WORDS_MAX];

	snprintf(buf, WORDS_MAX, "%.60s %s", words_duration(d, amount), d < 0 ? "back" : "forward");
	return buf;
}

static const char *place_of(const struct agent_note *note, const char *nowhere,
			    char buf[ADDRESS_TEXT_MAX])
{
	const struct address at = group_socket_address(&note->at);

	return note->at.port != 0 ? address_text(&at, buf) : nowhere;
}

static const char *leader_of(const struct agent_note *note, char buf[ADDRESS_TEXT_MAX])
{
	return place_of(note, "a member of unknown address", buf);
}

static void refused(const struct notes *n, const struct agent_note *note)
{
	char at[ADDRESS_TEXT_MAX];

	log_warning("group %s: refused from %s: %s (%" PRIu64 " such so far)", n->group,
		    place_of(note, "an unknown sender", at), note->text, note->number);
}

/* --- this member and its leader --- */

static void member(const struct notes *n, const struct agent_note *note)
{
	log_info("group %s: a member of it, as one of %" PRIu64, n->group, note->number);
}

static void no_member(const struct notes *n, const struct agent_note *note)
{
	char at[ADDRESS_TEXT_MAX];

	log_warning("group %s: this is no member of it, as it was removed or not added yet: it "
		    "does not vote, and nobody corrects its clock, until 'timesync group join %s'",
		    n->group, place_of(note, "", at));
}

static void leading(const struct notes *n, const struct agent_note *note)
{
	log_info("group %s: leading, in term %" PRIu64 "%s", n->group, note->number,
		 n->insecure ? " (INSECURE: without a key)" : "");
}

static void following(const struct notes *n, const struct agent_note *note)
{
	char at[ADDRESS_TEXT_MAX];

	log_info("group %s: following %s, in term %" PRIu64, n->group, leader_of(note, at),
		 note->number);
}

static void no_leader(const struct notes *n, const struct agent_note *note)
{
	(void)note;
	log_info("group %s: no leader", n->group);
}

static void no_quorum(const struct notes *n, const struct agent_note *note)
{
	const uint64_t needed = note->other / 2 + 1;
	char text[ADDRESS_TEXT_MAX], lasts[WORDS_MAX];

	words_age(note->duration, lasts);
	if (note->number >= needed && note->at.port != 0) {
		log_warning(
			"group %s: no leader for %s: others follow %s, which this member does not "
			"hear, so nobody corrects its clock; do messages pass between the two, "
			"both ways?",
			n->group, lasts, leader_of(note, text));
		return;
	}
	if (note->number >= needed) {
		log_warning("group %s: no leader for %s, although %" PRIu64 " of %" PRIu64
			    " members answer: do all have the same --lease and list of members?",
			    n->group, lasts, note->number, note->other);
		return;
	}
	log_warning(
		"group %s: no leader for %s: %" PRIu64 " of %" PRIu64 " members answer%s, %" PRIu64
		" are needed; start those that are missing, or if they are gone for good "
		"'timesync group recover'",
		n->group, lasts, note->number, note->other, note->number == 1 ? "s" : "", needed);
}

static void unlike(const struct notes *n, const struct agent_note *note)
{
	static const char *const names[GROUP_SETTINGS] = {
		[GROUP_SETTING_LEASE] = "lease",
		[GROUP_SETTING_CYCLE] = "cycle",
		[GROUP_SETTING_TOLERANCE] = "tolerance",
		[GROUP_SETTING_MAX_CORRECTION] = "max-correction",
	};
	char at[ADDRESS_TEXT_MAX], theirs[WORDS_MAX], ours[WORDS_MAX];

	log_warning("group %s: %s has another --%s: %s, and ours is %s; all members need the same",
		    n->group, leader_of(note, at), names[note->number],
		    words_limit(note->duration, theirs), words_limit((dur_ns)note->other, ours));
}

void notes_corrected(const struct notes *n, dur_ns amount, const struct member_address *leader,
		     uint64_t term)
{
	char at[ADDRESS_TEXT_MAX], correction[WORDS_MAX];
	struct address address;

	correction_of(amount, correction);
	if (!leader) {
		log_info("group %s: clock corrected by %s, as this leader has decided in "
			 "term %" PRIu64,
			 n->group, correction, term);
		return;
	}
	address = group_socket_address(leader);
	log_info("group %s: clock corrected by %s, as the leader %s has decided in term %" PRIu64,
		 n->group, correction, address_text(&address, at), term);
}

/* --- its clock and its state --- */

static void unsaved(const struct notes *n, const struct agent_note *note)
{
	log_error("cannot save the group's state in '%s': %s; taking no part in elections "
		  "meanwhile",
		  n->state_path, strerror(-note->error));
}

static void saved_again(const struct notes *n, const struct agent_note *note)
{
	(void)note;
	log_info("the group's state is saved in '%s' again", n->state_path);
}

static void clock_lost(const struct notes *n, const struct agent_note *note)
{
	(void)note;
	log_error("group %s: the clock file was cut off or damaged: does not lead, and lets "
		  "nobody measure it, until it is whole again",
		  n->group);
}

static void clock_back(const struct notes *n, const struct agent_note *note)
{
	(void)note;
	log_info("group %s: the clock file is whole again: takes part with it", n->group);
}

static void stepped(const struct notes *n, const struct agent_note *note)
{
	char step[TIME_TEXT_STEP_MAX], correction[WORDS_MAX];

	log_warning("group %s: clock stepped %s, %s", n->group,
		    correction_of(note->duration, correction),
		    time_text_step(clock_now(n->clock), note->duration, step));
}

static void uncorrected(const struct notes *n, const struct agent_note *note)
{
	char correction[WORDS_MAX];

	log_error("group %s: cannot correct the clock by %s: %s", n->group,
		  correction_of(note->duration, correction), strerror(-note->error));
}

static void unable(const struct notes *n, const struct agent_note *note)
{
	char needed[WORDS_MAX], most[WORDS_MAX];

	log_warning("group %s: this clock cannot follow: its frequency would have to be corrected "
		    "by %s ppm, and can be by %s ppm at most; it is left alone",
		    n->group, words_ppm((int64_t)note->number, needed),
		    words_ppm((int64_t)note->other, most));
}

static void able(const struct notes *n, const struct agent_note *note)
{
	(void)note;
	log_info("group %s: this clock can follow again", n->group);
}

static void source(const struct notes *n, const struct agent_note *note)
{
	log_info("group %s: %s", n->group,
		 note->number ? "REFERENCE: follows the time of its references"
			      : "ISLAND: follows no reference, and keeps its own time");
}

static void reference(const struct notes *n, const struct agent_note *note)
{
	char at[ADDRESS_TEXT_MAX];
	const enum group_reference verdict = (enum group_reference)note->number;

	log_info("group %s: the reference %s is %s%s", n->group, leader_of(note, at),
		 verdict == GROUP_REFERENCE_FOLLOWED ? "" : "left out: ", references_text(verdict));
}

static void undecided(const struct notes *n, const struct agent_note *note)
{
	(void)note;
	log_error("group %s: cannot decide on corrections", n->group);
}

/* --- finding a group, and others of its name --- */

static void looking(const struct notes *n, const struct agent_note *note)
{
	(void)note;
	log_info("group %s: looking for its members by broadcast", n->group);
}

static void nobody_leads(const struct notes *n, const struct agent_note *note)
{
	(void)note;
	log_warning("group %s: members answer, but none of them leads: nobody can let us in",
		    n->group);
}

static void nobody_answers(const struct notes *n, const struct agent_note *note)
{
	log_warning("group %s: no member answers (%s); is our key theirs? The first one of a group "
		    "is started with --member and its own name",
		    n->group,
		    note->error == 0 ? "all networks were asked" : strerror(-note->error));
}

static void other_lease(const struct notes *n, const struct agent_note *note)
{
	char at[ADDRESS_TEXT_MAX], lease[WORDS_MAX];

	log_warning("group %s: cannot join it: %s has another --lease (%s)", n->group,
		    leader_of(note, at), words_limit(note->duration, lease));
}

static void joined(const struct notes *n, const struct agent_note *note)
{
	char at[ADDRESS_TEXT_MAX];

	log_info("group %s: joined it, by %s", n->group, leader_of(note, at));
}

static void unheard(const struct notes *n, const struct agent_note *note)
{
	char at[ADDRESS_TEXT_MAX];

	log_warning("group %s: %s has let us in, but we hear nothing from it: can it reach us?",
		    n->group, leader_of(note, at));
}

static void not_let_in(const struct notes *n, const struct agent_note *note)
{
	char at[ADDRESS_TEXT_MAX];

	log_warning("group %s: %s does not let us in: %s", n->group, leader_of(note, at),
		    note->text);
}

static void rival(const struct notes *n, const struct agent_note *note)
{
	char at[ADDRESS_TEXT_MAX];

	log_warning("group %s: there is another group of this name and key, of %" PRIu64
		    ", led by %s; ours is of %" PRIu64
		    ". They will not become one: end all daemons of one of them, remove what they "
		    "have saved (here '%s'), and start them with --discover",
		    n->group, note->number, leader_of(note, at), note->other, n->state_path);
}

static void change(const struct notes *n, const struct agent_note *note)
{
	static const char *const answers[GROUP_ANSWERS] = {
		[GROUP_DONE] = "done",
		[GROUP_NOT_LEADER] = "refused: this member does not lead",
		[GROUP_EXISTS] = "refused: it is a member already",
		[GROUP_UNKNOWN] = "refused: it is no member",
		[GROUP_FULL] = "refused: the group is full",
		[GROUP_IMPOSSIBLE] = "refused: it is impossible",
		[GROUP_UNREACHABLE] = "refused: the new member does not answer",
		[GROUP_OTHER_LEASE] = "refused: the new member has another --lease",
		[GROUP_NOT_SAVED] = "not done yet: the state cannot be saved; done once it can be",
	};
	const char *what = note->number == GROUP_JOIN    ? "join"
			   : note->number == GROUP_LEAVE ? "leave"
							 : "step-down";

	log_info("group %s: asked for a %s: %s", n->group, what,
		 note->other < GROUP_ANSWERS && answers[note->other] ? answers[note->other]
								     : "refused");
}

void notes_log(const struct notes *n, const struct agent_note *note)
{
	static note_fn *const log_by_kind[AGENT_NOTE_KINDS] = {
		[AGENT_NOTE_REFUSED] = refused,
		[AGENT_NOTE_UNSAVED] = unsaved,
		[AGENT_NOTE_SAVED_AGAIN] = saved_again,
		[AGENT_NOTE_MEMBER] = member,
		[AGENT_NOTE_NO_MEMBER] = no_member,
		[AGENT_NOTE_LEADING] = leading,
		[AGENT_NOTE_FOLLOWING] = following,
		[AGENT_NOTE_NO_LEADER] = no_leader,
		[AGENT_NOTE_NO_QUORUM] = no_quorum,
		[AGENT_NOTE_UNLIKE] = unlike,
		[AGENT_NOTE_CLOCK_LOST] = clock_lost,
		[AGENT_NOTE_CLOCK_BACK] = clock_back,
		[AGENT_NOTE_STEPPED] = stepped,
		[AGENT_NOTE_UNCORRECTED] = uncorrected,
		[AGENT_NOTE_UNABLE] = unable,
		[AGENT_NOTE_ABLE] = able,
		[AGENT_NOTE_UNDECIDED] = undecided,
		[AGENT_NOTE_SOURCE] = source,
		[AGENT_NOTE_REFERENCE] = reference,
		[AGENT_NOTE_LOOKING] = looking,
		[AGENT_NOTE_OTHER_LEASE] = other_lease,
		[AGENT_NOTE_JOINED] = joined,
		[AGENT_NOTE_UNHEARD] = unheard,
		[AGENT_NOTE_NOT_LET_IN] = not_let_in,
		[AGENT_NOTE_NOBODY_LEADS] = nobody_leads,
		[AGENT_NOTE_NOBODY_ANSWERS] = nobody_answers,
		[AGENT_NOTE_RIVAL] = rival,
		[AGENT_NOTE_CHANGE] = change,
	};

	log_by_kind[note->kind](n, note);
}
