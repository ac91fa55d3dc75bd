/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table: how far apart the clocks of simulated groups are, in us, as the table of
 * docs/groups-guide.md: the median of the runs, and the worst. Fails if a promise is broken.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/quantile.h"
#include "tests/sim/groups/scenarios.h"

#define SEEDS_MAX 1000

static const char usage[] = "usage: table [--seeds COUNT] [--only TEXT]\n"
			    "  --seeds COUNT  runs of each situation: 5 if not given\n"
			    "  --only TEXT    only situations with TEXT in their names\n";

struct sum {
	int64_t p50[SEEDS_MAX], p95[SEEDS_MAX], max;
	uint64_t broken;
};

static void run(const struct scenario *s, uint64_t seeds, struct sum *sum)
{
	for (uint64_t i = 0; i < seeds; i++) {
		struct steady_options options = s->options;
		struct steady_result r;
		const char *broken;

		options.seed = i + 1;
		steady_run(&r, &options);
		broken = scenario_broken(s, &r);
		if (broken) {
			fprintf(stderr, "%s: seed %" PRIu64 ": %s %s\n", s->name, options.seed,
				broken, r.what);
		}
		sum->broken += broken != NULL;
		sum->p50[i] = r.p50;
		sum->p95[i] = r.p95;
		sum->max = r.max > sum->max ? r.max : sum->max;
	}
}

static double us(int64_t ns)
{
	return (double)ns / 1000;
}

/* Whether all promises were kept. */
static bool show(const struct scenario *s, uint64_t seeds)
{
	static struct sum sum;
	char promised[16] = "";

	memset(&sum, 0, sizeof(sum));
	run(s, seeds, &sum);
	quantile_sort(sum.p50, seeds);
	quantile_sort(sum.p95, seeds);
	if (s->p95 > 0) {
		snprintf(promised, sizeof(promised), "%.0f", us(s->p95));
	}
	printf("| %s | %s | %.2f | %.2f | %.2f | %.2f |%s\n", s->name, promised,
	       us(quantile_of(sum.p50, seeds, 50)), us(quantile_of(sum.p95, seeds, 50)),
	       us(sum.p95[seeds - 1]), us(sum.max), sum.broken ? " BROKEN" : "");
	fflush(stdout);
	return sum.broken == 0;
}

int main(int argc, char **argv)
{
	uint64_t seeds = 5;
	const char *only = "";
	bool kept = true;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seeds") == 0) {
			seeds = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--only") == 0) {
			only = argv[i + 1];
		}
	}
	if (argc % 2 == 0 || seeds < 1 || seeds > SEEDS_MAX) {
		fputs(usage, stderr);
		return 2;
	}
	puts("| situation, cycle | promised | p50 | p95 | worst p95 | worst |\n"
	     "|---|---|---|---|---|---|");
	for (size_t i = 0; i < n_scenarios; i++) {
		if (strstr(scenarios[i].name, only)) {
			kept = show(&scenarios[i], seeds) && kept;
		}
	}
	return kept ? 0 : 1;
}
