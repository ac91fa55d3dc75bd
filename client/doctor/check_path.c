/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "client/doctor/checks.h"
#include "print/words.h"
#include "core/arith.h"

/* No bound can be better than half the delay. */
#define FAR_AWAY (100 * NS_PER_MS)
/* Differences smaller than this are what any computer shows. */
#define NOISE (100 * NS_PER_US)

static int compare(const void *a, const void *b)
{
	const dur_ns x = *(const dur_ns *)a, y = *(const dur_ns *)b;

	return x < y ? -1 : x > y;
}

/* The spread of a quantity over all samples of an endpoint. */
struct spread {
	dur_ns least, median, most;
};

typedef dur_ns quantity(const struct sample *s);

static struct spread spread_of(const struct diagnosis_endpoint *e, quantity *of)
{
	dur_ns sorted[DIAGNOSIS_PROBES] = { 0 };

	for (size_t i = 0; i < e->n; i++) {
		sorted[i] = of(&e->samples[i]);
	}
	qsort(sorted, e->n, sizeof(sorted[0]), compare);
	return (struct spread){ sorted[0], sorted[e->n / 2], sorted[e->n - 1] };
}

/* The ways there and back, each with what the clocks differ by. */
static dur_ns way_there(const struct sample *s)
{
	return s->t2 - s->t1;
}

static dur_ns way_back(const struct sample *s)
{
	return s->t4 - s->t3;
}

static void judge_loss(struct diagnosis *d, const struct diagnosis_endpoint *e)
{
	const unsigned sent = e->counts.sent;
	const unsigned late = e->counts.late < e->counts.lost ? e->counts.late : e->counts.lost;
	const unsigned lost = e->counts.lost - late;
	const bool most = 2 * (size_t)(lost + late) > sent;
	char at[ADDRESS_TEXT_MAX], strays[60] = "";
	struct diagnosis_check *c;

	address_text(&e->at, at);
	if (e->counts.stray > 0) {
		snprintf(strays, sizeof(strays), "; %u that came belong to no call",
			 e->counts.stray);
	}
	if (sent == DIAGNOSIS_PROBES && lost + late == 0) {
		diagnosis_add(d, "loss", DIAGNOSIS_OK, "%u probes of %s over %s, none lost", sent,
			      at, diagnosis_transport(e));
		return;
	}
	c = diagnosis_add(d, "loss", most ? DIAGNOSIS_FAILURE : DIAGNOSIS_WARNING,
			  "%u probes of %s over %s: %u lost, %u answered too late%s%s", sent, at,
			  diagnosis_transport(e), lost, late, strays,
			  sent < DIAGNOSIS_PROBES ? "; then the time was over, or the server gone"
						  : "");
	if (2 * (size_t)e->counts.stray > sent) {
		diagnosis_advise(c, "See which program has the port there: it sends what answers "
				    "nothing.");
		return;
	}
	diagnosis_advise(c,
			 "Look for a bad link or a --rate-limit of timesyncd; until then measure "
			 "with more --rounds%s.",
			 e->socktype == SOCK_DGRAM ? ", or over TCP" : "");
}

static void judge_delay(struct diagnosis *d, const struct diagnosis_endpoint *e)
{
	const struct spread delay = spread_of(e, sample_delay);
	const bool far = delay.least > FAR_AWAY;
	char at[ADDRESS_TEXT_MAX], least[WORDS_MAX], median[WORDS_MAX], most[WORDS_MAX];
	struct diagnosis_check *c = diagnosis_add(
		d, "delay", far ? DIAGNOSIS_WARNING : DIAGNOSIS_OK,
		"%s over %s: least %s, median %s, most %s", address_text(&e->at, at),
		diagnosis_transport(e), words_duration(delay.least, least),
		words_duration(delay.median, median), words_duration(delay.most, most));

	if (far) {
		diagnosis_advise(c, "Use a server that is nearer: no offset can be more certain "
				    "than half the delay.");
	}
}

void diagnosis_judge_paths(struct diagnosis *d, const struct diagnosis_facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];

		if (diagnosis_server_answers(e) && e->refused == 0) {
			judge_loss(d, e);
		}
		if (e->n > 0) {
			judge_delay(d, e);
		}
	}
}

/*
 * By queues: each way's least time hides what the clocks differ by, so what the middle is above it
 * is what the way adds. If one adds much more, a mean of all rounds leans that way.
 */
static void judge_queues(struct diagnosis *d, const struct diagnosis_endpoint *e)
{
	const struct spread there = spread_of(e, way_there), back = spread_of(e, way_back);
	const dur_ns more_there = there.median - there.least, more_back = back.median - back.least;
	const dur_ns lean = arith_abs(more_there - more_back);
	const dur_ns less = more_there < more_back ? more_there : more_back;
	const bool leans =
		lean > NOISE && lean > 2 * less && lean > sample_delay(diagnosis_best(e)) / 4;
	char at[ADDRESS_TEXT_MAX], a[WORDS_MAX], b[WORDS_MAX];
	struct diagnosis_check *c =
		diagnosis_add(d, "asymmetry", leans ? DIAGNOSIS_WARNING : DIAGNOSIS_OK,
			      "%s over %s: the way there takes %s more than at best in the "
			      "median, the way back %s%s",
			      address_text(&e->at, at), diagnosis_transport(e),
			      words_duration(more_there, a), words_duration(more_back, b),
			      leans ? "" : "; a constant difference of the two cannot be seen");

	if (leans) {
		diagnosis_advise(c, "Use --method ntp or minimum, which take the quickest packets: "
				    "a mean leans to one side here.");
	}
}

/* Compare two paths to the same host. */
static void judge_pair(struct diagnosis *d, const struct diagnosis_endpoint *one,
		       const struct diagnosis_endpoint *other, int64_t max_drift_ppb)
{
	const struct sample *a = diagnosis_best(one), *b = diagnosis_best(other);
	const dur_ns differ = arith_abs(sample_offset(a) - sample_offset(b));
	const dur_ns longer = sample_delay(a) > sample_delay(b) ? sample_delay(a) : sample_delay(b);
	char amount[WORDS_MAX], at[2][ADDRESS_TEXT_MAX];
	struct diagnosis_check *c;

	address_text(&one->at, at[0]);
	address_text(&other->at, at[1]);
	words_duration(differ, amount);
	if (diagnosis_contradict(a, b, max_drift_ppb)) {
		c = diagnosis_add(d, "asymmetry", DIAGNOSIS_FAILURE,
				  "%s over %s and %s over %s differ by %s, more than their bounds "
				  "allow: they are different clocks",
				  at[0], diagnosis_transport(one), at[1],
				  diagnosis_transport(other), amount);
		diagnosis_advise(c, "See whether all addresses of the name belong to one machine, "
				    "and which program has the port there.");
	} else if (differ > NOISE && differ > longer / 4) {
		c = diagnosis_add(
			d, "asymmetry", DIAGNOSIS_WARNING,
			"%s over %s and %s over %s differ by %s: on one of them there and "
			"back are at least that unequal",
			at[0], diagnosis_transport(one), at[1], diagnosis_transport(other), amount);
		diagnosis_advise(c, "Keep to the one with less delay, whose error has the smaller "
				    "bound, by -4, -6 or --transport.");
	}
}

void diagnosis_judge_symmetry(struct diagnosis *d, const struct diagnosis_facts *f)
{
	const struct diagnosis_endpoint *first = NULL;

	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];

		if (e->n == 0) {
			continue;
		}
		if (first) {
			judge_pair(d, first, e, f->max_drift_ppb);
		} else {
			first = e;
			judge_queues(d, e);
		}
	}
}
