/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Selection among several servers: which of them are right, and the offset that follows.
 *
 * Each server claims an interval, [offset - max_error, offset + max_error], in which the true
 * offset lies. The intersection algorithm (Marzullo & Owicki 1983; RFC 5905, section 11.2.1) finds
 * where a majority of the intervals overlap. As long as fewer than half of the servers are wrong,
 * the truth lies between the first and the last point that a strict majority of all intervals
 * covers, so that is the result, and an interval that is wholly outside is false for certain.
 *
 * The RFC instead looks for the largest number of intervals that overlap anywhere. That result is
 * narrower, but two liars of five can get it wrong: [0,17] [0,17] [0,3] with the truth at 2, and
 * two times [8,9], have [8,9] as the intersection of four.
 */
#ifndef CORE_SELECT_H
#define CORE_SELECT_H

#include <stddef.h>

#include "core/ts.h"

#define SELECT_MAX 64

struct select_candidate {
	dur_ns offset;    /* remote minus local */
	dur_ns max_error; /* claimed: |true offset - offset| <= max_error; INT64_MAX for any */
};

enum select_verdict {
	SELECT_TRUECHIMER,  /* its interval overlaps the result: it can be right */
	SELECT_AHEAD,       /* falseticker: all of its interval lies above the result */
	SELECT_BEHIND,      /* falseticker: all of its interval lies below */
	SELECT_NO_MAJORITY, /* nobody can tell, since no majority agrees on anything */
	SELECT_UNUSABLE,    /* |offset| is TS_LIMIT or more, or max_error negative: no answer */
};

struct select_result {
	enum select_verdict verdict[SELECT_MAX]; /* of each candidate, in their order */
	size_t voters;                           /* candidates that are not unusable */
	size_t agreeing;                         /* the most intervals that overlap anywhere */
	/* Only if select_combine returned 0: */
	size_t truechimers;
	dur_ns low, high; /* the true offset lies in here */
	dur_ns offset;    /* the best guess, also in here */
	dur_ns max_error; /* |true offset - offset| <= max_error; INT64_MAX if it can be any */
};

/*
 * Combine `n` candidates, in any order. The bound is sound if fewer than half of the voters lie;
 * none that tells the truth is then called a falseticker. Unusable candidates have no vote but
 * count: an attacker who silences the honest servers must not decide with the rest, so more than
 * half of all candidates have to agree.
 *
 * The offset is the mean of the truechimers' offsets, each moved into [low, high] first, with the
 * weight 1 / max_error^2, proportional to the inverse of their variance. The middle of the interval
 * would have the least bound, but it is the worst servers that determine its ends. No candidate has
 * a larger weight than the one with the (lower) median bound: so a liar that claims to be exact,
 * and lies no more than the bounds of the others allow, has the weight of one of them. One server
 * alone passes through unchanged.
 *
 * 0, or:
 *   -ENODATA  no candidate is usable
 *   -EDOM     no point is covered by the intervals of more than half of the candidates
 *   -E2BIG    n > SELECT_MAX, and *out is not touched
 */
int select_combine(struct select_result *out, const struct select_candidate *candidates, size_t n);

/* The verdict as a short clause for people, without a full stop; a static string. */
const char *select_verdict_text(enum select_verdict verdict);

#endif
