/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "os/log.h"

int statistics_open(struct statistics *s, unsigned workers, struct clock *clock)
{
	void *shared = mmap(NULL, workers * sizeof(struct counters), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memset(s, 0, sizeof(*s));
	if (shared == MAP_FAILED) {
		const int rc = -errno;

		log_error("no memory to count calls in: %s", strerror(-rc));
		return rc;
	}
	s->counters = shared;
	s->workers = workers;
	s->clock = clock;
	s->start = clock_mono(clock);
	return 0;
}

void statistics_close(struct statistics *s)
{
	if (s->counters) {
		munmap(s->counters, s->workers * sizeof(struct counters));
		s->counters = NULL;
	}
}

void statistics_status(void *statistics, struct status *out)
{
	const struct statistics *s = statistics;

	memset(out, 0, sizeof(*out));
	out->uptime = mono_since(clock_mono(s->clock), s->start);
	out->workers = s->workers;
	out->restarts = s->restarts;
	for (unsigned w = 0; w < s->workers; w++) {
		for (int i = 0; i < COUNTERS; i++) {
			out->counts[i] += counters_read(&s->counters[w], (enum counter)i);
		}
	}
}

bool statistics_tracked(void *statistics, struct tracked *out)
{
	const struct statistics *s = statistics;

	if (!s->upstream) {
		return false;
	}
	upstream_tracking(s->upstream, &out->tracking);
	out->now = clock_mono(s->clock);
	if (clock_quality(s->clock, &out->served) != 0) {
		out->served = (struct clock_quality){ .synchronised = false };
	}
	return true;
}

void statistics_log(struct statistics *s)
{
	struct status now;

	statistics_status(s, &now);
	log_info("status: up for %" PRId64 " s, %u worker%s, %" PRIu64 " restarts",
		 now.uptime / NS_PER_SEC, now.workers, now.workers == 1 ? "" : "s", now.restarts);
	for (int i = 0; i < COUNTERS; i++) {
		log_info("status: %s %" PRIu64, counter_name((enum counter)i), now.counts[i]);
	}
}
