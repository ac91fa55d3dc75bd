/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/relay_options.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "core/parse.h"
#include "os/options.h"
#include "os/stdio.h"

enum { TO_SERVER = 1 << RELAY_TO_SERVER, TO_CLIENT = 1 << RELAY_TO_CLIENT, BOTH = 3 };

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

/* `least` of the row: a port is needed. */
static bool read_place(const struct option_given *given)
{
	return read_address(given->text, option_place(given), given->row->least != 0) ||
	       option_bad(given, given->row->argument);
}

/* `least` of the row: the ways that it holds for; `most`: which fault. */
static bool read_percent(const struct option_given *given)
{
	struct relay_options *out = given->record;
	int64_t percent;

	if (parse_int(given->text, 0, 100, &percent)) {
		return option_bad(given, "a whole number from 0 to 100");
	}
	for (unsigned way = 0; way < RELAY_WAYS; way++) {
		if (given->row->least & 1 << way) {
			out->rules[way].percent[given->row->most] = (uint64_t)percent;
		}
	}
	return true;
}

/* `least` of the row: the ways that it holds for. */
static bool read_delay(const struct option_given *given)
{
	struct relay_options *out = given->record;
	dur_ns min, max;

	if (parse_duration_range(given->text, &min, &max) != 0 || min < 0) {
		return option_bad(given, "a duration such as 5ms, or 1ms..5ms");
	}
	for (unsigned way = 0; way < RELAY_WAYS; way++) {
		if (given->row->least & 1 << way) {
			out->rules[way].delay_min = min;
			out->rules[way].delay_max = max;
		}
	}
	return true;
}

#define AT(member)           .place = offsetof(struct relay_options, member)
#define PERCENT(ways, fault) OPTION_OTHER, .read = read_percent, .least = (ways), .most = (fault)
#define DELAY(ways)          OPTION_OTHER, .read = read_delay, .least = (ways)

static const struct option_row rows[] = {
	{ "listen", '\0', "ADDR[:PORT]", "where clients send: needed (default port: any)", 1,
	  OPTION_OTHER, AT(listen), .read = read_place },
	{ "to", '\0', "ADDR:PORT", "the server: needed", 1, OPTION_OTHER, AT(server),
	  .read = read_place, .least = 1 },
	{ "drop", '\0', "PERCENT", "lose this many of 100", 1, PERCENT(BOTH, FATE_DROP) },
	{ "drop-to-server", '\0', "PERCENT", "the same, one way only", 1,
	  PERCENT(TO_SERVER, FATE_DROP) },
	{ "drop-to-client", '\0', "PERCENT", "the same, one way only", 1,
	  PERCENT(TO_CLIENT, FATE_DROP) },
	{ "delay", '\0', "DUR[..DUR]", "hold each so long, or a random time between", 1,
	  DELAY(BOTH) },
	{ "delay-to-server", '\0', "DUR[..DUR]", "the same, one way only", 1, DELAY(TO_SERVER) },
	{ "delay-to-client", '\0', "DUR[..DUR]", "the same, one way only", 1, DELAY(TO_CLIENT) },
	{ "duplicate", '\0', "PERCENT", "deliver this many of 100 twice", 1,
	  PERCENT(BOTH, FATE_DUPLICATE) },
	{ "reorder", '\0', "PERCENT",
	  "hold this many of 100 until the next has passed, at most 1 s", 1,
	  PERCENT(BOTH, FATE_REORDER) },
	{ "seed", '\0', "N", "the same seed decides the same", 1, OPTION_INT, AT(seed),
	  .standard = 1, .most = INT64_MAX },
};

enum options_outcome relay_options_parse(struct relay_options *out, int argc, char **argv)
{
	const struct options options = {
		.program = "relay",
		.about = "Pass UDP datagrams between clients and a server, badly. Says where it "
			 "listens, and\n"
			 "when SIGTERM or SIGINT ends it what became of the datagrams, each way.",
		.ending = "What does not name a way holds for both; of two that differ the last "
			  "one wins.",
		.scope = 1,
		.parts = { OPTION_PART(rows, out) },
	};
	enum options_outcome outcome;

	memset(out, 0, sizeof(*out));
	outcome = options_parse(&options, argc, argv, NULL);
	if (outcome == OPTIONS_RUN && (!out->listen.len || !out->server.len)) {
		stdio_complain("relay", "--listen and --to are needed; see 'relay --help'");
		return OPTIONS_WRONG;
	}
	return outcome;
}
