/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/relay_options.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "core/parse.h"
#include "os/options.h"
#include "os/stdio.h"

enum { TO_SERVER = 1 << RELAY_TO_SERVER, TO_CLIENT = 1 << RELAY_TO_CLIENT, BOTH = 3 };

enum option_index {
	OPT_LISTEN,
	OPT_TO,
	OPT_DROP,
	OPT_DROP_TO_SERVER,
	OPT_DROP_TO_CLIENT,
	OPT_DELAY,
	OPT_DELAY_TO_SERVER,
	OPT_DELAY_TO_CLIENT,
	OPT_DUPLICATE,
	OPT_REORDER,
	OPT_SEED,
	OPT_HELP,
	N_OPTIONS
};

static const struct option_spec option_table[N_OPTIONS] = {
	[OPT_LISTEN] = { "listen", '\0', "ADDR[:PORT]", "where clients send (default port: any)",
			 1 },
	[OPT_TO] = { "to", '\0', "ADDR:PORT", "the server", 1 },
	[OPT_DROP] = { "drop", '\0', "PERCENT", "lose this many of 100", 1 },
	[OPT_DROP_TO_SERVER] = { "drop-to-server", '\0', "PERCENT", "the same, one way only", 1 },
	[OPT_DROP_TO_CLIENT] = { "drop-to-client", '\0', "PERCENT", "the same, one way only", 1 },
	[OPT_DELAY] = { "delay", '\0', "DUR[..DUR]", "hold each so long, or a random time between",
			1 },
	[OPT_DELAY_TO_SERVER] = { "delay-to-server", '\0', "DUR[..DUR]", "the same, one way only",
				  1 },
	[OPT_DELAY_TO_CLIENT] = { "delay-to-client", '\0', "DUR[..DUR]", "the same, one way only",
				  1 },
	[OPT_DUPLICATE] = { "duplicate", '\0', "PERCENT", "deliver this many of 100 twice", 1 },
	[OPT_REORDER] = { "reorder", '\0', "PERCENT",
			  "hold this many of 100 until the next has passed, at most 1 s", 1 },
	[OPT_SEED] = { "seed", '\0', "N", "the same seed decides the same (default: 1)", 1 },
	[OPT_HELP] = { "help", 'h', NULL, "print this and exit", 1 },
};

static const struct options options = {
	.program = "relay", .table = option_table, .n = N_OPTIONS, .scope = 1
};

struct parser {
	struct relay_options *out;
	bool helped;
};

static void print_help(void)
{
	printf("Usage: relay --listen ADDR[:PORT] --to ADDR:PORT [OPTION]...\n"
	       "Pass UDP datagrams between clients and a server, badly. Says where it listens, "
	       "and\n"
	       "when SIGTERM or SIGINT ends it what became of the datagrams, each way.\n\n");
	options_help(&options, stdout);
	printf("\nWhat does not name a way holds for both; of two that differ the last one "
	       "wins.\n");
}

/* parse_host has no port 0; here it asks for any free one, as no port does. */
static void cut_port_0(char *text)
{
	size_t len = strlen(text);

	if (len > 2 && strcmp(text + len - 2, ":0") == 0 &&
	    (text[len - 3] == ']' || strchr(text, ':') == text + len - 2)) {
		text[len - 2] = '\0';
	}
}

static bool read_address(const char *text, struct relay_address *out, bool need_port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found;
	struct parse_host host;
	char copy[sizeof(host.name) + 16];
	char port[8];

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy)) {
		return false;
	}
	if (!need_port) {
		cut_port_0(copy);
	}
	if (parse_host(copy, &host) || (need_port && host.port == 0)) {
		return false;
	}
	snprintf(port, sizeof(port), "%u", (unsigned)host.port);
	if (getaddrinfo(host.name, port, &hints, &found)) {
		return false;
	}
	memcpy(&out->addr, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static bool apply_address(size_t index, const char *text, struct relay_address *out)
{
	const bool need_port = index == OPT_TO;

	return read_address(text, out, need_port) ||
	       options_bad(&options, index, text, option_table[index].argument);
}

static bool apply_percent(size_t index, const char *text, unsigned ways, enum fate_fault fault,
			  struct relay_options *out)
{
	int64_t percent;

	if (parse_int(text, 0, 100, &percent)) {
		return options_bad(&options, index, text, "a whole number from 0 to 100");
	}
	for (unsigned way = 0; way < RELAY_WAYS; way++) {
		if (ways & 1U << way) {
			out->rules[way].percent[fault] = (uint64_t)percent;
		}
	}
	return true;
}

/* "DUR" or "DUR..DUR". */
static bool read_range(const char *text, dur_ns *min, dur_ns *max)
{
	const char *dots = strstr(text, "..");
	size_t len = dots ? (size_t)(dots - text) : strlen(text);
	char first[64];

	if (len >= sizeof(first)) {
		return false;
	}
	memcpy(first, text, len);
	first[len] = '\0';
	return parse_duration(first, min) == 0 &&
	       parse_duration(dots ? dots + 2 : first, max) == 0 && 0 <= *min && *min <= *max;
}

static bool apply_delay(size_t index, const char *text, unsigned ways, struct relay_options *out)
{
	dur_ns min, max;

	if (!read_range(text, &min, &max)) {
		return options_bad(&options, index, text, "a duration such as 5ms, or 1ms..5ms");
	}
	for (unsigned way = 0; way < RELAY_WAYS; way++) {
		if (ways & 1U << way) {
			out->rules[way].delay_min = min;
			out->rules[way].delay_max = max;
		}
	}
	return true;
}

static bool apply_seed(const char *text, struct relay_options *out)
{
	return parse_int(text, 0, INT64_MAX, &out->seed) == 0 ||
	       options_bad(&options, OPT_SEED, text, "a whole number");
}

static bool apply(void *context, size_t index, const char *text)
{
	struct parser *p = context;
	struct relay_options *out = p->out;

	switch ((enum option_index)index) {
	case OPT_LISTEN:
		return apply_address(index, text, &out->listen);
	case OPT_TO:
		return apply_address(index, text, &out->server);
	case OPT_DROP:
		return apply_percent(index, text, BOTH, FATE_DROP, out);
	case OPT_DROP_TO_SERVER:
		return apply_percent(index, text, TO_SERVER, FATE_DROP, out);
	case OPT_DROP_TO_CLIENT:
		return apply_percent(index, text, TO_CLIENT, FATE_DROP, out);
	case OPT_DELAY:
		return apply_delay(index, text, BOTH, out);
	case OPT_DELAY_TO_SERVER:
		return apply_delay(index, text, TO_SERVER, out);
	case OPT_DELAY_TO_CLIENT:
		return apply_delay(index, text, TO_CLIENT, out);
	case OPT_DUPLICATE:
		return apply_percent(index, text, BOTH, FATE_DUPLICATE, out);
	case OPT_REORDER:
		return apply_percent(index, text, BOTH, FATE_REORDER, out);
	case OPT_SEED:
		return apply_seed(text, out);
	case OPT_HELP:
		print_help();
		p->helped = true;
		return true;
	case N_OPTIONS:
		break;
	}
	return false;
}

enum relay_start relay_options_parse(struct relay_options *out, int argc, char **argv)
{
	struct parser p = { .out = out };
	int first;

	*out = (struct relay_options){ .seed = 1 };
	first = options_parse(&options, argc, argv, apply, &p);
	if (first < 0) {
		return RELAY_USAGE;
	}
	if (p.helped) {
		return RELAY_HELPED;
	}
	if (first < argc) {
		stdio_complain("relay", "unexpected argument '%s'; see 'relay --help'",
			       argv[first]);
		return RELAY_USAGE;
	}
	if (!out->listen.len || !out->server.len) {
		stdio_complain("relay", "--listen and --to are needed; see 'relay --help'");
		return RELAY_USAGE;
	}
	return RELAY_RUN;
}
