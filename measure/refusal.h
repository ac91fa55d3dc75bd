/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Refusal: the reason, as text, why a measurement has no result: useless replies, or exchanges that
 * contradict each other; or why it is not acted upon.
 */
#ifndef MEASURE_REFUSAL_H
#define MEASURE_REFUSAL_H

#include "core/agree.h"
#include "rpc/client/exchange.h"

#define REFUSAL_MAX 400

/* How many different reasons are told apart; those beyond are counted together. */
#define REFUSAL_REASONS 8

/* Answers that were of no use, by what exchange_why says of them. All zeros: none. */
struct refusal_tally {
	struct {
		char why[EXCHANGE_WHY_MAX];
		unsigned times;
	} reasons[REFUSAL_REASONS];
	unsigned total;
};

void refusal_count(struct refusal_tally *t, const char *why);

/* The fate of the rounds when there are too few. */
struct refusal_rounds {
	unsigned valid, tried, needed;
	unsigned stepped; /* a clock was stepped in their middle */
	unsigned unknown; /* interleaved: the server did not know when its reply left */
	struct call_counts counts;
};

/* Why there are too few rounds. Returns `buf`. */
const char *refusal_of_few(const struct refusal_rounds *r, const struct refusal_tally *t,
			   char buf[REFUSAL_MAX]);

/* Which two of the samples exclude each other, and what that means. Returns `buf`. */
const char *refusal_of_conflict(const struct sample *samples, size_t n,
				const struct agree_conflict *c, char buf[REFUSAL_MAX]);

/* Why a large correction by servers that are not synchronised is not made. Returns `buf`. */
const char *refusal_by_unsynchronised(dur_ns offset, char buf[REFUSAL_MAX]);

#endif
