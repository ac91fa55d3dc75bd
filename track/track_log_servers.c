/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_log_servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/entropy.h"

#define FIRST_SLOTS 128 /* a power of two, as all that follow */

static size_t hash(const struct track_log_servers *s, const char *host, size_t which)
{
	return (siphash(&s->key, host, strlen(host)) + which) & (s->n_slots - 1);
}

/* The slot of a server: its own, or the empty one where it would be. */
static size_t *find_slot(const struct track_log_servers *s, const char *host, size_t which)
{
	size_t i = hash(s, host, which);

	while (s->slots[i] != 0) {
		const struct track_log_server *server = &s->all[s->slots[i] - 1];

		if (server->which == which && strcmp(server->host, host) == 0) {
			break;
		}
		i = (i + 1) & (s->n_slots - 1);
	}
	return &s->slots[i];
}

/* Have twice as many slots as servers at least, and room for one more. 0 or -ENOMEM. */
static int grow(struct track_log_servers *s)
{
	const size_t n_slots = s->n_slots == 0 ? FIRST_SLOTS : 2 * s->n_slots;
	struct track_log_server *all;
	size_t *slots;

	if (2 * (s->n + 1) <= s->n_slots) {
		return 0;
	}
	if (s->n_slots == 0) { /* so that the author of a log cannot know it; 0 if it fails */
		(void)entropy_fill(&s->key, sizeof(s->key));
	}
	all = reallocarray(s->all, n_slots / 2, sizeof(*all));
	if (!all) {
		return -ENOMEM;
	}
	s->all = all;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots) {
		return -ENOMEM;
	}
	free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
	for (size_t i = 0; i < s->n; i++) {
		*find_slot(s, s->all[i].host, s->all[i].which) = i + 1;
	}
	return 0;
}

/* The server of that name, the `which`th of them; a new one if need be. Null: no memory. */
static struct track_log_server *find_or_add(struct track_log_servers *s, const char *host,
					    size_t which)
{
	struct track_log_server *server;
	size_t *slot;

	if (grow(s) != 0) {
		return NULL;
	}
	slot = find_slot(s, host, which);
	if (*slot == 0) {
		server = &s->all[s->n++];
		*server = (struct track_log_server){ .which = which };
		strcpy(server->host, host); /* of the same size */
		*slot = s->n;
	}
	return &s->all[*slot - 1];
}

int track_log_servers_add(struct track_log_servers *s, size_t line, const struct track_verdict *v)
{
	struct track_log_server *server = find_or_add(s, v->host, 0);
	size_t which;

	if (!server) {
		return -ENOMEM;
	}
	which = server->line == line ? server->in_line : 0;
	server->line = line;
	server->in_line = which + 1;
	server = find_or_add(s, v->host, which);
	if (!server) {
		return -ENOMEM;
	}
	server->port = v->port != 0 ? v->port : server->port;
	server->polls++;
	server->answered += v->answered;
	server->outvoted += v->outvoted;
	return 0;
}

void track_log_servers_free(struct track_log_servers *s)
{
	free(s->all);
	free(s->slots);
	*s = (struct track_log_servers){ .n = 0 };
}
