/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/voters.h"

#include <errno.h>
#include <string.h>

#include "core/splitmix.h"

/* SplitMix64, folded over the list. */
static uint64_t digest_of(const member_id *ids, size_t n)
{
	uint64_t digest = n;

	for (size_t i = 0; i < n; i++) {
		uint64_t state = digest ^ ids[i];

		digest = splitmix_next(&state);
	}
	return digest;
}

/* Where the member is, or would have to be inserted. */
static size_t place_of(const struct voters *e, member_id id)
{
	size_t low = 0;
	size_t high = e->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (e->id[middle] < id) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool is_at(const struct voters *e, size_t place, member_id id)
{
	return place < e->n && e->id[place] == id;
}

static int insert(struct voters *e, member_id id)
{
	size_t place = place_of(e, id);

	if (id == MEMBER_NONE) {
		return -EINVAL;
	}
	if (is_at(e, place, id)) {
		return -EEXIST;
	}
	if (e->n == MEMBERS_MAX) {
		return -E2BIG;
	}
	memmove(&e->id[place + 1], &e->id[place], (e->n - place) * sizeof(e->id[0]));
	e->id[place] = id;
	e->n++;
	return 0;
}

int voters_make(struct voters *out, uint64_t term, uint64_t version, const member_id *ids, size_t n)
{
	*out = (struct voters){ .stamp = { .term = term, .version = version } };
	for (size_t i = 0; i < n; i++) {
		int error = insert(out, ids[i]);
		if (error) {
			return error == -E2BIG ? -E2BIG : -EINVAL;
		}
	}
	out->stamp.digest = digest_of(out->id, out->n);
	return 0;
}

enum voters_order voters_compare(struct voters_stamp a, struct voters_stamp b)
{
	if (a.term != b.term) {
		return a.term < b.term ? VOTERS_OLDER : VOTERS_NEWER;
	}
	if (a.version != b.version) {
		return a.version < b.version ? VOTERS_OLDER : VOTERS_NEWER;
	}
	return a.digest == b.digest ? VOTERS_SAME : VOTERS_CONTRARY;
}

int voters_find(const struct voters *e, member_id id)
{
	size_t place = place_of(e, id);

	return is_at(e, place, id) ? (int)place : -ENOENT;
}

size_t voters_majority(const struct voters *e)
{
	return e->n / 2 + 1;
}

static void next_version(struct voters *e)
{
	e->stamp.version++;
	e->stamp.digest = digest_of(e->id, e->n);
}

int voters_add(struct voters *e, member_id id)
{
	int error = insert(e, id);

	if (!error) {
		next_version(e);
	}
	return error;
}

int voters_remove(struct voters *e, member_id id)
{
	int place = voters_find(e, id);

	if (place < 0) {
		return place;
	}
	e->n--;
	memmove(&e->id[place], &e->id[place + 1], (e->n - (size_t)place) * sizeof(e->id[0]));
	next_version(e);
	return 0;
}

void tally_add(struct tally *t, int place)
{
	if (!tally_has(t, place)) {
		t->seen[place / 64] |= UINT64_C(1) << place % 64;
		t->n++;
	}
}

bool tally_has(const struct tally *t, int place)
{
	return t->seen[place / 64] >> place % 64 & 1;
}
