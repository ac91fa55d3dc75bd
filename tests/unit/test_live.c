/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings that a daemon's processes share while it runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "os/entropy.h"
#include "server/live.h"
#include "tests/support/memory.h"

/* A supervisor's, with a key that is nowhere else. */
static struct settings *settings_with_key(struct memory_secret *secret)
{
	struct settings *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->verbose = true;
	s->keys.n = 1;
	s->keys.key[0].id = 7;
	assert_int_equal(entropy_fill(s->keys.key[0].bytes, KEYS_KEY_SIZE), 0);
	for (size_t i = 0; i < KEYS_KEY_SIZE; i++) {
		memory_secret_add(secret, s->keys.key[0].bytes[i]);
	}
	return s;
}

static void what_is_published_is_taken(void **state)
{
	struct memory_secret secret = { .n = 0 };
	struct settings *of_supervisor = settings_with_key(&secret);
	struct settings *of_worker = calloc(1, sizeof(*of_worker));
	struct live *live;

	(void)state;
	assert_int_equal(live_open(&live), 0);
	live_publish(live, of_supervisor);
	assert_true(live_take(live, of_worker));
	assert_true(of_worker->verbose);
	assert_memory_equal(&of_worker->keys, &of_supervisor->keys, sizeof(of_worker->keys));
	settings_free(of_supervisor);
	free(of_supervisor);
	assert_int_equal(memory_find(&secret), 2); /* the worker's, and the shared ones */
	settings_drop_keys(of_worker);
	live_close(live);
	assert_int_equal(memory_find(&secret), 0); /* and no copy is left anywhere */
	free(of_worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_published_is_taken),
	};

	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
