/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/live.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "os/log.h"

struct live {
	_Atomic unsigned turn; /* odd while the rest is written */
	struct access access;
	struct keys keys;
	bool verbose;
};

int live_open(struct live **out)
{
	void *shared = mmap(NULL, sizeof(struct live), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*out = NULL;
	if (shared == MAP_FAILED) {
		const int rc = -errno;

		log_error("no memory to share settings in: %s", strerror(-rc));
		return rc;
	}
	*out = shared;
	return 0;
}

void live_close(struct live *l)
{
	if (l) {
		munmap(l, sizeof(*l));
	}
}

void live_publish(struct live *l, const struct settings *s)
{
	const unsigned turn = atomic_load_explicit(&l->turn, memory_order_relaxed);

	atomic_store_explicit(&l->turn, turn + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	l->access = s->access;
	l->keys = s->keys;
	l->verbose = s->verbose;
	atomic_store_explicit(&l->turn, turn + 2, memory_order_release);
}

bool live_take(const struct live *l, struct settings *s)
{
	const unsigned turn = atomic_load_explicit(&l->turn, memory_order_acquire);
	const struct access access = l->access;
	struct keys keys = l->keys;
	const bool verbose = l->verbose;
	bool whole;

	atomic_thread_fence(memory_order_acquire);
	whole = turn % 2 == 0 && atomic_load_explicit(&l->turn, memory_order_relaxed) == turn;
	if (whole) {
		s->access = access;
		s->keys = keys;
		s->verbose = verbose;
	}
	keys_forget(&keys);
	return whole;
}
