/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/barrage_options.h"

#include <stdio.h>
#include <string.h>

#include "core/parse.h"
#include "os/options.h"
#include "os/stdio.h"

#define MAX_COUNT INT64_C(100000000)
#define MAX_RATE  INT64_C(10000000)

static bool read_to(const struct option_given *given)
{
	struct barrage_options *out = given->record;
	struct parse_host host;

	if (parse_host(given->text, &host) != 0 || host.port == 0 ||
	    !address_parse(&out->to, host.name) ||
	    !address_is_loopback(&out->to)) { /* a tool like this is for one's own machine */
		return option_bad(given, "a loopback address and port such as 127.0.0.1:4000");
	}
	address_set_port(&out->to, host.port);
	out->to_given = true;
	return true;
}

static bool read_kinds(const struct option_given *given)
{
	struct barrage_options *out = given->record;
	const char *list = given->text;
	char copy[64];
	char *save = NULL;

	memset(out->kinds, 0, sizeof(out->kinds));
	if (strlen(list) >= sizeof(copy) || list[0] == '\0') {
		return option_bad(given, "a list of kinds");
	}
	strcpy(copy, list);
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		size_t kind = 0;

		while (kind < MALICE_KINDS && strcmp(name, malice_names[kind]) != 0) {
			kind++;
		}
		if (kind == MALICE_KINDS) {
			return option_bad(given, "a list of kinds");
		}
		out->kinds[kind] = true;
	}
	return true;
}

#define AT(member) .place = offsetof(struct barrage_options, member)

static const struct option_row rows[] = {
	{ "to", '\0', "ADDR:PORT", "the server, on this machine's loopback", 1, OPTION_OTHER,
	  .read = read_to },
	{ "kind", '\0', "LIST",
	  "some of random,truncated,flipped,gss,reply,call (default: all but call)", 1,
	  OPTION_OTHER, .read = read_kinds },
	{ "count", '\0', "N", "send so many", 1, OPTION_INT, AT(count), .standard = 100000,
	  .least = 1, .most = MAX_COUNT },
	{ "rate", '\0', "N", "a second (default: as fast as it goes)", 1, OPTION_INT, AT(rate),
	  .least = 1, .most = MAX_RATE },
	{ "sockets", '\0', "N", "from so many ports", 1, OPTION_INT, AT(sockets), .standard = 1,
	  .least = 1, .most = BARRAGE_MAX_SOCKETS },
	{ "seed", '\0', "N", "the same seed sends the same", 1, OPTION_INT, AT(seed), .standard = 1,
	  .most = INT64_MAX },
};

enum options_outcome barrage_options_parse(struct barrage_options *out, int argc, char **argv)
{
	const struct options options = {
		.program = "barrage",
		.about = "Send a UDP server on this machine what no honest client would, and say "
			 "how much of it\nwas answered.",
		.scope = 1,
		.parts = { OPTION_PART(rows, out) },
	};
	enum options_outcome outcome;

	*out = (struct barrage_options){ .to_given = false };
	for (size_t kind = 0; kind < MALICE_CALL; kind++) {
		out->kinds[kind] = true;
	}
	outcome = options_parse(&options, argc, argv, NULL);
	if (outcome == OPTIONS_RUN && !out->to_given) {
		stdio_complain("barrage", "--to is needed; see 'barrage --help'");
		return OPTIONS_WRONG;
	}
	return outcome;
}
