/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/asker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

int asker_open(struct asker *a, int socktype)
{
	const struct fake_server *s = &a->server.server;

	memset(a, 0, sizeof(*a));
	fake_timesync_open(&a->server);
	fake_clock_init(&a->clock, ASKER_NOW);
	a->clock.serve = fake_server_serve;
	a->clock.arg = &a->server.server;
	return exchange_open(&a->x, socktype == SOCK_DGRAM ? &s->dgram_at : &s->stream_at, socktype,
			     &a->clock.clock, ASKER_TIMEOUT, NULL);
}

void asker_close(struct asker *a)
{
	exchange_close(a->x);
	fake_timesync_close(&a->server);
}

void asker_check_why(const struct asker *a, const char *text)
{
	char why[EXCHANGE_WHY_MAX];

	assert_ptr_equal(exchange_why(a->x, why), why);
	assert_string_equal(why, text);
}
