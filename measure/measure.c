/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/measure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/reach.h"
#include "measure/refusal.h"
#include "print/words.h"
#include "core/drift.h"

/* Of so many interleaved rounds in vain it is looked why that is. */
#define INTERLEAVED_PATIENCE 3

/* A measurement under way. */
struct run {
	const struct measure_options *options;
	const struct target *target;
	struct exchange *x;
	struct measurement *out;
	struct measure_kept *kept; /* or null */
	bool is_dead;              /* not only silent: it is of no use to call there again */
	char *why;
	struct refusal_tally tally;
};

static int refuse(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* There is no result, for that reason. -1. */
static int refuse(struct run *r, const char *format, ...)
{
	char text[TARGET_WHY_MAX - sizeof(r->target->host.name) - 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(r->why, TARGET_WHY_MAX, "%s: %s", r->target->host.name, text);
	return -1;
}

static int fail(struct run *r, const char *what)
{
	char text[ADDRESS_TEXT_MAX], reason[EXCHANGE_WHY_MAX];

	r->is_dead = true;
	return refuse(r, "%s at %s: %s", what, address_text(&r->out->server, text),
		      exchange_why(r->x, reason));
}

/* Whether it is worth going on after such a failure: a lost packet is, a closed port is not. */
static bool is_loss(const struct run *r, int error)
{
	return error == -ETIMEDOUT || (error == -EBADMSG && r->target->socktype == SOCK_DGRAM);
}

int measure_was_stepped(const struct target *target, dur_ns step, char why[TARGET_WHY_MAX])
{
	char amount[WORDS_MAX];

	snprintf(why, TARGET_WHY_MAX,
		 "%s: the local clock was stepped %s by at least %s while it was measured; measure "
		 "again",
		 target->host.name, step > 0 ? "forward" : "back", words_duration(step, amount));
	return -1;
}

void measurement_free(struct measurement *m)
{
	free(m->samples);
	m->samples = NULL;
	m->n = 0;
}

const struct sample *measurement_time(const struct measurement *m)
{
	const struct sample *best = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct sample *s = &m->samples[i];

		if (s->kind == SAMPLE_TIME && (!best || sample_delay(s) < sample_delay(best))) {
			best = s;
		}
	}
	return best;
}

/* --- exchanges ------------------------------------------------------------------------------ */

/* Whether the local clock has run on since it was read last; 0, or -1 if it was stepped. */
static int check_local(struct run *r)
{
	const struct reading now = clock_read(r->options->clock);
	const dur_ns step = continuity_step(&r->out->read, &now);

	r->out->read = now;
	return step == 0 ? 0 : measure_was_stepped(r->target, step, r->why);
}

/* Take a sample in, unless a clock stepped while it was made. */
static bool keep(struct run *r, const struct sample *s)
{
	if (sample_check(s) != SAMPLE_OK) {
		r->out->stepped++;
		return false;
	}
	r->out->samples[r->out->n++] = *s;
	return true;
}

/* Calls of one procedure: how many valid answers are wanted, and what came of them. */
struct series {
	unsigned wanted, tries;
	unsigned valid, tried;
};

static bool is_open(const struct series *s)
{
	return s->valid < s->wanted && s->tried < s->tries;
}

/* Note how a call ended. 0, or -1 if it is of no use to go on. */
static int note(struct run *r, struct series *series, const struct sample *s, int rc,
		const char *procedure)
{
	const bool lost = is_loss(r, rc);
	char why[EXCHANGE_WHY_MAX];
	bool valid;

	series->tried++;
	if (check_local(r) != 0) {
		r->out->stepped++;
		return -1;
	}
	if (rc == -EBADMSG) {
		refusal_count(&r->tally, exchange_why(r->x, why));
	}
	valid = rc == 0 && keep(r, s);
	series->valid += valid;
	if (valid || lost) {
		progress_count(r->options->progress, valid, clock_mono(r->options->clock));
	}
	/* -EAGAIN: an interleaved round that is not known yet. */
	return rc == 0 || rc == -EAGAIN || lost ? 0 : fail(r, procedure);
}

/* Whether interleaved rounds can be had at all: from both kernels, and without limit. */
static int check_interleaved(struct run *r, const struct series *rounds)
{
	const struct exchange_unknown unknown = exchange_unknown(r->x);
	const unsigned patience =
		rounds->tries - 1 < INTERLEAVED_PATIENCE ? rounds->tries - 1 : INTERLEAVED_PATIENCE;

	if (rounds->valid > 0) {
		return 0;
	}
	if (unknown.replies >= patience) {
		return refuse(r, "the server never knows when its replies left (it gives 0 for "
				 "prev_tx): measure without --interleaved");
	}
	if (unknown.calls >= patience) {
		return refuse(r, "the kernel of this machine does not say when packets leave: "
				 "measure without --interleaved");
	}
	return 0;
}

static int try_interleaved(struct run *r, struct series *rounds)
{
	struct sample s;
	const int rc = exchange_interleaved(r->x, &s);

	if (rc == -EOPNOTSUPP) {
		return refuse(r, "the server has no procedure GET_TIMESTAMPS_INTERLEAVED: measure "
				 "without --interleaved");
	}
	return note(r, rounds, &s, rc, "GET_TIMESTAMPS_INTERLEAVED") == 0
		       ? check_interleaved(r, rounds)
		       : -1;
}

static int try_round(struct run *r, struct series *rounds)
{
	struct sample s;
	int rc;

	if (r->options->interleaved) {
		return try_interleaved(r, rounds);
	}
	rc = exchange_timestamps(r->x, &s);
	return note(r, rounds, &s, rc, "GET_TIMESTAMPS");
}

static int try_time(struct run *r, struct series *times)
{
	struct sample s;
	int rc = exchange_time(r->x, &s, &r->out->quality);

	r->out->quality_known |= rc == 0;
	return note(r, times, &s, rc, "GET_TIME");
}

/* --- results -------------------------------------------------------------------------------- */

/* Whether there are rounds enough. Without a GET_TIME some methods do; estimate() will see. */
static int check_enough(struct run *r, const struct series *rounds)
{
	const unsigned wanted = rounds->wanted;
	const struct refusal_rounds few = {
		.valid = rounds->valid,
		.tried = rounds->tried,
		.needed = wanted < MEASURE_MIN_VALID ? wanted : MEASURE_MIN_VALID,
		.stepped = r->out->stepped,
		.unknown = exchange_unknown(r->x).replies,
		.counts = exchange_counts(r->x),
	};
	char text[REFUSAL_MAX];

	return few.valid >= few.needed ? 0 : refuse(r, "%s", refusal_of_few(&few, &r->tally, text));
}

static int estimate(struct run *r)
{
	const struct measurement *m = r->out;
	const struct estimate_options *options = &r->options->estimate;
	const int rc =
		estimate_make(&r->out->estimate, r->options->method, m->samples, m->n, options);
	struct agree_conflict conflict;
	char text[REFUSAL_MAX];

	switch (rc) {
	case 0:
		return 0;
	case -ENODATA: /* there are rounds enough, or check_enough had said so */
		return refuse(r, "there is no answer to GET_TIME that is of use%s%s",
			      r->tally.total > 0 ? ": the server " : ": too much is lost",
			      r->tally.total > 0 ? r->tally.reasons[0].why : "");
	case -EDOM:
		(void)agree(m->samples, m->n, options->max_drift_ppb, &conflict);
		return refuse(r, "%s", refusal_of_conflict(m->samples, m->n, &conflict, text));
	default:
		return refuse(r, "%s", strerror(-rc));
	}
}

/* How many GET_TIMEs are wanted. */
static unsigned times_wanted(const struct run *r)
{
	const struct measure_options *o = r->options;

	if (o->in_turn || o->method == ESTIMATE_CRISTIAN) {
		return o->rounds;
	}
	return o->method != ESTIMATE_MEAN && r->kept && r->kept->skip_time ? 0 : 1;
}

static int take_rounds_and_times(struct run *r)
{
	const struct measure_options *o = r->options;
	/* An interleaved round is known after the next one only. */
	struct series rounds = { .wanted = o->rounds, .tries = 2 * o->rounds + o->interleaved };
	struct series times = { .wanted = times_wanted(r), .tries = 2 * o->rounds };
	int rc = 0;

	progress_expect(o->progress, rounds.wanted + times.wanted);
	while (rc == 0 && is_open(&rounds)) {
		rc = try_round(r, &rounds);
		if (rc == 0 && o->in_turn && is_open(&times)) {
			rc = try_time(r, &times);
		}
	}
	if (rc == 0) {
		rc = check_enough(r, &rounds);
	}
	while (rc == 0 && is_open(&times)) {
		rc = try_time(r, &times);
	}
	return rc;
}

/* Measure on a way that is open. 0 or -1. */
static int measure_on(struct run *r, const struct reach_way *way)
{
	int rc;

	r->x = way->x;
	r->out->server = way->server;
	r->out->stepped = 0;
	r->out->quality_known = false;
	memset(&r->tally, 0, sizeof(r->tally));
	r->out->read = clock_read(r->options->clock);
	rc = take_rounds_and_times(r);
	if (rc == 0) {
		rc = estimate(r);
	}
	r->out->counts = exchange_counts(r->x);
	return rc;
}

void measure_forget(struct measure_kept *kept)
{
	exchange_close(kept->x);
	kept->x = NULL;
}

/* Measure on the way that was kept, unless that is dead. 1 if there is none; else as measure(). */
static int measure_on_kept(struct run *r)
{
	struct reach_way way;
	int rc;

	if (!r->kept || !r->kept->x) {
		return 1;
	}
	way = (struct reach_way){ .server = r->kept->server, .x = r->kept->x };
	exchange_set_timeout(way.x, r->options->timeout);
	exchange_forget_counts(way.x);
	rc = measure_on(r, &way);
	if (rc != 0 && r->is_dead && r->out->n == 0) {
		measure_forget(r->kept);
		return 1;
	}
	return rc;
}

/* Keep the way that has led to a measurement: it is no longer the reach's to close. */
static void keep_way(struct run *r, struct reach_way *way)
{
	if (r->kept && !r->options->interleaved) {
		r->kept->x = way->x;
		r->kept->server = way->server;
		way->x = NULL;
	}
}

/* Measure at the first address that answers; if that has no sample to give, at the next. */
static int measure_any(struct run *r)
{
	const struct measure_options *o = r->options;
	struct reach_way *way;
	struct reach reach;
	int rc = measure_on_kept(r);

	if (rc <= 0) {
		return rc;
	}
	rc = -1;
	reach_open(&reach, r->target, o->clock, o->timeout);
	while (rc != 0 && r->out->n == 0 && (way = reach_next(&reach)) != NULL) {
		rc = measure_on(r, way);
		if (rc != 0) {
			reach_give_up(way, r->why);
		} else {
			keep_way(r, way);
		}
	}
	if (rc != 0 && r->out->n == 0) {
		reach_why(&reach, r->why);
		r->out->server = reach.ways[0].server;
		r->out->counts = reach_counts(&reach);
	}
	reach_close(&reach);
	return rc;
}

void measure_take_drift(struct measure_options *options)
{
	int64_t rate_ppb = clock_rate(options->clock);

	if (!options->clock_file && clock_frequency(options->clock, &rate_ppb) != 0) {
		rate_ppb = 0;
	}
	options->estimate.max_drift_ppb = drift_measured(rate_ppb);
}

int measure(struct measurement *out, const struct target *target,
	    const struct measure_options *options, struct measure_kept *kept,
	    char why[TARGET_WHY_MAX])
{
	struct run r = {
		.options = options, .target = target, .out = out, .kept = kept, .why = why
	};
	/* Rounds, and at most as many GET_TIMEs. */
	const size_t room = 2 * (size_t)options->rounds;
	int rc;

	memset(out, 0, sizeof(*out));
	out->socktype = target->socktype;
	out->samples = calloc(room, sizeof(*out->samples));
	if (!out->samples) {
		snprintf(why, TARGET_WHY_MAX, "out of memory");
		return -1;
	}
	rc = measure_any(&r);
	if (rc != 0) {
		measurement_free(out);
	}
	return rc;
}
