/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/relay_options.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "core/parse.h"
#include "os/stdio.h"

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

#define AT(member) .place = offsetof(struct relay_options, member)

static const struct option_row rows[] = {
	{ "listen", '\0', "ADDR[:PORT]", "where clients send: needed (default port: any)", 1,
	  OPTION_OTHER, AT(listen), .read = read_place },
	{ "to", '\0', "ADDR:PORT", "the server: needed", 1, OPTION_OTHER, AT(server),
	  .read = read_place, .least = 1 },
	{ "control", '\0', NULL, "take commands from standard input, see below; its end ends it", 1,
	  OPTION_FLAG, AT(control) },
	{ "seed", '\0', "N", "the same seed decides the same", 1, OPTION_INT, AT(seed),
	  .standard = 1, .most = INT64_MAX },
};

enum options_outcome relay_options_parse(struct relay_options *out, int argc, char **argv)
{
	const struct options options = {
		.program = "relay",
		.about = "Pass UDP datagrams between clients and a server, badly. Says where it "
			 "listens, and\n"
			 "when SIGTERM or SIGINT ends it what became of the datagrams, each way. "
			 "Calls leave\n"
			 "from the address of the client where that is one of this machine.",
		.ending = "What does not name a way holds for both; of two that differ the last "
			  "one wins.\n\n"
			  "Commands, one a line, each answered by 'relay: done' or 'relay: "
			  "refused':\n"
			  "  ADDR OPTION...  pass the datagrams of this client so from now on\n"
			  "  * OPTION...     those of all clients without options of their own\n"
			  "  ADDR default    those of this client like all others again\n"
			  "  counters        say what became of the datagrams so far",
		.scope = 1,
		.parts = { OPTION_PART(rows, out), link_options_part(&out->link) },
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
