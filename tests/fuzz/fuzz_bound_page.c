/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The page of a bound: any bound is refused or gives intervals at any instant; and a page of it
 * takes no damage in the record that counts without its being noticed.
 *
 * Input: a bound, an instant, and a place to damage; and once more its first octets as a record.
 */
#include <string.h>

#include "os/bound_page.h"
#include "tests/fuzz/fuzz.h"

struct input {
	struct bound bound;
	struct mono now;
	uint32_t place;
	uint8_t mask;
};

static void check_interval(const struct bound *b, struct mono now)
{
	const struct bound_interval i = bound_at(b, now);

	FUZZ_REQUIRE(i.earliest >= 0 && i.earliest <= i.latest);
	FUZZ_REQUIRE(i.state >= BOUND_UNKNOWN && i.state <= BOUND_SYNCHRONISED);
	FUZZ_REQUIRE((i.state == BOUND_UNKNOWN) == (i.earliest == 0 && i.latest == INT64_MAX));
	FUZZ_REQUIRE(now.ns < b->forgotten.ns || i.state == BOUND_UNKNOWN);
	FUZZ_REQUIRE(now.ns < b->due.ns || i.state != BOUND_SYNCHRONISED);
}

static void check_bound(const struct bound *b, struct mono now)
{
	check_interval(b, now);
	check_interval(b, b->at);
	check_interval(b, b->due);
	check_interval(b, mono_add(b->forgotten, -1));
}

static void check_damage(const struct input *in)
{
	struct bound_page page;
	struct bound_page_record record;
	uint8_t *octets = (uint8_t *)&page;
	const size_t place = offsetof(struct bound_page, generation) +
			     in->place % (sizeof(page) - offsetof(struct bound_page, generation));
	const bool matters = place < offsetof(struct bound_page, slots[1]);
	uint64_t generation;

	bound_page_format(&page, 1, (struct mono){ 0 });
	bound_page_publish(&page, 1, &in->bound); /* generation 1, in slot 1 */
	bound_page_publish(&page, 1, &in->bound); /* generation 2, in slot 0 */
	generation = bound_page_read(&page, &record);
	FUZZ_REQUIRE(bound_page_is_sound(&record, generation) == bound_valid(&in->bound));
	octets[place] ^= in->mask;
	generation = bound_page_read(&page, &record);
	/* Or it is the record before: that was true, and is older. */
	FUZZ_REQUIRE(!matters || in->mask == 0 || generation == 1 ||
		     !bound_page_is_sound(&record, generation));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bound_page_record record = { .generation = 0 };
	struct input in = { .mask = 0 };

	memcpy(&in, data, size < sizeof(in) ? size : sizeof(in));
	in.now.ns &= TS_LIMIT - 1; /* no clock shows another time */
	if (bound_valid(&in.bound)) {
		check_bound(&in.bound, in.now);
	}
	check_damage(&in);
	memcpy(&record, data, size < sizeof(record) ? size : sizeof(record));
	if (bound_page_is_sound(&record, record.generation)) {
		check_bound(&record.bound, in.now);
	}
	return 0;
}
