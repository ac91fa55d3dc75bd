#include "client/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A lost NULL call says nothing yet: this many are sent before the server counts as silent. */
#define GREETINGS 5

/* A measurement under way. */
struct run {
	const struct measure_options *options;
	const struct target *target;
	struct exchange *x;
	struct measurement *out;
	char *why;
};

static int fail(struct run *r, const char *what)
{
	char text[ADDRESS_TEXT_MAX], reason[EXCHANGE_WHY_MAX];

	snprintf(r->why, TARGET_WHY_MAX, "%s: %s at %s: %s", r->target->host.name, what,
		 address_text(&r->out->server, text), exchange_why(r->x, reason));
	return -1;
}

/* Whether it is worth going on after such a failure: a lost packet is, a closed port is not. */
static bool is_loss(const struct run *r, int error)
{
	return error == -ETIMEDOUT || (error == -EBADMSG && r->target->socktype == SOCK_DGRAM);
}

/* What to do about a server that could not be reached. */
static const char *advice(const struct run *r, int error)
{
	switch (error) {
	case -ECONNREFUSED:
		return r->target->host.port != 0
			       ? "; is timesyncd running there, at that port?"
			       : "; rpcbind named this port, but nobody has it any more: start "
				 "timesyncd there again";
	case -ETIMEDOUT:
		return "; 'timesync doctor' looks for the reason";
	default:
		return "";
	}
}

static void advise(struct run *r, int error)
{
	strncat(r->why, advice(r, error), TARGET_WHY_MAX - strlen(r->why) - 1);
}

/* Check that the server is there and speaks our version; this also warms up the path. */
static int greet(struct run *r)
{
	int rc = -ETIMEDOUT;

	for (int i = 0; i < GREETINGS && rc == -ETIMEDOUT; i++) {
		rc = exchange_null(r->x);
	}
	if (rc != 0) {
		(void)fail(r, "the server");
		advise(r, rc);
		return -1;
	}
	exchange_forget_counts(r->x);
	return 0;
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
	const bool valid = rc == 0 && keep(r, s);
	const bool lost = is_loss(r, rc);

	series->tried++;
	series->valid += valid;
	if (valid || lost) {
		progress_count(r->options->progress, valid, clock_mono(r->options->clock));
	}
	/* -EAGAIN: an interleaved round that is not known yet. */
	return rc == 0 || rc == -EAGAIN || lost ? 0 : fail(r, procedure);
}

static int try_round(struct run *r, struct series *rounds)
{
	struct sample s;
	int rc = r->options->interleaved ? exchange_interleaved(r->x, &s)
					 : exchange_timestamps(r->x, &s);

	return note(r, rounds, &s, rc, "GET_TIMESTAMPS");
}

static int try_time(struct run *r, struct series *times)
{
	struct sample s;
	int rc = exchange_time(r->x, &s, &r->out->quality);

	r->out->quality_known |= rc == 0;
	return note(r, times, &s, rc, "GET_TIME");
}

/* Whether there are rounds enough. Without a GET_TIME some methods do; estimate() will see. */
static int check_enough(struct run *r, const struct series *rounds)
{
	const unsigned wanted = rounds->wanted;
	const unsigned enough = wanted < MEASURE_MIN_VALID ? wanted : MEASURE_MIN_VALID;

	if (rounds->valid >= enough) {
		return 0;
	}
	if (2 * r->out->stepped > rounds->tried) {
		snprintf(
			r->why, TARGET_WHY_MAX,
			"%s: only %u of %u rounds were of use, and %u are needed: in the middle of "
			"the others a clock was stepped, or runs far too slow or fast",
			r->target->host.name, rounds->valid, rounds->tries, enough);
		return -1;
	}
	snprintf(r->why, TARGET_WHY_MAX,
		 "%s: only %u of %u rounds were of use, and %u are needed: too much is lost",
		 r->target->host.name, rounds->valid, rounds->tries, enough);
	return -1;
}

static int estimate(struct run *r)
{
	const int rc = estimate_make(&r->out->estimate, r->options->method, r->out->samples,
				     r->out->n, &r->options->estimate);
	const char *what;

	switch (rc) {
	case 0:
		return 0;
	case -ENODATA: /* there are rounds enough, or take_rounds had said so */
		what = "GET_TIME was not answered: too much is lost";
		break;
	case -EDOM:
		what = "a clock was stepped between the rounds; measure again";
		break;
	default:
		what = strerror(-rc);
	}
	snprintf(r->why, TARGET_WHY_MAX, "%s: %s", r->target->host.name, what);
	return -1;
}

static int take_rounds_and_times(struct run *r)
{
	const struct measure_options *o = r->options;
	const bool many_times = o->in_turn || o->method == ESTIMATE_CRISTIAN;
	/* An interleaved round is known after the next one only. */
	struct series rounds = { .wanted = o->rounds, .tries = 2 * o->rounds + o->interleaved };
	struct series times = { .wanted = many_times ? o->rounds : 1, .tries = 2 * o->rounds };
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

static int take_samples(struct run *r)
{
	int rc = greet(r);

	if (rc == 0) {
		rc = take_rounds_and_times(r);
	}
	r->out->counts = exchange_counts(r->x);
	return rc == 0 ? estimate(r) : rc;
}

/* Measure at one address. 0; -1 if nobody is there, and another address may be better. */
static int measure_at(struct run *r, size_t i)
{
	const struct measure_options *o = r->options;
	struct measurement *out = r->out;
	char text[ADDRESS_TEXT_MAX];
	int rc;

	if (target_locate(&out->server, r->target, i, o->clock, o->timeout * GREETINGS, r->why) !=
	    0) {
		return -1;
	}
	rc = exchange_open(&r->x, &out->server, r->target->socktype, o->clock, o->timeout);
	if (rc != 0) {
		snprintf(r->why, TARGET_WHY_MAX, "%s: cannot reach the server at %s: %s",
			 r->target->host.name, address_text(&out->server, text), strerror(-rc));
		advise(r, rc);
		return -1;
	}
	rc = take_samples(r);
	exchange_close(r->x);
	return rc;
}

int measure(struct measurement *out, const struct target *target,
	    const struct measure_options *options, char why[TARGET_WHY_MAX])
{
	struct run r = { .options = options, .target = target, .out = out, .why = why };
	/* Rounds, and at most as many GET_TIMEs. */
	const size_t room = 2 * (size_t)options->rounds;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	out->socktype = target->socktype;
	out->samples = calloc(room, sizeof(*out->samples));
	if (!out->samples) {
		snprintf(why, TARGET_WHY_MAX, "out of memory");
		return -1;
	}
	for (size_t i = 0; i < target->n && rc != 0 && out->n == 0; i++) {
		rc = measure_at(&r, i);
	}
	if (rc != 0) {
		measurement_free(out);
	}
	return rc;
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
