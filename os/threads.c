/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* Enough for what a measurement calls, printf and the resolver among it; a thread's default is
 * 8 MiB. Pages that are not used are not had. */
#define STACK_SIZE ((size_t)256 * 1024)

struct work {
	uint8_t *items;
	size_t n, size;
	threads_fn *fn;
	atomic_size_t next; /* item that nobody works on yet */
};

static void *work_on(void *arg)
{
	struct work *w = arg;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->n) {
		w->fn(w->items + i * w->size);
	}
	return NULL;
}

/* Start up to `wanted` threads. 0 or -errno; *started of them run. */
static int start(pthread_t *threads, size_t wanted, struct work *w, size_t *started)
{
	pthread_attr_t attributes;
	int rc = pthread_attr_init(&attributes);

	*started = 0;
	if (rc != 0) {
		return -rc;
	}
	rc = pthread_attr_setstacksize(&attributes, STACK_SIZE);
	while (rc == 0 && *started < wanted) {
		rc = pthread_create(&threads[*started], &attributes, work_on, w);
		*started += rc == 0;
	}
	pthread_attr_destroy(&attributes);
	return -rc;
}

int threads_run(void *items, size_t n, size_t size, threads_fn *fn)
{
	struct work w = { .items = items, .n = n, .size = size, .fn = fn };
	const size_t at_a_time = n < THREADS_MAX ? n : THREADS_MAX;
	pthread_t threads[THREADS_MAX];
	size_t started = 0;
	int rc = 0;

	if (at_a_time > 1) {
		rc = start(threads, at_a_time - 1, &w, &started);
	}
	(void)work_on(&w);
	for (size_t i = 0; i < started; i++) {
		pthread_join(threads[i], NULL);
	}
	return rc;
}
