/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "os/log.h"
#include "os/slots.h"
#include "track/tracker.h"

struct upstream_page {
	slots_word generation;
	slots_word slots[2][sizeof(struct tracking) / sizeof(slots_word)];
};

int upstream_open(struct upstream *u, const struct settings *s)
{
	void *shared = mmap(NULL, sizeof(struct upstream_page), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*u = (struct upstream){
		.settings = s,
		.keeping = { .file = s->clock_file,
			     .keeper = "--upstream",
			     .force = s->group.force },
	};
	if (shared == MAP_FAILED) {
		const int rc = -errno;

		log_error("no memory to tell what the tracker knows: %s", strerror(-rc));
		return rc;
	}
	u->page = shared;
	return clock_keeping_open(&u->keeping, &u->clock);
}

static void told(void *arg, const struct tracking *t)
{
	const struct upstream *u = arg;
	const uint64_t next = slots_generation(&u->page->generation) + 1;

	slots_publish(&u->page->generation, next, u->page->slots[next % 2], t, sizeof(*t));
}

void upstream_tracking(const struct upstream *u, struct tracking *out)
{
	uint64_t generation;

	do {
		generation = slots_generation(&u->page->generation);
		slots_load(u->page->slots[generation % 2], out, sizeof(*out));
	} while (slots_moved_on(&u->page->generation, generation));
}

/* The tracking of a tracker that has died is of no use. */
static void forget(struct upstream *u)
{
	static const struct tracking nothing;

	told(u, &nothing);
}

static int run(void *arg)
{
	struct upstream *u = arg;
	const struct settings *s = u->settings;
	struct track_options options = s->track;
	int status = EXIT_FAILURE;

	options.program = NULL;
	options.hosts = s->upstream;
	options.n_hosts = s->n_upstream;
	options.output = TRACK_LOGS_CHANGES;
	options.target.keys = s->upstream_key_file ? &s->upstream_keys : NULL;
	options.measure.clock = u->clock;
	options.measure.clock_file = u->keeping.file;
	options.measure.quiet = true;
	options.told = told;
	options.told_arg = u;
	forget(u);
	if (clock_keeping_begin(&u->keeping, u->clock, CLOCK_KEEPER_UPSTREAM) == 0) {
		measure_take_drift(&options.measure);
		status = tracker_run(&options);
	}
	return status;
}

struct keeper upstream_keeper(struct upstream *u)
{
	return (struct keeper){
		.name = "tracker",
		.useless = "the clock is not kept right",
		.sets_system_clock = !u->keeping.file,
		.hears_hangup = true,
		.clock = u->clock,
		.run = run,
		.arg = u,
	};
}

void upstream_close(struct upstream *u)
{
	if (u->page) {
		munmap(u->page, sizeof(*u->page));
		u->page = NULL;
	}
	clock_close(u->clock);
	u->clock = NULL;
}
