/* SPDX-License-Identifier: BSD-3-Clause */
/* Jitter: what machines that were started together do not do together. */
#include "core/jitter.h"
#include "tests/support/between.h"

#define MACHINES 1000
#define POLLS    20
#define POLL     (32 * NS_PER_SEC)

static void a_pause_is_never_shorter_and_an_eighth_longer_at_most(void **state)
{
	static const dur_ns pauses[] = { 0, 1, 7, 8, NS_PER_SEC, 3600 * NS_PER_SEC, INT64_MAX - 1 };
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		for (int k = 0; k < 1000; k++) {
			const dur_ns pause = jitter_add(pauses[i], &random);

			assert_true(pause >= pauses[i]);
			assert_true(pause <= arith_add(pauses[i], pauses[i] / 8));
		}
	}
}

/* 1000 machines boot at the same instant: how many of them ask within the same second, at most. */
static void those_that_boot_together_do_not_beat_in_step(void **state)
{
	static uint64_t random[MACHINES];
	static dur_ns at[MACHINES];
	static unsigned asks[POLLS * 40];
	unsigned most = 0;

	(void)state;
	for (uint64_t m = 0; m < MACHINES; m++) {
		random[m] = splitmix_mix(m + 1);
		for (int poll = 0; poll < POLLS; poll++) {
			at[m] += jitter_add(POLL, &random[m]);
		}
		asks[at[m] / NS_PER_SEC]++;
	}
	for (size_t s = 0; s < sizeof(asks) / sizeof(asks[0]); s++) {
		most = asks[s] > most ? asks[s] : most;
	}
	/* Without jitter: all of them. The sum of 20 pauses is spread by 5.2 s, as one deviation.
	 */
	assert_true(most < MACHINES / 8);
	assert_true(most > MACHINES / 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pause_is_never_shorter_and_an_eighth_longer_at_most),
		cmocka_unit_test(those_that_boot_together_do_not_beat_in_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
