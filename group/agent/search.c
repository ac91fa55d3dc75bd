/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/search.h"

#include <errno.h>

#include "group/wire/codec.h"

/* So many datagrams, then others have their turn. */
#define DATAGRAMS_A_TURN 64

static void answers_ready(void *arg, int fd)
{
	struct search *s = arg;
	struct address from;
	int rc = 0;

	(void)fd;
	for (int i = 0; i < DATAGRAMS_A_TURN && rc != -EAGAIN && s->broadcast.fd >= 0; i++) {
		rc = broadcast_receive(&s->broadcast, &from);
		if (rc == 1 && address_port(&from) != 0) {
			s->found(s->arg, &from);
		}
	}
}

void search_init(struct search *s, struct loop *loop, search_found_fn *found, void *arg)
{
	*s = (struct search){
		.loop = loop,
		.found = found,
		.arg = arg,
		.broadcast = { .fd = -1 },
	};
}

static int open_socket(struct search *s)
{
	int rc = broadcast_open(&s->broadcast, GROUP_PROGRAM, GROUP_VERSION);

	if (rc == 0) {
		rc = loop_watch(s->loop, s->broadcast.fd, answers_ready, s);
	}
	if (rc != 0) {
		broadcast_close(&s->broadcast);
	}
	return rc;
}

int search_ask(struct search *s)
{
	const int rc = s->broadcast.fd < 0 ? open_socket(s) : 0;

	return rc == 0 ? broadcast_ask(&s->broadcast) : rc;
}

void search_end(struct search *s)
{
	if (s->broadcast.fd >= 0) {
		loop_unwatch(s->loop, s->broadcast.fd);
		broadcast_close(&s->broadcast);
	}
}
