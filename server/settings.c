/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/parse.h"
#include "server/settings_table.h"
#include "server/settings_values.h"
#include "os/stdio.h"

struct parser {
	struct settings *settings;
	bool done; /* --help or --version */
};

static void print_help(void)
{
	printf("Usage: timesyncd [OPTION]...\n"
	       "Serve the time over ONC RPC (program 542397273, version 1) and register with "
	       "rpcbind.\n"
	       "It reads the clock; only with --group it sets one, the clock file.\n\n");
	options_help(&settings_options, stdout);
	printf("\nSIGTERM and SIGINT end it; see timesyncd(8).\n");
}

static bool apply_int(size_t index, const char *text, int64_t min, int64_t max, int64_t *out)
{
	char must_be[80];

	if (parse_int(text, min, max, out) == 0) {
		return true;
	}
	snprintf(must_be, sizeof(must_be), "a whole number from %lld to %lld", (long long)min,
		 (long long)max);
	return options_bad(&settings_options, index, text, must_be);
}

static bool apply_port(size_t index, const char *text, uint16_t *out)
{
	int64_t n;

	if (!apply_int(index, text, 1, UINT16_MAX, &n)) {
		return false;
	}
	*out = (uint16_t)n;
	return true;
}

static bool apply_group_duration(struct settings *s, size_t index, const char *text)
{
	dur_ns *const out[N_OPTIONS] = {
		[OPT_LEASE] = &s->group.lease,
		[OPT_CYCLE] = &s->group.cycle,
		[OPT_TOLERANCE] = &s->group.tolerance,
		[OPT_MAX_CORRECTION] = &s->group.max_correction,
	};
	const bool is_period = index == OPT_LEASE || index == OPT_CYCLE;

	return settings_apply_duration(&settings_options, index, out[index], text, is_period);
}

/* The options of groups; `index` is one of them. */
static bool apply_of_group(struct settings *s, size_t index, const char *argument)
{
	switch (index) {
	case OPT_GROUP:
		return settings_apply_group(&settings_options, index, s, argument);
	case OPT_KEY:
		s->group.key_file = argument;
		return true;
	case OPT_MEMBER:
		return settings_apply_member(&settings_options, index, s, argument);
	case OPT_DISCOVER:
		s->group.discover = true;
		return true;
	case OPT_GROUP_PORT:
		return apply_port(index, argument, &s->group.port);
	case OPT_GROUP_STATE:
		s->group.state_file = argument;
		return true;
	case OPT_INSECURE_LAB:
		s->group.insecure = true;
		return true;
	default:
		return apply_group_duration(s, index, argument);
	}
}

static bool apply_idle_timeout(struct settings *s, const char *text)
{
	if (parse_duration(text, &s->limits.idle_timeout) != 0 || s->limits.idle_timeout <= 0) {
		return options_bad(&settings_options, OPT_IDLE_TIMEOUT, text,
				   "a duration such as 60s or 5min");
	}
	return true;
}

static bool apply_count(size_t index, const char *text, int64_t max, size_t *out)
{
	int64_t n;

	if (!apply_int(index, text, 1, max, &n)) {
		return false;
	}
	*out = (size_t)n;
	return true;
}

static bool apply_workers(struct settings *s, const char *text)
{
	int64_t n;

	if (!apply_int(OPT_WORKERS, text, 1, SETTINGS_MAX_WORKERS, &n)) {
		return false;
	}
	s->workers = (unsigned)n;
	return true;
}

static bool apply(void *context, size_t index, const char *argument)
{
	struct parser *p = context;
	struct settings *s = p->settings;

	if (index >= OPT_GROUP && index <= OPT_INSECURE_LAB) {
		return apply_of_group(s, index, argument);
	}
	switch (index) {
	case OPT_FOREGROUND:
		s->foreground = true;
		return true;
	case OPT_PORT:
		return apply_port(index, argument, &s->port);
	case OPT_NETID:
		return settings_apply_netids(&settings_options, index, s, argument);
	case OPT_ADDRESS:
		return settings_apply_address(&settings_options, index, s, argument);
	case OPT_NO_RPCBIND:
		s->use_rpcbind = false;
		return true;
	case OPT_CLOCK:
		s->clock_file = argument;
		return true;
	case OPT_WORKERS:
		return apply_workers(s, argument);
	case OPT_MAX_CONNECTIONS:
		return apply_count(index, argument, 1000000, &s->limits.connections);
	case OPT_MAX_PER_ADDRESS:
		return apply_count(index, argument, 1000000, &s->limits.connections_per_address);
	case OPT_IDLE_TIMEOUT:
		return apply_idle_timeout(s, argument);
	case OPT_ALLOW:
		return settings_apply_allow(&settings_options, index, s, argument);
	case OPT_RATE_LIMIT:
		return apply_int(OPT_RATE_LIMIT, argument, 1, 1000000, &s->rate_limit);
	case OPT_SOCKET:
		s->socket_path = argument;
		return true;
	case OPT_PID_FILE:
		s->pid_file = argument;
		return true;
	case OPT_USER:
		s->user = argument;
		return true;
	case OPT_VERBOSE:
		s->verbose = true;
		return true;
	case OPT_HELP:
		print_help();
		p->done = true;
		return true;
	case OPT_VERSION:
		puts("timesyncd " TIMESYNC_VERSION);
		p->done = true;
		return true;
	default:
		return false;
	}
}

static void set_defaults(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	s->use_rpcbind = true;
	s->workers = 1;
	s->limits = (struct svc_stream_limits){
		.connections = 1024,
		.connections_per_address = 256,
		.idle_timeout = 60 * NS_PER_SEC,
		.busy_timeout = 5 * NS_PER_SEC,
	};
	for (size_t i = 0; i < NETIDS; i++) {
		s->netids[i] = true;
	}
	s->group = settings_group_defaults;
	s->clock_file = getenv("TIMESYNC_CLOCK");
	if (s->clock_file && s->clock_file[0] == '\0') {
		s->clock_file = NULL;
	}
}

enum settings_outcome settings_parse(struct settings *s, int argc, char **argv)
{
	struct parser p = { .settings = s };
	int first;

	set_defaults(s);
	first = options_parse(&settings_options, argc, argv, apply, &p);
	if (first < 0) {
		return SETTINGS_WRONG;
	}
	if (p.done) {
		return SETTINGS_DONE;
	}
	if (first < argc) {
		stdio_complain("timesyncd", "unexpected argument '%s'; see 'timesyncd --help'",
			       argv[first]);
		return SETTINGS_WRONG;
	}
	return settings_group_complete(s) ? SETTINGS_RUN : SETTINGS_WRONG;
}
