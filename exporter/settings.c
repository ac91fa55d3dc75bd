/* SPDX-License-Identifier: BSD-3-Clause */
#include "exporter/settings.h"

#include <string.h>

#include "core/parse.h"

#define PORT 9542

static bool read_listen(const struct option_given *given)
{
	struct exporter_settings *s = given->record;
	struct parse_host host;

	if (parse_host(given->text, &host) != 0 || !address_parse(&s->listen, host.name)) {
		return option_bad(given, "ADDR, ADDR:PORT or [V6]:PORT, in numbers");
	}
	address_set_port(&s->listen, host.port != 0 ? host.port : PORT);
	return true;
}

static bool read_socket(const struct option_given *given)
{
	struct exporter_settings *s = given->record;
	struct address at;

	if (!address_unix(&at, given->text)) {
		return option_bad(given, "a path of at most 107 octets");
	}
	for (size_t i = 0; i < s->n_sockets; i++) {
		if (strcmp(s->sockets[i], given->text) == 0) {
			return true; /* once is enough */
		}
	}
	if (s->n_sockets == EXPORTER_MAX_SOCKETS) {
		return option_bad(given, "given at most 16 times");
	}
	s->sockets[s->n_sockets++] = given->text;
	return true;
}

#define AT(member) .place = offsetof(struct exporter_settings, member)

static const struct option_row rows[] = {
	{ "listen", '\0', "ADDR", "answer at ADDR[:PORT] (default: 127.0.0.1:9542)", 1,
	  OPTION_OTHER, .read = read_listen },
	{ "socket", '\0', "PATH",
	  "ask the timesyncd of this local socket; may be repeated\n"
	  "(default: /run/timesyncd/socket, and those of groups' units)",
	  1, OPTION_OTHER, .read = read_socket },
	{ "clock", 'c', "FILE", "report on this clock file, not the system clock", 1, OPTION_TEXT,
	  AT(clock_file) },
	{ "version", 'V', NULL, "print the version and exit", 1, .type = OPTION_VERSION },
};

enum options_outcome exporter_settings_parse(struct exporter_settings *s, int argc, char **argv)
{
	const struct options options = {
		.program = EXPORTER_PROGRAM,
		.about = "Serve metrics of this machine's timesyncd and clock to Prometheus.",
		.scope = 1,
		.parts = { OPTION_PART(rows, s) },
	};

	*s = (struct exporter_settings){ .listen = address_loopback(AF_INET, PORT) };
	return options_parse(&options, argc, argv, NULL);
}
