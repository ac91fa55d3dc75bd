/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run: track in all worlds, and print how well as docs/tracking.md, beside chronyd. Fails if a
 * bound is broken, or if chronyd is ahead in a world where one can be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/tracking/chronyd.h"
#include "tests/sim/tracking/judge.h"

#define POLLS 1000000 /* in random worlds */

static const char intro[] =
	"# How well track keeps time\n"
	"\n"
	"Made by `make tracking`, in virtual time: a clock that is 1 s ahead and 100 ppm fast, "
	"and\n"
	"`timesync track` as it is, on a simulated system clock and a simulated network, so that "
	"the\n"
	"true error is known to the nanosecond. Each world lasts 10 hours, and the settled clock "
	"is\n"
	"judged from 2 h on. A crystal's rate is a random walk: of 1e-9 in a second, 1e-10 if it "
	"is\n"
	"quiet, 1e-8 if it is bad. Jitter is exponentially distributed.\n"
	"\n"
	"The figures of chronyd 4.3 are from the same worlds (`tests/sim/tracking/chronyd.txt`).\n"
	"The columns *16 s* compare `track --interval 16s` with `minpoll 4 maxpoll 4`, and "
	"*default*\n"
	"both programs without such options: 32 to 64 s here, 64 to 1024 s there.\n"
	"\n"
	"## The error of the clock\n"
	"\n"
	"Root mean square, in microseconds, and the calls to each server in an hour.\n"
	"\n";

static const char rates[] =
	"\n## The error of the frequency\n"
	"\n"
	"Root mean square of the clock's true frequency error, in ppb: each second, and of means\n"
	"over 64 s.\n"
	"\n"
	"| world | | each second | chronyd | over 64 s | chronyd |\n"
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
	printf("%s| world | | 16 s | chronyd | calls/h | default | chronyd | calls/h |\n"
	       "|---|---|--:|--:|--:|--:|--:|--:|\n",
	       intro);
	for (size_t i = 0; i < worlds_count; i++) {
		if (!run_world(r, i)) {
			return false;
		}
	}
	printf("\n%llu seeds of each world. Where the better figure can only be one of chance:\n\n",
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

	printf("\n## The start\n\nThe error stays below 1 ms after %.0f s on the LAN and %.0f s on "
	       "the WAN, and\nbelow 100 us after %.0f s and %.0f s (means; \"stays\": for a "
	       "minute). chronyd\nneeds 5 s and 76 s, and 6 s and 1211 s.\n",
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
		printf("\n## The bounds\n\nEach estimate is within its bound: %zu of %zu bounds "
		       "were "
		       "broken in these worlds,\nand %zu of %d in random ones, with other "
		       "intervals.\n",
		       r->broken, r->polls, broken, POLLS);
		ok = r->broken + broken + r->behind == 0;
	}
	free(r);
	return ok ? 0 : 1;
}
