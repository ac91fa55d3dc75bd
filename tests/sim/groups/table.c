/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table: how well simulated groups keep together, as a table for docs/groups-guide.md. Each row is
 * the median of the runs, and the worst of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/quantile.h"
#include "tests/sim/groups/scenarios.h"

static const char usage[] = "usage: table [--seeds COUNT] [--only TEXT]\n"
			    "  --seeds COUNT  runs of each situation: 5 if not given\n"
			    "  --only TEXT    only situations with TEXT in their names\n";

struct sum {
	int64_t p50[1000], p95[1000], max, move, together;
	uint64_t steps, broken;
	double off_ppb;
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
		sum->steps += r.steps;
		sum->max = r.max > sum->max ? r.max : sum->max;
		sum->move = r.largest_move > sum->move ? r.largest_move : sum->move;
		sum->together = r.together > sum->together ? r.together : sum->together;
		sum->off_ppb += (r.mean_rate_ppb - r.own_rate_ppb) / (double)seeds;
	}
}

static double us(int64_t ns)
{
	return (double)ns / 1000;
}

static void show(const struct scenario *s, uint64_t seeds)
{
	static struct sum sum;

	memset(&sum, 0, sizeof(sum));
	run(s, seeds, &sum);
	quantile_sort(sum.p50, seeds);
	quantile_sort(sum.p95, seeds);
	printf("| %s | %.0f | %.2f | %.2f | %.2f | %.1f | %.1f | %" PRIu64 " | %.1f | %.1f |%s\n",
	       s->name, us(s->p95), us(quantile_of(sum.p50, seeds, 50)),
	       us(quantile_of(sum.p95, seeds, 50)), us(sum.p95[seeds - 1]), us(sum.max),
	       us(sum.move), sum.steps, sum.off_ppb, (double)sum.together / NS_PER_SEC,
	       sum.broken ? " BROKEN" : "");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t seeds = 5;
	const char *only = "";

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seeds") == 0) {
			seeds = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--only") == 0) {
			only = argv[i + 1];
		}
	}
	if (argc % 2 == 0 || seeds < 1 || seeds > 1000) {
		fputs(usage, stderr);
		return 2;
	}
	puts("| situation, cycle | promised | p50 | p95 | worst p95 | max | move | steps | rate | "
	     "together |\n"
	     "|---|---|---|---|---|---|---|---|---|---|");
	for (size_t i = 0; i < n_scenarios; i++) {
		if (strstr(scenarios[i].name, only)) {
			show(&scenarios[i], seeds);
		}
	}
	return 0;
}
