/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/ratelimit.h"

#include <string.h>

#include "core/hash.h"

void ratelimit_init(struct ratelimit *r, int64_t per_second, int64_t burst, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	r->interval = NS_PER_SEC / per_second;
	r->burst = r->interval * burst;
	r->seed = seed;
	r->random = ~seed;
	for (size_t set = 0; set < RATELIMIT_SETS; set++) {
		for (size_t way = 0; way < RATELIMIT_WAYS; way++) {
			r->entries[set][way].full_at.ns = INT64_MIN;
		}
	}
}

static bool is_before(struct mono a, struct mono b)
{
	return a.ns < b.ns;
}

/* The caller's entry; if there is none, the entry of the caller that can best be forgotten. */
static struct ratelimit_entry *entry_of(struct ratelimit *r, const uint8_t *key)
{
	struct ratelimit_entry *set =
		r->entries[hash_bytes(r->seed, key, RATELIMIT_KEY_SIZE) % RATELIMIT_SETS];
	struct ratelimit_entry *spare = &set[0];

	for (size_t way = 0; way < RATELIMIT_WAYS; way++) {
		if (memcmp(set[way].key, key, RATELIMIT_KEY_SIZE) == 0) {
			return &set[way];
		}
		if (is_before(set[way].full_at, spare->full_at)) {
			spare = &set[way];
		}
	}
	memcpy(spare->key, key, RATELIMIT_KEY_SIZE);
	spare->full_at.ns = INT64_MIN;
	return spare;
}

bool ratelimit_take(struct ratelimit *r, const uint8_t key[RATELIMIT_KEY_SIZE], struct mono now)
{
	struct ratelimit_entry *e = entry_of(r, key);
	struct mono full_at = mono_add(is_before(e->full_at, now) ? now : e->full_at, r->interval);

	if (mono_since(full_at, now) > r->burst) {
		return false;
	}
	e->full_at = full_at;
	return true;
}

/* SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

bool ratelimit_leak(struct ratelimit *r)
{
	return next_random(&r->random) % RATELIMIT_LEAK == 0;
}
