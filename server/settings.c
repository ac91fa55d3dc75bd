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
#include "os/options_file.h"
#include "os/stdio.h"

/* The fastest cycle: calls are given a third of it to be answered. */
#define MIN_CYCLE (100 * NS_PER_MS)
/* A claim of more is none: the kernel's ends at 16 s. */
#define LOCAL_MAX_ERROR (10 * NS_PER_SEC)

/* Of a group that keeps the system clock, unless systemd has another. */
#define STATE_DIRECTORY "/var/lib/timesyncd"

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

static bool read_upstream(const struct option_given *given)
{
	struct settings *s = given->record;
	struct parse_host host;

	if (parse_host(given->text, &host) != 0) {
		char hint[HOST_HINT_MAX], must[2 * HOST_HINT_MAX];

		snprintf(must, sizeof(must), "HOST, HOST:PORT or [V6]:PORT: %s",
			 host_hint(given->text, hint));
		return option_bad(given, must);
	}
	if (s->n_upstream == TRACK_SERVERS_MAX) {
		return option_bad(given, "given at most 64 times");
	}
	s->upstream[s->n_upstream++] = host;
	return true;
}

static bool read_local(const struct option_given *given)
{
	struct settings *s = given->record;

	if (parse_duration(given->text, &s->local_error) != 0 || s->local_error < 0 ||
	    s->local_error > LOCAL_MAX_ERROR) {
		return option_bad(given, "a duration from 0 to 10s, such as 1ms");
	}
	s->local = true;
	return true;
}

static bool read_advertise(const struct option_given *given)
{
	struct settings *s = given->record;
	struct parse_host host;
	struct address at;

	if (parse_host(given->text, &host) != 0 || !address_parse(&at, host.name)) {
		return option_bad(given, "ADDR, ADDR:PORT or [V6]:PORT, in numbers");
	}
	if (!address_is_one_host(&at)) {
		return option_bad(given, "the address of one host");
	}
	address_set_port(&at, host.port != 0 ? host.port : GROUP_SETTINGS_PORT);
	s->group.advertise = group_member_address(&at);
	return true;
}

/* --- the options ------------------------------------------------------------------------------ */

#define AT(member) .place = offsetof(struct settings, member)

const struct option_row settings_rows[SETTINGS_ROWS] = {
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
	{ "local", '\0', "DUR", "be the reference, right within DUR, of a network without UTC", 1,
	  OPTION_OTHER, .read = read_local },
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
	{ "key", '\0', "FILE",
	  "answer authenticated calls too, by the keys in FILE; with --group\n"
	  "and without --group-key it is the group's instead",
	  1, OPTION_TEXT, AT(key_file) },
	{ "require-key", '\0', NULL, "answer only authenticated calls", 1, OPTION_FLAG,
	  AT(require_key) },
	{ "socket", '\0', "PATH", "answer 'timesync status' at this local socket", 1, OPTION_TEXT,
	  AT(socket_path) },
	{ "pid-file", '\0', "FILE", "write the process id there", 1, OPTION_TEXT, AT(pid_file) },
	{ "user", '\0', "NAME", "become this user once the sockets are open", 1, OPTION_TEXT,
	  AT(user) },
	{ "upstream", '\0', "HOST",
	  "synchronise the clock to this server, HOST[:PORT]: the clock\n"
	  "file, or without one the system clock; may be repeated",
	  1, OPTION_OTHER, .read = read_upstream },
	{ "upstream-key", '\0', "FILE", "accept only upstream servers with a key in FILE", 1,
	  OPTION_TEXT, AT(upstream_key_file) },
	{ "group", '\0', "NAME",
	  "keep the clock in step with this group: the clock file, or\n"
	  "without one the system clock",
	  1, OPTION_OTHER, .read = read_group },
	{ "group-key", '\0', "FILE", "the group's key file, if it is not that of --key", 1,
	  OPTION_TEXT, AT(group.key_file) },
	{ "member", '\0', "HOST", "a member, HOST[:PORT], this one too; repeated", 1, OPTION_OTHER,
	  .read = read_member },
	{ "discover", '\0', NULL, "find the group by rpcbind broadcast, and join it", 1,
	  OPTION_FLAG, AT(group.discover) },
	{ "group-port", '\0', "PORT", "this member's port in the group", 1, OPTION_PORT,
	  AT(group.port), .standard = GROUP_SETTINGS_PORT },
	{ "advertise", '\0', "ADDR",
	  "where other members reach this one, ADDR[:PORT], if elsewhere", 1, OPTION_OTHER,
	  .read = read_advertise },
	{ "group-state", '\0', "FILE",
	  "what to keep across restarts (default: beside the clock file,\n"
	  "or /var/lib/timesyncd/NAME.group)",
	  1, OPTION_TEXT, AT(group.state_file) },
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
	{ "reference", '\0', NULL,
	  "another program keeps this member's clock: the group\n"
	  "follows the clock, and never sets it",
	  1, OPTION_FLAG, AT(group.reference) },
	{ "reference-step", '\0', "DUR", "step to references further away than this; 0: never", 1,
	  OPTION_DURATION, AT(group.reference_step), .most = INT64_MAX },
	{ "force", '\0', NULL, "keep the system clock although something else steers it", 1,
	  OPTION_FLAG, AT(group.force) },
	{ "insecure-lab", '\0', NULL, "let the group do without a key: for exercises only", 1,
	  OPTION_FLAG, AT(group.insecure) },
	{ "config", '\0', "FILE", "read options from this file too, one a line", 1, OPTION_TEXT,
	  AT(config_file), .only_argv = true },
	{ "verbose", 'v', NULL, "log more", 1, OPTION_FLAG, AT(verbose) },
	{ "version", 'V', NULL, "print the version and exit", 1, .type = OPTION_VERSION,
	  .only_argv = true },
};

static const char *set_or_not(const char *text, const char *otherwise)
{
	return text && text[0] != '\0' ? text : otherwise;
}

static void set_defaults(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	s->use_rpcbind = true;
	s->limits.busy_timeout = 5 * NS_PER_SEC;
	for (size_t i = 0; i < NETIDS; i++) {
		s->netids[i] = true;
	}
	s->clock_file = set_or_not(getenv("TIMESYNC_CLOCK"), NULL);
	track_options_begin(&s->track);
	/* systemd makes it, and says where. */
	s->group.state_directory = set_or_not(getenv("STATE_DIRECTORY"), STATE_DIRECTORY);
}

/* --- what belongs together -------------------------------------------------------------------- */

static bool complain(option_say_fn *say, const char *what)
{
	if (say) {
		say("timesyncd", what);
	} else {
		stdio_complain("timesyncd", "%s", what);
	}
	return false;
}

static bool is_complete_group(const struct settings *s, option_say_fn *say)
{
	const struct group_settings *g = &s->group;

	if (!g->key_file && !g->insecure) {
		return complain(
			say, "a group needs --key FILE ('timesync group keygen FILE' makes one)");
	}
	if (g->key_file && g->insecure) {
		return complain(say, "a group's key and --insecure-lab exclude each other");
	}
	if (g->n_members == 0 && !g->discover) {
		return complain(say,
				"a group needs its members: --member HOST for each, this one too; "
				"or --discover, to join one that is there");
	}
	if (g->n_members > 0 && g->discover) {
		return complain(say, "--member and --discover exclude each other: members that are "
				     "named found a group, who discovers it joins");
	}
	if (s->local) {
		return complain(say, "--group and --local exclude each other: a clock that a group "
				     "corrects is nobody's reference");
	}
	if (g->reference && g->force) {
		return complain(say, "--reference and --force exclude each other: the clock of a "
				     "reference is left to what keeps it");
	}
	return true;
}

/* Without --upstream its options would be of no use. */
static bool is_complete_upstream(struct settings *s, option_say_fn *say)
{
	struct track_options *t = &s->track;
	const char *why;

	if (s->n_upstream == 0) {
		return (!t->given && !t->interval_given && !s->upstream_key_file) ||
		       complain(say, "--upstream-key, --interval, --polite, --panic, --makestep, "
				     "--max-slew-rate, "
				     "--drift-file, --log, --max-change and "
				     "--allow-unsynchronised need --upstream");
	}
	if (s->group.name) {
		return complain(say, "--upstream and --group exclude each other: a clock follows "
				     "either servers or its group; to follow a group's members "
				     "by --upstream, use another machine");
	}
	if (s->local) {
		return complain(say, "--upstream and --local exclude each other: a clock that "
				     "follows servers is as right as they are");
	}
	t->measure.clock_file = s->clock_file;
	track_options_limit_first(&t->limits.first, !s->clock_file, t->trust);
	why = track_options_complete(t);
	return !why || complain(say, why);
}

/* A group's one key is for its members, not for clients. */
static void assign_keys(struct settings *s)
{
	struct group_settings *g = &s->group;

	if (g->name && !g->key_file) {
		g->key_file = s->key_file;
		s->key_file = NULL;
		s->group_key_is_key = g->key_file != NULL;
	}
}

static bool is_complete(struct settings *s, option_say_fn *say)
{
	const struct group_settings *g = &s->group;

	if (s->require_key && !s->key_file) {
		return complain(say,
				g->name ? "--require-key needs a key for clients: name the "
					  "group's by --group-key FILE, and theirs by --key FILE"
					: "--require-key needs --key FILE");
	}
	if (!is_complete_upstream(s, say) || (g->name && !is_complete_group(s, say))) {
		return false;
	}
	if (g->force && !g->name && s->n_upstream == 0) {
		return complain(say, "--force needs --group or --upstream");
	}
	if (g->force && s->clock_file) {
		return complain(say, "--force is for the system clock: a clock file has no other "
				     "keeper");
	}
	return g->name ||
	       (!g->key_file && !g->insecure && !g->discover && !g->reference &&
		g->n_members == 0 && g->advertise.port == 0) ||
	       complain(say, "--group-key, --member, --discover, --advertise, --reference and "
			     "--insecure-lab need --group");
}

static void say_to_log(const char *program, const char *message)
{
	(void)program; /* the log names it */
	log_error("%s", message);
}

/* Parse once; with the configuration file unless `file` is null. The outcome, or OPTIONS_RUN. */
static enum options_outcome parse(struct settings *s, const char *file, int argc, char **argv,
				  option_say_fn *say)
{
	const struct options options = {
		.program = "timesyncd",
		.about = "Serve the time over ONC RPC (program 542397273, version 1) and register "
			 "with "
			 "rpcbind.\n"
			 "It only reads the clock, unless --upstream or --group makes it keep it.",
		.ending = "SIGTERM and SIGINT end it; see timesyncd(8).",
		.scope = 1,
		.parts = { OPTION_PART(settings_rows, s), { track_rows, TRACK_ROWS, &s->track } },
		.say = say,
	};

	set_defaults(s);
	options_defaults(&options);
	if (file && options_file_read(&options, file, &s->config_text) != 0) {
		return OPTIONS_WRONG;
	}
	return options_arguments(&options, argc, argv, NULL);
}

/* The command line names the file, and prevails over it: so it is read before and after. */
static enum options_outcome parse_all(struct settings *s, int argc, char **argv, option_say_fn *say)
{
	enum options_outcome outcome = parse(s, NULL, argc, argv, say);

	if (outcome == OPTIONS_RUN && s->config_file) {
		outcome = parse(s, s->config_file, argc, argv, say);
	}
	assign_keys(s);
	if (outcome == OPTIONS_RUN && !is_complete(s, say)) {
		outcome = OPTIONS_WRONG;
	}
	return outcome;
}

enum options_outcome settings_parse(struct settings *s, int argc, char **argv)
{
	return parse_all(s, argc, argv, NULL);
}

int settings_read_keys(struct settings *s)
{
	int rc = s->key_file ? keys_load(&s->keys, s->key_file) : 0;

	if (rc == 0 && s->upstream_key_file) {
		rc = keys_load(&s->upstream_keys, s->upstream_key_file);
	}
	return rc;
}

enum options_outcome settings_parse_again(struct settings *s, int argc, char **argv)
{
	return parse_all(s, argc, argv, say_to_log);
}

void settings_drop_keys(struct settings *s)
{
	keys_forget(&s->keys);
	s->key_file = NULL;
}

void settings_free(struct settings *s)
{
	free(s->config_text);
	s->config_text = NULL;
	keys_forget(&s->keys);
	keys_forget(&s->upstream_keys);
}

enum log_level settings_log_level(const struct settings *s)
{
	return s->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}
