/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/barrage_options.h"

#include <stdio.h>
#include <string.h>

#include "core/parse.h"
#include "os/options.h"
#include "os/stdio.h"

#define MAX_COUNT INT64_C(100000000)
#define MAX_RATE  INT64_C(10000000)

enum option_index {
	OPT_TO,
	OPT_KIND,
	OPT_COUNT,
	OPT_RATE,
	OPT_SOCKETS,
	OPT_SEED,
	OPT_HELP,
	N_OPTIONS
};

static const struct option_spec option_table[N_OPTIONS] = {
	[OPT_TO] = { "to", '\0', "ADDR:PORT", "the server, on this machine's loopback", 1 },
	[OPT_KIND] = { "kind", '\0', "LIST",
		       "some of random,truncated,flipped,gss,reply,call (default: all but call)",
		       1 },
	[OPT_COUNT] = { "count", '\0', "N", "send so many (default: 100000)", 1 },
	[OPT_RATE] = { "rate", '\0', "N", "a second (default: as fast as it goes)", 1 },
	[OPT_SOCKETS] = { "sockets", '\0', "N", "from so many ports (default: 1)", 1 },
	[OPT_SEED] = { "seed", '\0', "N", "the same seed sends the same (default: 1)", 1 },
	[OPT_HELP] = { "help", 'h', NULL, "print this and exit", 1 },
};

static const struct options options = {
	.program = "barrage", .table = option_table, .n = N_OPTIONS, .scope = 1
};

struct parser {
	struct barrage_options *out;
	bool helped;
};

static void print_help(void)
{
	printf("Usage: barrage --to ADDR:PORT [OPTION]...\n"
	       "Send a UDP server on this machine what no honest client would, and say how much of "
	       "it\nwas answered.\n\n");
	options_help(&options, stdout);
}

static bool apply_to(const char *text, struct barrage_options *out)
{
	struct parse_host host;

	if (parse_host(text, &host) != 0 || host.port == 0 || !address_parse(&out->to, host.name) ||
	    !address_is_loopback(&out->to)) { /* a tool like this is for one's own machine */
		return options_bad(&options, OPT_TO, text,
				   "a loopback address and port such as 127.0.0.1:4000");
	}
	address_set_port(&out->to, host.port);
	out->to_given = true;
	return true;
}

static bool apply_kinds(const char *list, struct barrage_options *out)
{
	char copy[64];
	char *save = NULL;

	memset(out->kinds, 0, sizeof(out->kinds));
	if (strlen(list) >= sizeof(copy) || list[0] == '\0') {
		return options_bad(&options, OPT_KIND, list, "a list of kinds");
	}
	strcpy(copy, list);
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		size_t kind = 0;

		while (kind < MALICE_KINDS && strcmp(name, malice_names[kind]) != 0) {
			kind++;
		}
		if (kind == MALICE_KINDS) {
			return options_bad(&options, OPT_KIND, list, "a list of kinds");
		}
		out->kinds[kind] = true;
	}
	return true;
}

static bool apply_int(size_t index, const char *text, int64_t min, int64_t max, int64_t *out)
{
	return parse_int(text, min, max, out) == 0 ||
	       options_bad(&options, index, text, "a whole number in range");
}

static bool apply(void *context, size_t index, const char *text)
{
	struct parser *p = context;
	struct barrage_options *out = p->out;

	switch ((enum option_index)index) {
	case OPT_TO:
		return apply_to(text, out);
	case OPT_KIND:
		return apply_kinds(text, out);
	case OPT_COUNT:
		return apply_int(index, text, 1, MAX_COUNT, &out->count);
	case OPT_RATE:
		return apply_int(index, text, 1, MAX_RATE, &out->rate);
	case OPT_SOCKETS:
		return apply_int(index, text, 1, BARRAGE_MAX_SOCKETS, &out->sockets);
	case OPT_SEED:
		return apply_int(index, text, 0, INT64_MAX, &out->seed);
	case OPT_HELP:
		print_help();
		p->helped = true;
		return true;
	case N_OPTIONS:
		break;
	}
	return false;
}

enum barrage_start barrage_options_parse(struct barrage_options *out, int argc, char **argv)
{
	struct parser p = { .out = out };
	int first;

	*out = (struct barrage_options){ .count = 100000, .sockets = 1, .seed = 1 };
	for (size_t kind = 0; kind < MALICE_CALL; kind++) {
		out->kinds[kind] = true;
	}
	first = options_parse(&options, argc, argv, apply, &p);
	if (first < 0) {
		return BARRAGE_USAGE;
	}
	if (p.helped) {
		return BARRAGE_HELPED;
	}
	if (first < argc || !out->to_given) {
		stdio_complain("barrage", "--to is needed, and options only; see 'barrage --help'");
		return BARRAGE_USAGE;
	}
	return BARRAGE_RUN;
}
