/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/series.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more of `n` elements. Null when there is no memory: the old ones stay. */
static void *grow(void *array, size_t n, size_t *room, size_t size)
{
	const size_t more = *room < 16 ? 16 : *room * 2;
	void *grown;

	if (n < *room) {
		return array;
	}
	grown = reallocarray(array, more, size);
	*room = grown ? more : *room;
	return grown;
}

struct series_server *series_known(const struct series *s, const char *host, size_t place)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->servers[i].place == place && strcmp(s->servers[i].host, host) == 0) {
			return &s->servers[i];
		}
	}
	return NULL;
}

struct series_server *series_find(struct series *s, const char *host, size_t place)
{
	struct series_server *known = series_known(s, host, place), *servers;

	if (known) {
		return known;
	}
	servers = grow(s->servers, s->n, &s->room, sizeof(*servers));
	if (!servers) {
		return NULL;
	}
	s->servers = servers;
	servers[s->n] = (struct series_server){ .place = place };
	strncpy(servers[s->n].host, host, PARSE_HOST_MAX);
	return &servers[s->n++];
}

void series_note(struct series *s, struct series_server *server, ts_ns at)
{
	s->begin = s->measurements == 0 || at < s->begin ? at : s->begin;
	s->end = s->measurements == 0 || at > s->end ? at : s->end;
	s->measurements++;
	server->measurements++;
}

bool series_add(struct series_numbers *numbers, int64_t value)
{
	int64_t *all = grow(numbers->all, numbers->n, &numbers->room, sizeof(*all));

	if (!all) {
		return false;
	}
	numbers->all = all;
	all[numbers->n++] = value;
	return true;
}

bool series_spread(struct series_numbers *numbers, struct spread *out)
{
	if (numbers->n == 0) {
		return false;
	}
	spread_make(out, numbers->all, numbers->n);
	return true;
}

void series_clear(struct series_numbers *numbers)
{
	free(numbers->all);
	*numbers = (struct series_numbers){ .n = 0 };
}

void series_free(struct series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		series_clear(&s->servers[i].round_trips);
		series_clear(&s->servers[i].offsets);
	}
	free(s->servers);
	*s = (struct series){ .n = 0 };
}
