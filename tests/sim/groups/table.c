/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table: how far apart the clocks of simulated groups are, in us, as the table of
 * docs/groups-guide.md: the median of the runs, and the worst. With --references: how far from UTC
 * the clocks are of groups that have references, the worst of the runs. Fails if a promise is
 * broken.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arith.h"
#include "core/quantile.h"
#include "tests/sim/groups/reference_scenarios.h"
#include "tests/sim/groups/scenarios.h"

#define SEEDS_MAX 1000

static const char usage[] = "usage: table [--references] [--seeds COUNT] [--only TEXT]\n"
			    "  --references   the table of groups that have references\n"
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

static bool show_references(const struct reference_scenario *s, uint64_t seeds)
{
	struct steady_result worst = { .permille = 1000 };
	uint64_t broken = 0;

	for (uint64_t i = 0; i < seeds; i++) {
		struct steady_options options = s->options;
		struct steady_result r;
		const char *why;

		options.seed = i + 1;
		steady_run(&r, &options);
		why = reference_scenario_broken(s, &r);
		if (why) {
			fprintf(stderr, "%s: seed %" PRIu64 ": %s %s\n", s->name, options.seed, why,
				r.what);
		}
		broken += why != NULL;
		worst.permille = (int)arith_min(worst.permille, r.permille);
		worst.changes += r.changes;
		worst.utc_p95 = arith_max(worst.utc_p95, r.utc_p95);
		worst.utc_max = arith_max(worst.utc_max, r.utc_max);
		worst.utc_end = arith_max(worst.utc_end, r.utc_end);
		worst.claim_most = arith_max(worst.claim_most, r.claim_most);
		worst.largest_move = arith_max(worst.largest_move, r.largest_move);
	}
	printf("| %s | %.1f | %.1f | %.3f | %.3f | %.3f | %.3f | %.3f |%s\n", s->name,
	       (double)worst.permille / 10, (double)worst.changes / (double)seeds,
	       us(worst.utc_p95) / 1000, us(worst.utc_max) / 1000, us(worst.utc_end) / 1000,
	       us(worst.claim_most) / 1000, us(worst.largest_move) / 1000, broken ? " BROKEN" : "");
	fflush(stdout);
	return broken == 0;
}

static bool table_of_references(const char *only, uint64_t seeds)
{
	bool kept = true;

	puts("| references | followed | changes | p95 | worst | at the end | claimed | jump "
	     "|\n"
	     "|---|---|---|---|---|---|---|---|");
	for (size_t i = 0; i < n_reference_scenarios; i++) {
		if (strstr(reference_scenarios[i].name, only)) {
			kept = show_references(&reference_scenarios[i], seeds) && kept;
		}
	}
	return kept;
}

static bool table_of_spreads(const char *only, uint64_t seeds)
{
	bool kept = true;

	puts("| situation, cycle | promised | p50 | p95 | worst p95 | worst |\n"
	     "|---|---|---|---|---|---|");
	for (size_t i = 0; i < n_scenarios; i++) {
		if (strstr(scenarios[i].name, only)) {
			kept = show(&scenarios[i], seeds) && kept;
		}
	}
	return kept;
}

int main(int argc, char **argv)
{
	const bool of_references = argc > 1 && strcmp(argv[1], "--references") == 0;
	const int first = of_references ? 2 : 1;
	uint64_t seeds = 5;
	const char *only = "";

	for (int i = first; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seeds") == 0) {
			seeds = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--only") == 0) {
			only = argv[i + 1];
		}
	}
	if ((argc - first) % 2 != 0 || seeds < 1 || seeds > SEEDS_MAX) {
		fputs(usage, stderr);
		return 2;
	}
	return (of_references ? table_of_references : table_of_spreads)(only, seeds) ? 0 : 1;
}
