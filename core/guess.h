/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mistyped word: the one of several known words that was probably meant.
 *
 * The distance of two words is the least number of letters that are inserted, left out, replaced
 * or swapped with their neighbour (optimal string alignment). A word that begins as it was typed
 * is as near as one mistake.
 */
#ifndef CORE_GUESS_H
#define CORE_GUESS_H

#include <stddef.h>

#define GUESS_MAX 40 /* no longer word is guessed at */

struct guess {
	const char *typed;
	size_t length; /* of it, or of the part of it that counts */
	const char *best;
	size_t distance;
};

/* Begin with the first `length` characters of a word that is unknown; it must outlive the guess. */
void guess_begin(struct guess *g, const char *typed, size_t length);

/* Try a known word, which must outlive the guess. Of words as near as each other the first wins. */
void guess_try(struct guess *g, const char *known);

/* The word that was probably meant; null when none is near enough: a third of its letters. */
const char *guess_end(const struct guess *g);

/* The distance of two words: `a` of `length` characters, at most GUESS_MAX, and `b`. */
size_t guess_distance(const char *a, size_t length, const char *b);

#endif
