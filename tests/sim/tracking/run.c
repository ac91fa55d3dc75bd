/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run: run track in all worlds, and print docs/tracking.md: its accuracy beside chronyd's. Fails
 * if a bound is broken, or if chronyd is ahead in a world where track could be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/tracking/chronyd.h"
#include "tests/sim/tracking/judge.h"

#define POLLS 1000000 /* in random worlds */

static const char intro[] =
	"# Tracking accuracy\n"
	"\n"
	"`make tracking` writes this file. It runs the code of `timesync track` in virtual time, "
	"on a\n"
	"simulated system clock and a simulated network, so the true error is known to the\n"
	"nanosecond. The clock starts 1 s ahead and runs 100 ppm fast. Each run lasts 10 hours; "
	"unless\n"
	"a row says otherwise, the error is measured from 2 h to the end, when the clock has "
	"settled.\n"
	"The rate of the crystal is a random walk of 1e-9 per second, 1e-10 for a quiet crystal "
	"and\n"
	"1e-8 for a bad one. Jitter is exponentially distributed.\n"
	"\n"
	"The figures for chronyd 4.3 come from the same simulated networks\n"
	"(`tests/sim/tracking/chronyd.txt`). The columns *16 s* compare `track --interval 16s` "
	"with\n"
	"`minpoll 4 maxpoll 4`. The columns *default* compare the default intervals: 32 to 64 s "
	"for\n"
	"track, 64 to 1024 s for chronyd.\n"
	"\n"
	"## Clock error\n"
	"\n"
	"The root mean square of the error in microseconds, and track's calls to each server per\n"
	"hour. A figure in bold is better than chronyd's.\n"
	"\n";

static const char rates[] = "\n## Frequency error\n"
			    "\n"
			    "The root mean square of the clock's frequency error in ppb: second by "
			    "second, and averaged\n"
			    "over 64 s.\n"
			    "\n"
			    "| network | interval | per second | chronyd | over 64 s | chronyd |\n"
			    "|---|---|--:|--:|--:|--:|\n";

static const char *const names[JUDGE_CONTENDERS] = { "16 s", "default" };

struct report {
	uint64_t seeds;
	const char *file;
	size_t polls, broken, behind;
	struct judge_result results[64][JUDGE_CONTENDERS];
	struct chronyd_figures chronyd[64];
};

static void print_row(struct report *r, size_t i)
{
	const struct worlds_row *row = &worlds[i];

	printf("| %s | %s |", row->options.name, row->about);
	for (int who = 0; who < JUDGE_CONTENDERS; who++) {
		const struct judge_result *x = &r->results[i][who];
		const double chronyd = r->chronyd[i].rms[who];
		const bool ahead = x->rms < chronyd && !x->failed;

		printf(ahead ? " **%.*f** | %.*f | %.0f |" : " %.*f | %.*f | %.0f |",
		       x->rms < 10 ? 2 : 0, x->rms, chronyd < 10 ? 2 : 0, chronyd, x->sent);
		if (!ahead && !row->limit) {
			fprintf(stderr, "chronyd is ahead in %s, %s: %.2f us, and not %.2f\n",
				row->options.name, names[who], chronyd, x->rms);
			r->behind++;
		}
	}
	printf("\n");
	fflush(stdout);
}

static bool run_world(struct report *r, size_t i)
{
	if (!chronyd_find(&r->chronyd[i], r->file, worlds[i].options.name)) {
		fprintf(stderr, "%s: nothing about %s\n", r->file, worlds[i].options.name);
		return false;
	}
	for (int who = 0; who < JUDGE_CONTENDERS; who++) {
		r->results[i][who] = judge(&worlds[i], (enum judge_contender)who, r->seeds);
		r->polls += r->results[i][who].polls;
		r->broken += r->results[i][who].broken;
	}
	print_row(r, i);
	return true;
}

static bool print_errors(struct report *r)
{
	printf("%s| network | | 16 s | chronyd | calls/h | default | chronyd | calls/h |\n"
	       "|---|---|--:|--:|--:|--:|--:|--:|\n",
	       intro);
	for (size_t i = 0; i < worlds_count; i++) {
		if (!run_world(r, i)) {
			return false;
		}
	}
	printf("\nEach figure is the mean of %llu runs with different seeds. Where "
	       "no program can do\nbetter, the difference from chronyd is chance:\n\n",
	       (unsigned long long)r->seeds);
	for (size_t i = 0; i < worlds_count; i++) {
		if (worlds[i].limit) {
			printf("* %s: %s.\n", worlds[i].options.name, worlds[i].limit);
		}
	}
	return true;
}

static void print_rates(const struct report *r)
{
	printf("%s", rates);
	for (size_t i = 0; i < worlds_count; i++) {
		const struct chronyd_figures *c = &r->chronyd[i];

		for (int who = 0; c->rate[0] >= 0 && who < JUDGE_CONTENDERS; who++) {
			const struct judge_result *x = &r->results[i][who];

			printf("| %s | %s | %.0f | %.0f | %.0f | %.0f |\n", worlds[i].options.name,
			       names[who], x->rate, c->rate[who], x->mean_rate, c->mean_rate[who]);
		}
	}
}

static void print_start(const struct report *r)
{
	const struct judge_result *lan = &r->results[0][JUDGE_BY_DEFAULT];
	const struct judge_result *wan = &r->results[worlds_find("wan") - worlds][JUDGE_BY_DEFAULT];

	printf("\n## Start\n\n"
	       "On average the error falls below 1 ms, and stays there for a minute, after %.0f s "
	       "on "
	       "the LAN\nand %.0f s on the WAN; below 100 us it falls after %.0f s and %.0f s. "
	       "chronyd "
	       "needs 5 s and 76 s\nfor 1 ms, 6 s and 1211 s for 100 us.\n",
	       lan->within[0], wan->within[0], lan->within[1], wan->within[1]);
}

int main(int argc, char **argv)
{
	struct report *r = calloc(1, sizeof(*r));
	size_t broken;
	bool ok;

	if (!r || argc > 2 || worlds_count > sizeof(r->results) / sizeof(r->results[0])) {
		fputs("usage: run [SEEDS]\n", stderr);
		free(r);
		return 2;
	}
	r->seeds = argc == 2 ? strtoull(argv[1], NULL, 10) : 3;
	r->seeds = r->seeds > 0 ? r->seeds : 3;
	r->file = CHRONYD_FILE;
	ok = print_errors(r);
	if (ok) {
		print_rates(r);
		print_start(r);
		broken = judge_bounds(1, POLLS);
		printf("\n## Bounds\n\n"
		       "The true offset lay outside the claimed bound in %zu of %zu estimates in "
		       "these networks,\nand in %zu of %d in random networks with other "
		       "intervals.\n",
		       r->broken, r->polls, broken, POLLS);
		ok = r->broken + broken + r->behind == 0;
	}
	free(r);
	return ok ? 0 : 1;
}
