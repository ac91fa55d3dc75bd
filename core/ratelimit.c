/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/ratelimit.h"

#include <string.h>

#include "core/splitmix.h"

void ratelimit_init(struct ratelimit *r, int64_t per_second, int64_t burst, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	r->interval = NS_PER_SEC / per_second;
	r->burst = r->interval * burst;
	r->key = (struct siphash_key){ { seed, splitmix_mix(seed) } };
	r->random = siphash(&r->key, NULL, 0); /* what leaks does not tell the key */
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
		r->entries[siphash(&r->key, key, RATELIMIT_KEY_SIZE) % RATELIMIT_SETS];
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

bool ratelimit_leak(struct ratelimit *r)
{
	return splitmix_below(&r->random, RATELIMIT_LEAK) == 0;
}
