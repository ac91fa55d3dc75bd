/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "print/words.h"

void refusal_count(struct refusal_tally *t, const char *why)
{
	t->total++;
	for (size_t i = 0; i < REFUSAL_REASONS; i++) {
		if (t->reasons[i].times == 0) {
			snprintf(t->reasons[i].why, sizeof(t->reasons[i].why), "%s", why);
		}
		if (strcmp(t->reasons[i].why, why) == 0) {
			t->reasons[i].times++;
			return;
		}
	}
}

/* --- too few rounds --------------------------------------------------------------------------- */

/* A sentence under way: its parts are separated as a list. */
struct sentence {
	char *buf;
	bool begun;
};

static void add(struct sentence *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct sentence *s, const char *format, ...)
{
	const size_t used = strlen(s->buf);
	char part[REFUSAL_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(part, sizeof(part), format, args);
	va_end(args);
	snprintf(s->buf + used, REFUSAL_MAX - used, "%s%s", s->begun ? "; " : ": ", part);
	s->begun = true;
}

static void add_reasons(struct sentence *s, const struct refusal_tally *t)
{
	size_t most = 0;
	unsigned rest;

	for (size_t i = 1; i < REFUSAL_REASONS; i++) {
		if (t->reasons[i].times > t->reasons[most].times) {
			most = i;
		}
	}
	if (t->total == 0) {
		return;
	}
	add(s, "%u %s the server %s", t->reasons[most].times,
	    t->reasons[most].times == 1 ? "time" : "times", t->reasons[most].why);
	rest = t->total - t->reasons[most].times;
	if (rest > 0) {
		add(s, "other answers of no use: %u", rest);
	}
}

const char *refusal_of_few(const struct refusal_rounds *r, const struct refusal_tally *t,
			   char buf[REFUSAL_MAX])
{
	const struct call_counts *c = &r->counts;
	const unsigned lost = c->lost > c->late ? c->lost - c->late : 0; /* never answered */
	struct sentence s = { .buf = buf };

	snprintf(buf, REFUSAL_MAX, "only %u of %u rounds were of use, and %u are needed", r->valid,
		 r->tried, r->needed);
	add_reasons(&s, t);
	if (r->stepped > 0) {
		add(&s,
		    "in the middle of %u the server's clock was stepped, or one of the clocks runs "
		    "far too slow or fast",
		    r->stepped);
	}
	if (r->unknown > 0) {
		add(&s, "%u times the server did not know when its reply had left", r->unknown);
	}
	if (c->late > 0) {
		add(&s, "answers came later than --timeout allows: %u", c->late);
	}
	if (c->stray > 0) {
		add(&s, "datagrams came that answer no call: %u", c->stray);
	}
	if (!s.begun) {
		add(&s, "too much is lost");
	} else if (lost > 0) {
		add(&s, "lost: %u", lost);
	}
	return buf;
}

/* --- contradictions --------------------------------------------------------------------------- */

/* Which of its kind sample `i` is, from 1. */
static unsigned number_of(const struct sample *samples, size_t i)
{
	unsigned n = 0;

	for (size_t j = 0; j <= i; j++) {
		n += samples[j].kind == samples[i].kind;
	}
	return n;
}

/* The unit that all of the server's times are multiples of, if its clock is so coarse; or null. */
static const char *coarseness(const struct sample *samples, size_t n, enum sample_kind kind)
{
	static const struct {
		dur_ns unit;
		const char *text;
	} units[] = {
		{ NS_PER_SEC, "seconds" },
		{ NS_PER_MS, "milliseconds" },
		{ NS_PER_US, "microseconds" },
	};

	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		bool all = true;

		for (size_t i = 0; i < n; i++) {
			const struct sample *s = &samples[i];

			all &= s->kind != kind ||
			       (s->t2 % units[u].unit == 0 && s->t3 % units[u].unit == 0);
		}
		if (all) {
			return units[u].text;
		}
	}
	return NULL;
}

/* Times before 1973 in ns: a server that counts in a larger unit gives such times. */
#define TOO_EARLY (INT64_C(100000000) * NS_PER_SEC)

/* Two of one kind. */
static void explain_same(const struct sample *samples, const struct agree_conflict *c,
			 char buf[REFUSAL_MAX])
{
	char apart[WORDS_MAX];

	snprintf(buf, REFUSAL_MAX,
		 "%s %u and %u contradict each other by %s: the server's clock was stepped between "
		 "them, or does not keep time; measure again",
		 samples[c->first].kind == SAMPLE_TIME ? "the answers to GET_TIME" : "rounds",
		 number_of(samples, c->first), number_of(samples, c->second),
		 words_duration(c->apart, apart));
}

static void explain_mixed(const struct sample *samples, const struct agree_conflict *c,
			  char buf[REFUSAL_MAX])
{
	const bool time_first = samples[c->first].kind == SAMPLE_TIME;
	const bool ahead = (c->apart > 0) != time_first;
	char apart[WORDS_MAX];

	snprintf(buf, REFUSAL_MAX,
		 "GET_TIME says %s %s what the rounds say: the server contradicts itself, or its "
		 "clock was stepped in between",
		 words_duration(c->apart, apart), ahead ? "ahead of" : "behind");
}

const char *refusal_of_conflict(const struct sample *samples, size_t n,
				const struct agree_conflict *c, char buf[REFUSAL_MAX])
{
	const bool mixed = samples[c->first].kind != samples[c->second].kind;
	const enum sample_kind kind = mixed ? SAMPLE_TIME : samples[c->first].kind;
	const char *coarse = coarseness(samples, n, kind);
	const bool early = samples[c->first].t2 < TOO_EARLY || samples[c->second].t2 < TOO_EARLY;
	size_t used;

	if (mixed) {
		explain_mixed(samples, c, buf);
	} else {
		explain_same(samples, c, buf);
	}
	used = strlen(buf);
	if (early) {
		snprintf(buf + used, REFUSAL_MAX - used,
			 " (its times are of the 1970s: it has to give nanoseconds since 1970)");
	} else if (coarse) {
		snprintf(buf + used, REFUSAL_MAX - used, " (it gives whole %s%s)", coarse,
			 mixed ? " there" : "");
	}
	return buf;
}

const char *refusal_by_unsynchronised(dur_ns offset, char buf[REFUSAL_MAX])
{
	char words[WORDS_MAX];

	snprintf(buf, REFUSAL_MAX,
		 "the local clock is %s according to unsynchronised servers; check them, then give "
		 "--allow-unsynchronised",
		 words_offset(offset, words));
	return buf;
}
