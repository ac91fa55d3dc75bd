/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/host_hint.h"
#include "core/parse.h"
#include "group/core/election.h"
#include "group/wire/codec.h"
#include "os/options.h"
#include "os/stdio.h"

/* The fastest cycle: calls are given a third of it to be answered. */
#define MIN_CYCLE (100 * NS_PER_MS)

/* --- options that take more than a number ----------------------------------------------------- */

static bool read_netids(const struct option_given *given)
{
	struct settings *s = given->record;
	const char *list = given->text;
	char copy[64];
	char *save = NULL;

	memset(s->netids, 0, sizeof(s->netids));
	s->netids_given = true;
	if (strlen(list) >= sizeof(copy) || list[0] == '\0') {
		return option_bad(given, "some of udp,tcp,udp6,tcp6");
	}
	strcpy(copy, list);
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		const struct netid *netid = netid_named(name);

		if (!netid) {
			return option_bad(given, "some of udp,tcp,udp6,tcp6");
		}
		s->netids[netid - netids] = true;
	}
	return true;
}

static bool read_address(const struct option_given *given)
{
	struct settings *s = given->record;
	const char *text = given->text;
	if (s->n_addresses == SETTINGS_MAX_ADDRESSES) {
		return option_bad(given, "given at most four times");
	}
	if (!address_parse(&s->addresses[s->n_addresses], text)) {
		return option_bad(given, "a numeric IPv4 or IPv6 address");
	}
	if (!address_is_any(&s->addresses[s->n_addresses]) &&
	    !address_is_one_host(&s->addresses[s->n_addresses])) {
		return option_bad(
			given, "an address of this machine alone, not of multicast or broadcast");
	}
	s->n_addresses++;
	return true;
}

static bool read_network(const struct option_given *given)
{
	struct settings *s = given->record;
	const char *text = given->text;
	switch (access_allow(&s->access, text)) {
	case 0:
		return true;
	case -EDOM:
		return option_bad(given,
				  "a network without bits behind its prefix, such as 192.0.2.0/24");
	case -ENOSPC:
		return option_bad(given, "given at most 64 times");
	default:
		return option_bad(given,
				  "an address or a network such as 192.0.2.0/24 or 2001:db8::/32");
	}
}

static bool read_group(const struct option_given *given)
{
	struct settings *s = given->record;
	const char *text = given->text;
	const size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.");

	if (n == 0 || text[n] != '\0' || n > GROUP_NAME_MAX) {
		return option_bad(given, "up to 32 letters, digits, '-', '_' and '.'");
	}
	s->group.name = text;
	return true;
}

static bool read_member(const struct option_given *given)
{
	struct settings *s = given->record;
	const char *text = given->text;
	struct parse_host host;

	if (parse_host(text, &host) != 0) {
		char hint[HOST_HINT_MAX], must[2 * HOST_HINT_MAX];

		snprintf(must, sizeof(must), "HOST, HOST:PORT or [V6]:PORT: %s",
			 host_hint(text, hint));
		return option_bad(given, must);
	}
	if (s->group.n_members == MEMBERS_MAX) {
		return option_bad(given, "given at most 1024 times");
	}
	s->group.members[s->group.n_members++] = text;
	return true;
}

/* --- the options ------------------------------------------------------------------------------ */

#define AT(member) .place = offsetof(struct settings, member)

static const struct option_row rows[] = {
	{ "foreground", 'f', NULL, "stay in the foreground and log to stderr", 1, OPTION_FLAG,
	  AT(foreground) },
	{ "port", 'p', "PORT", "serve on this port (default: any, found through rpcbind)", 1,
	  OPTION_PORT, AT(port) },
	{ "netid", '\0', "LIST", "serve on these of udp,tcp,udp6,tcp6 (default: all)", 1,
	  OPTION_OTHER, .read = read_netids },
	{ "address", 'a', "ADDR", "serve on this address only; may be repeated", 1, OPTION_OTHER,
	  .read = read_address },
	{ "no-rpcbind", '\0', NULL, "do not register with rpcbind", 1, OPTION_NO, AT(use_rpcbind) },
	{ "clock", 'c', "FILE", "serve this clock file instead of the system clock", 1, OPTION_TEXT,
	  AT(clock_file) },
	{ "workers", 'w', "N", "serve with this many processes", 1, OPTION_UNSIGNED, AT(workers),
	  .standard = 1, .least = 1, .most = SETTINGS_MAX_WORKERS },
	{ "max-connections", '\0', "N", "TCP connections a worker keeps", 1, OPTION_SIZE,
	  AT(limits.connections), .standard = 1024, .least = 1, .most = 1000000 },
	{ "max-per-address", '\0', "N", "of these, from one address", 1, OPTION_SIZE,
	  AT(limits.connections_per_address), .standard = 256, .least = 1, .most = 1000000 },
	{ "idle-timeout", '\0', "DUR", "close TCP connections idle this long", 1, OPTION_DURATION,
	  AT(limits.idle_timeout), .standard = 60 * NS_PER_SEC, .least = 1, .most = INT64_MAX },
	{ "allow", '\0', "CIDR", "serve only this network, and others so given (default: all)", 1,
	  OPTION_OTHER, .read = read_network },
	{ "rate-limit", '\0', "N", "calls a second from one address (default: no limit)", 1,
	  OPTION_INT, AT(rate_limit), .least = 1, .most = 1000000 },
	{ "socket", '\0', "PATH", "answer 'timesync status' at this local socket", 1, OPTION_TEXT,
	  AT(socket_path) },
	{ "pid-file", '\0', "FILE", "write the process id there", 1, OPTION_TEXT, AT(pid_file) },
	{ "user", '\0', "NAME", "become this user once the sockets are open", 1, OPTION_TEXT,
	  AT(user) },
	{ "group", '\0', "NAME", "keep the clock file in step with this group", 1, OPTION_OTHER,
	  .read = read_group },
	{ "key", '\0', "FILE", "the group's key file", 1, OPTION_TEXT, AT(group.key_file) },
	{ "member", '\0', "HOST", "a member, HOST[:PORT], this one too; repeated", 1, OPTION_OTHER,
	  .read = read_member },
	{ "discover", '\0', NULL, "find the group by rpcbind broadcast, and join it", 1,
	  OPTION_FLAG, AT(group.discover) },
	{ "group-port", '\0', "PORT", "this member's port in the group", 1, OPTION_PORT,
	  AT(group.port), .standard = GROUP_SETTINGS_PORT },
	{ "group-state", '\0', "FILE",
	  "what to keep across restarts (default: beside the clock file)", 1, OPTION_TEXT,
	  AT(group.state_file) },
	{ "lease", '\0', "DUR", "for how long a leader leads unheard", 1, OPTION_DURATION,
	  AT(group.lease), .standard = 10 * NS_PER_SEC, .least = MIN_CYCLE,
	  .most = ELECTION_MAX_LEASE },
	{ "cycle", '\0', "DUR", "how often the clocks are corrected", 1, OPTION_DURATION,
	  AT(group.cycle), .standard = 10 * NS_PER_SEC, .least = MIN_CYCLE,
	  .most = ELECTION_MAX_LEASE },
	{ "tolerance", '\0', "DUR", "average clocks no further apart than this", 1, OPTION_DURATION,
	  AT(group.tolerance), .standard = NS_PER_SEC, .most = INT64_MAX },
	{ "max-bound", '\0', "DUR", "clocks measured to worse than this do not count", 1,
	  OPTION_DURATION, AT(group.max_error), .standard = 20 * NS_PER_MS, .most = INT64_MAX },
	{ "max-correction", '\0', "DUR", "refuse larger corrections; 0 for no limit", 1,
	  OPTION_DURATION, AT(group.max_correction), .standard = 3600 * NS_PER_SEC,
	  .most = INT64_MAX },
	{ "insecure-lab", '\0', NULL, "let the group do without a key: for exercises only", 1,
	  OPTION_FLAG, AT(group.insecure) },
	{ "verbose", 'v', NULL, "log more", 1, OPTION_FLAG, AT(verbose) },
	{ "version", 'V', NULL, "print the version and exit", 1, .type = OPTION_VERSION },
};

static void set_defaults(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	s->use_rpcbind = true;
	s->limits.busy_timeout = 5 * NS_PER_SEC;
	for (size_t i = 0; i < NETIDS; i++) {
		s->netids[i] = true;
	}
	s->clock_file = getenv("TIMESYNC_CLOCK");
	if (s->clock_file && s->clock_file[0] == '\0') {
		s->clock_file = NULL;
	}
}

/* --- what belongs together -------------------------------------------------------------------- */

static bool complain(const char *what)
{
	stdio_complain("timesyncd", "%s", what);
	return false;
}

static bool is_complete(const struct settings *s)
{
	const struct group_settings *g = &s->group;

	if (!g->name) {
		return (!g->key_file && !g->insecure && !g->discover && g->n_members == 0) ||
		       complain("--key, --member, --discover and --insecure-lab need --group");
	}
	if (!g->key_file && !g->insecure) {
		return complain(
			"a group needs --key FILE ('timesync group keygen FILE' makes one)");
	}
	if (g->key_file && g->insecure) {
		return complain("--key and --insecure-lab exclude each other");
	}
	if (g->n_members == 0 && !g->discover) {
		return complain("a group needs its members: --member HOST for each, this one too; "
				"or --discover, to join one that is there");
	}
	if (g->n_members > 0 && g->discover) {
		return complain("--member and --discover exclude each other: members that are "
				"named found a group, who discovers it joins");
	}
	return s->clock_file ||
	       complain("a group needs --clock FILE: the system clock is not set by timesyncd");
}

enum settings_outcome settings_parse(struct settings *s, int argc, char **argv)
{
	const struct options options = {
		.program = "timesyncd",
		.usage = "[OPTION]...\n"
			 "Serve the time over ONC RPC (program 542397273, version 1) and register "
			 "with "
			 "rpcbind.\n"
			 "It reads the clock; only with --group it sets one, the clock file.",
		.ending = "SIGTERM and SIGINT end it; see timesyncd(8).",
		.scope = 1,
		.parts = { { rows, sizeof(rows) / sizeof(rows[0]), s } },
	};
	int first;

	set_defaults(s);
	first = options_parse(&options, argc, argv);
	if (first < 0) {
		return first == OPTIONS_DONE ? SETTINGS_DONE : SETTINGS_WRONG;
	}
	if (first < argc) {
		stdio_complain("timesyncd", "unexpected argument '%s'; see 'timesyncd --help'",
			       argv[first]);
		return SETTINGS_WRONG;
	}
	return is_complete(s) ? SETTINGS_RUN : SETTINGS_WRONG;
}
