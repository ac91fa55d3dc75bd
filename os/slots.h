/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record that processes share in mapped memory, without locks: two slots and a generation.
 *
 * The record of generation g lives in slot g % 2. A writer, who keeps other writers out, fills the
 * slot that nobody reads and then publishes it with one store of the generation. Up to that store
 * the old record is whole and valid, from it on the new one is: a writer killed at any instant
 * leaves a valid record. A reader copies the slot of the generation that it sees, and again if the
 * generation has moved on meanwhile. It never waits for a writer, not even for one that was stopped
 * half-way.
 *
 * Why the memory order below is enough
 *
 * A reader must never use a copy of a slot that was being overwritten meanwhile. The slot of
 * generation g is overwritten only by the writer of g + 2, after it saw g + 1 published.
 *
 * - Publishing is a release store that the reader's acquire load of the generation pairs with: a
 *   reader that sees g sees all of g's record, or words of a later one.
 * - If it did copy a word of g + 2, then its acquire fence after the copy pairs with that writer's
 *   release fence before its stores. The writer had seen g + 1 by then, so the reader's second
 *   load sees g + 1 or later, which is not g, and the copy is thrown away.
 * - Writers follow one another under a lock, and each loads the generation with acquire: what the
 *   one before wrote happens before what it writes.
 *
 * The words of a slot are atomic, if relaxed, as they may be stored while they are loaded.
 */
#ifndef OS_SLOTS_H
#define OS_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef _Atomic uint64_t slots_word;

/* Processes share these atomics: they must be plain words of memory, with no lock beside them. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free");
_Static_assert(sizeof(slots_word) == sizeof(uint64_t), "64-bit atomics must be lock-free");

/*
 * FNV-1a of 64-bit words, with a fold: each step is a bijection, so any change of a single word
 * changes the sum. It is against accidents, not malice. `size` is a multiple of 8.
 */
static inline uint64_t slots_checksum(const void *start, size_t size)
{
	const unsigned char *bytes = start;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, bytes + i, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x100000001b3);
		sum ^= sum >> 32;
	}
	return sum;
}

static inline uint64_t slots_generation(const slots_word *generation)
{
	return atomic_load_explicit(generation, memory_order_acquire);
}

/* Whether `seen`, which slots_generation returned, is no longer the present generation. */
static inline bool slots_moved_on(const slots_word *generation, uint64_t seen)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(generation, memory_order_relaxed) != seen;
}

/*
 * Copy a slot of `size` bytes, a multiple of 8. It is whole only if slots_moved_on then says false.
 */
static inline void slots_load(const slots_word *slot, void *record, size_t size)
{
	unsigned char *bytes = record;

	for (size_t i = 0; i < size / sizeof(uint64_t); i++) {
		const uint64_t word = atomic_load_explicit(&slot[i], memory_order_relaxed);

		memcpy(bytes + i * sizeof(word), &word, sizeof(word));
	}
}

/* Put the record of the next generation into its slot, and publish it. */
static inline void slots_publish(slots_word *generation, uint64_t next, slots_word *slot,
				 const void *record, size_t size)
{
	const unsigned char *bytes = record;

	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < size / sizeof(uint64_t); i++) {
		uint64_t word;

		memcpy(&word, bytes + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&slot[i], word, memory_order_relaxed);
	}
	atomic_store_explicit(generation, next, memory_order_release);
}

#endif
