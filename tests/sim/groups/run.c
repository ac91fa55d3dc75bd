/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run: simulate groups, each from a seed. Prints the first seed with which something
 * happened that must never happen, or what all of them came to.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/groups/sim.h"

static const char usage[] =
	"usage: run [--seed N] [--seeds COUNT] [--kill-leader | --cut-leader | --forgetful] "
	"[--without RULE]\n"
	"           [--nodes N] [-k] [-v]\n"
	"  --seed N        the first seed: 1 if not given\n"
	"  --seeds COUNT   so many from there on: 1 if not given\n"
	"  --kill-leader   nothing else goes wrong\n"
	"  --cut-leader    nothing else, but that before one member cannot reach it for a while\n"
	"  --forgetful     one member loses what it saved, whenever it restarts\n"
	"  --without RULE  take a rule away, to see what it is good for\n"
	"  --nodes N       so many members, 1 to 1000: as the seed says if not given\n"
	"  -k              go on after a breach, and count\n"
	"  -v              show everything that happens\n"
	"rules:";

struct arguments {
	struct sim_options options;
	uint64_t seeds;
	bool keep_going;
};

static bool parse_number(uint64_t *out, const char *text)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return end != text && *end == '\0' && errno == 0 && *text != '-';
}

static bool parse_rule(enum sim_rule *out, const char *text)
{
	for (int rule = SIM_NO_RULE; rule < SIM_RULES; rule++) {
		if (strcmp(text, sim_rule_name((enum sim_rule)rule)) == 0) {
			*out = (enum sim_rule)rule;
			return true;
		}
	}
	return false;
}

static bool parse_pair(struct arguments *a, const char *name, const char *value)
{
	if (strcmp(name, "--seed") == 0) {
		return parse_number(&a->options.seed, value);
	}
	if (strcmp(name, "--seeds") == 0) {
		return parse_number(&a->seeds, value);
	}
	if (strcmp(name, "--nodes") == 0) {
		uint64_t n = 0;
		const bool ok = parse_number(&n, value) && n >= 1 && n <= 1000;
		a->options.nodes = (int)n;
		return ok;
	}
	return strcmp(name, "--without") == 0 && parse_rule(&a->options.without, value);
}

static bool parse(struct arguments *a, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0) {
			a->options.trace = stdout;
		} else if (strcmp(argv[i], "-k") == 0) {
			a->keep_going = true;
		} else if (strcmp(argv[i], "--kill-leader") == 0) {
			a->options.kill_leader = true;
		} else if (strcmp(argv[i], "--cut-leader") == 0) {
			a->options.kill_leader = a->options.cut_leader = true;
		} else if (strcmp(argv[i], "--forgetful") == 0) {
			a->options.forgetful = true;
		} else if (i + 1 == argc || !parse_pair(a, argv[i], argv[i + 1])) {
			return false;
		} else {
			i++;
		}
	}
	return true;
}

static int show_usage(void)
{
	fputs(usage, stderr);
	for (int rule = SIM_NO_RULE; rule < SIM_RULES; rule++) {
		fprintf(stderr, " %s", sim_rule_name((enum sim_rule)rule));
	}
	putc('\n', stderr);
	return 2;
}

static void add(struct sim_result *sum, const struct sim_result *r)
{
	sum->events += r->events;
	sum->packets += r->packets;
	sum->lost += r->lost;
	sum->faults += r->faults;
	sum->replayed += r->replayed;
	sum->forged += r->forged;
	sum->unsaved += r->unsaved;
	sum->leaders += r->leaders;
	sum->corrections += r->corrections;
	sum->refused += r->refused;
	sum->changes += r->changes;
	if (r->leaderless > sum->leaderless) {
		sum->leaderless = r->leaderless;
	}
}

static void show(uint64_t runs, const struct sim_result *sum, const uint64_t *breaches)
{
	printf("%" PRIu64 " runs: %" PRIu64 " events, %" PRIu64 " packets, %" PRIu64
	       " lost, %" PRIu64 " replayed, %" PRIu64 " forged, %" PRIu64 " faults, %" PRIu64
	       " failed saves, %" PRIu64 " leaders, %" PRIu64
	       " changes of the list of voters, %" PRIu64 " corrections, %" PRIu64 " refused\n",
	       runs, sum->events, sum->packets, sum->lost, sum->replayed, sum->forged, sum->faults,
	       sum->unsaved, sum->leaders, sum->changes, sum->corrections, sum->refused);
	if (sum->leaderless) {
		printf("without a leader for %.3f s at most\n", (double)sum->leaderless / 1e9);
	}
	for (int b = SIM_FINE; b < SIM_BREACHES; b++) {
		if (breaches[b]) {
			printf("%8" PRIu64 " %s\n", breaches[b],
			       sim_breach_text((enum sim_breach)b));
		}
	}
}

int main(int argc, char **argv)
{
	struct arguments a = { .options = { .seed = 1 }, .seeds = 1 };
	struct sim_result sum = { .breach = SIM_FINE };
	uint64_t breaches[SIM_BREACHES] = { 0 };
	uint64_t runs = 0;

	if (!parse(&a, argc, argv)) {
		return show_usage();
	}
	for (; runs < a.seeds; runs++, a.options.seed++) {
		struct sim_result r;
		sim_run(&r, &a.options);
		breaches[r.breach]++;
		add(&sum, &r);
		if (r.breach != SIM_FINE) {
			printf("seed %" PRIu64 ": %s: %s\n", a.options.seed,
			       sim_breach_text(r.breach), r.what);
			fflush(stdout);
			if (!a.keep_going) {
				return 1;
			}
		}
	}
	show(runs, &sum, breaches);
	return breaches[SIM_FINE] == runs ? 0 : 1;
}
