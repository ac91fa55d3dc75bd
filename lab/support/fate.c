/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/fate.h"

#include "core/splitmix.h"

static bool chance(const struct fate_rules *rules, enum fate_fault fault, uint64_t *random)
{
	return splitmix_below(random, 100) < rules->percent[fault];
}

static dur_ns delay(const struct fate_rules *rules, uint64_t *random)
{
	uint64_t span = (uint64_t)(rules->delay_max - rules->delay_min) + 1;

	return rules->delay_min + (dur_ns)splitmix_below(random, span);
}

struct fate fate_draw(const struct fate_rules *rules, uint64_t *random)
{
	struct fate f;

	f.drop = chance(rules, FATE_DROP, random);
	f.duplicate = chance(rules, FATE_DUPLICATE, random);
	f.reorder = chance(rules, FATE_REORDER, random);
	f.delay = delay(rules, random);
	f.copy_delay = delay(rules, random);
	return f;
}
