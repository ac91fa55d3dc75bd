/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run: track in all worlds, and print how well as docs/tracking.md, beside chronyd.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/tracking/worlds.h"

#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)

static const char usage[] = "usage: run [--seeds N] [--world NAME] CHRONYD\n"
			    "  --seeds N      so many of each world: 3 if not given\n"
			    "  --world NAME   only this one\n"
			    "  CHRONYD        the file of chronyd's figures\n";

/* How track is run: by an interval of the user's, or without any. */
enum contender { EVERY_16S, BY_DEFAULT, CONTENDERS };

struct result {
	double rms;       /* of the clock's error in the time that is judged, us */
	double worst;     /* us */
	double rate;      /* RMS of the frequency's error then, ppb, */
	double mean_rate; /* and of its means over 64 s */
	double sent;      /* calls in an hour then */
	double within[2]; /* s until 1 ms and 100 us; the mean of the seeds, negative: never */
	size_t polls, broken;
	bool failed;
};

static struct discipline_limits limits_of(enum contender who)
{
	struct discipline_limits limits = discipline_default_limits;

	limits.mono_is_tuned = true;
	if (who == EVERY_16S) {
		limits.min_poll = limits.max_poll = 16 * NS_PER_SEC;
	}
	return limits;
}

/* One seed of a world, added up. */
static void add_seed(struct result *r, const struct worlds_row *row, enum contender who,
		     uint64_t seed)
{
	const struct discipline_limits limits = limits_of(who);
	struct world *w = malloc(sizeof(*w));
	const struct world_error *e;
	size_t sent;

	if (!w) {
		abort();
	}
	tracking_begin(w, &row->options, &limits, seed);
	tracking_run(w, row->judged.from);
	sent = w->sent;
	tracking_watch(w);
	tracking_run(w, row->judged.until);
	e = &w->error;
	r->rms += e->squares / (double)e->seconds;
	r->worst = fmax(r->worst, e->worst / 1e3);
	r->rate += e->rate_squares / (double)e->seconds;
	r->mean_rate += e->mean_squares / (double)e->means;
	r->sent += (double)(w->sent - sent) * (double)HOUR /
		   (double)(row->judged.until - row->judged.from);
	r->within[0] += w->first_below[0];
	r->within[1] += w->first_below[1];
	r->polls += w->polls;
	r->broken += w->broken;
	r->failed |= w->failed || w->first_below[0] < 0;
	free(w);
}

static struct result judge(const struct worlds_row *row, enum contender who, uint64_t seeds)
{
	struct result r = { .failed = false };

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		add_seed(&r, row, who, seed);
	}
	r.rms = sqrt(r.rms / (double)seeds) / 1e3;
	r.rate = sqrt(r.rate / (double)seeds);
	r.mean_rate = sqrt(r.mean_rate / (double)seeds);
	r.sent /= (double)seeds;
	r.within[0] /= (double)seeds;
	r.within[1] /= (double)seeds;
	return r;
}

/* chronyd's figures of that world. False if the file does not have them. */
static bool find_chronyd(const char *path, const char *name, double rms[CONTENDERS])
{
	FILE *in = fopen(path, "r");
	char line[256], world[64];
	bool found = false;

	while (in && !found && fgets(line, sizeof(line), in)) {
		found = sscanf(line, "%63s %lf %lf", world, &rms[0], &rms[1]) == 3 &&
			strcmp(world, name) == 0;
	}
	if (in) {
		fclose(in);
	}
	return found;
}

int main(int argc, char **argv)
{
	uint64_t seeds = 3;
	const char *only = NULL;
	size_t polls = 0, broken = 0;

	for (; argc > 2 && argv[1][0] == '-'; argc -= 2, argv += 2) {
		if (strcmp(argv[1], "--seeds") == 0) {
			seeds = strtoull(argv[2], NULL, 10);
		} else if (strcmp(argv[1], "--world") == 0) {
			only = argv[2];
		}
	}
	if (argc != 2 || seeds == 0) {
		fputs(usage, stderr);
		return 2;
	}
	for (size_t i = 0; i < worlds_count; i++) {
		double chronyd[CONTENDERS];

		if (only && strcmp(only, worlds[i].options.name) != 0) {
			continue;
		}
		if (!find_chronyd(argv[1], worlds[i].options.name, chronyd)) {
			return 1;
		}
		printf("%-11s", worlds[i].options.name);
		for (int who = 0; who < CONTENDERS; who++) {
			const struct result r = judge(&worlds[i], (enum contender)who, seeds);

			printf(" | %8.2f %8.2f%s %6.0f/h %5.0f %4.0f ppb %4.0f %5.0f s%s", r.rms,
			       chronyd[who], r.rms < chronyd[who] ? " " : "*", r.sent, r.rate,
			       r.mean_rate, r.within[0], r.within[1], r.failed ? " FAILED" : "");
			polls += r.polls;
			broken += r.broken;
		}
		printf("\n");
		fflush(stdout);
	}
	printf("%zu polls, %zu bounds broken\n", polls, broken);
	return broken == 0 ? 0 : 1;
}
