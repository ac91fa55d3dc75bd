/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What timesync_now() costs beside clock_gettime(): both in turn, in small batches. The least of
 * many batches is the cost without what else the machine does.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/parse.h"
#include "lib/timesync_now.h"
#include "os/bound_publisher.h"
#include "os/clock_system.h"
#include "os/suspend.h"

#define USAGE                                                                               \
	"usage: now LIBRARY CLOCK ROUNDS\n"                                                 \
	"Publishes a bound for the clock file CLOCK, which need not exist, and prints for " \
	"each round\nhow many ns clock_gettime(), timesync_now() took.\n"

#define BATCHES 400
#define CALLS   500

typedef int open_fn(struct timesync_page **page, const char *clock_file);
typedef int now_fn(struct timesync_page *page, struct timesync_interval *now);

/* The measured function, as other programs have it: from the shared library. */
struct subject {
	now_fn *now;
	struct timesync_page *page;
};

static void fail(const char *what)
{
	fprintf(stderr, "now: %s\n", what);
	exit(1);
}

static void *function(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found) {
		fail(dlerror());
	}
	return found;
}

static void publish(const char *clock_file)
{
	struct clock *clock = clock_system();
	const struct mono now = clock_mono(clock);
	const struct bound bound = {
		.state = BOUND_SYNCHRONISED,
		.at = now,
		.shown = clock_now(clock),
		.rate = bound_share(12345),
		.max_error = NS_PER_MS,
		.growth = bound_share(20000),
		.slew_end = now,
		.due = mono_add(now, 3600 * NS_PER_SEC),
		.forgotten = mono_add(now, 7200 * NS_PER_SEC),
		.asleep = suspend_total(),
	};
	char path[PATH_MAX];
	struct bound_publisher publisher;

	bound_publisher_begin(&publisher, path);
	if (bound_page_path(clock_file, path, sizeof(path)) != 0 ||
	    bound_publish(&publisher, &bound) != 0) {
		fail("cannot publish");
	}
	bound_publisher_end(&publisher);
}

static struct subject open_subject(const char *library_name, const char *clock_file)
{
	void *library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
	struct timesync_interval now;
	struct subject s;
	open_fn *open_page;

	if (!library) {
		fail(dlerror());
	}
	*(void **)&open_page = function(library, "timesync_open");
	*(void **)&s.now = function(library, "timesync_now");
	if (open_page(&s.page, clock_file) != 0 || s.now(s.page, &now) != TIMESYNC_SYNCHRONISED) {
		fail("the published page cannot be read");
	}
	return s;
}

static double of_gettime(void)
{
	struct clock *clock = clock_system();
	const struct mono start = clock_mono(clock);
	struct timespec t;

	for (int i = 0; i < CALLS; i++) {
		clock_gettime(CLOCK_REALTIME, &t);
	}
	return (double)mono_since(clock_mono(clock), start) / CALLS;
}

static double of_now(const struct subject *s)
{
	struct clock *clock = clock_system();
	const struct mono start = clock_mono(clock);
	struct timesync_interval now;

	for (int i = 0; i < CALLS; i++) {
		s->now(s->page, &now);
	}
	return (double)mono_since(clock_mono(clock), start) / CALLS;
}

static void measure(const struct subject *s)
{
	double gettime = 1e9, now = 1e9;

	for (int i = 0; i < BATCHES; i++) {
		const double a = of_gettime();
		const double b = of_now(s);

		gettime = a < gettime ? a : gettime;
		now = b < now ? b : now;
	}
	printf("%.2f %.2f\n", gettime, now);
}

int main(int argc, char **argv)
{
	struct subject subject;
	int64_t rounds;

	if (argc != 4 || parse_int(argv[3], 1, 1000, &rounds) != 0) {
		fputs(USAGE, stderr);
		return 2;
	}
	publish(argv[2]);
	subject = open_subject(argv[1], argv[2]);
	for (int64_t i = 0; i < rounds; i++) {
		measure(&subject);
	}
	return 0;
}
