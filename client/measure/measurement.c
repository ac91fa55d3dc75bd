/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "client/measure/measure.h"
#include "client/print/words.h"

int measure_was_stepped(const struct target *target, dur_ns step, char why[TARGET_WHY_MAX])
{
	char amount[WORDS_MAX];

	snprintf(why, TARGET_WHY_MAX,
		 "%s: the local clock was stepped %s by at least %s while it was measured; measure "
		 "again",
		 target->host.name, step > 0 ? "forward" : "back", words_duration(step, amount));
	return -1;
}

void measurement_free(struct measurement *m)
{
	free(m->samples);
	m->samples = NULL;
	m->n = 0;
}

const struct sample *measurement_time(const struct measurement *m)
{
	const struct sample *best = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct sample *s = &m->samples[i];

		if (s->kind == SAMPLE_TIME && (!best || sample_delay(s) < sample_delay(best))) {
			best = s;
		}
	}
	return best;
}
