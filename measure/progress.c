/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/progress.h"

#include <stdio.h>

#include "print/terminal.h"

/* Fast enough to be read, too slow to be in the way of a measurement. */
#define INTERVAL (200 * NS_PER_MS)

void progress_begin(struct progress *p, const char *host, size_t servers, struct mono now)
{
	*p = (struct progress){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wanted = terminal_is(stderr),
		.next = mono_add(now, INTERVAL),
		.host = servers == 1 ? host : NULL,
		.servers = servers,
	};
}

void progress_expect(struct progress *p, unsigned exchanges)
{
	if (p) {
		pthread_mutex_lock(&p->lock);
		p->exchanges += exchanges;
		pthread_mutex_unlock(&p->lock);
	}
}

static void show(const struct progress *p)
{
	/* A line that wraps could not be taken back. */
	const int columns = (int)terminal_size(stderr).columns - 1;
	char line[400];
	int len = 0;

	if (p->host) {
		len = snprintf(line, sizeof(line), "%s", p->host);
	} else {
		len = snprintf(line, sizeof(line), "%zu servers", p->servers);
	}
	snprintf(line + len, sizeof(line) - (size_t)len, ": %u of %u exchanges, %u lost", p->done,
		 p->exchanges, p->lost);
	fprintf(stderr, "\r\033[K%.*s", columns, line);
	fflush(stderr);
}

void progress_count(struct progress *p, bool done, struct mono now)
{
	if (!p) {
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->done += done;
	p->lost += !done;
	if (p->wanted && mono_since(now, p->next) >= 0) {
		show(p);
		p->shown = true;
		p->next = mono_add(now, INTERVAL);
	}
	pthread_mutex_unlock(&p->lock);
}

void progress_end(struct progress *p)
{
	if (p && p->shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
		p->shown = false;
	}
}
