/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/request_options.h"

#include <stdio.h>
#include <string.h>

#include "client/draw/plot.h"
#include "os/options.h"
#include "os/stdio.h"

enum option_index {
	OPT_ROUNDS,
	OPT_METHOD,
	OPT_TRANSPORT,
	OPT_INTERLEAVED,
	OPT_IPV4,
	OPT_IPV6,
	OPT_PORT,
	OPT_TIMEOUT,
	OPT_CLOCK,
	OPT_STEP,
	OPT_SLEW,
	OPT_MAX_CHANGE,
	OPT_ALLOW_UNSYNCHRONISED,
	OPT_DRY_RUN,
	OPT_TRUTH,
	OPT_PLOT,
	OPT_JSON,
	OPT_FORMAT,
	OPT_HELP,
	N_OPTIONS
};

#define BOTH   (SCOPE_QUERY | SCOPE_SYNC | SCOPE_TRACK)
#define ALL    (SCOPE_QUERY | SCOPE_SYNC | SCOPE_COMPARE | SCOPE_TRACK)
#define LIMITS (SCOPE_SYNC | SCOPE_COMPARE | SCOPE_TRACK)
#define HOSTS  (ALL | SCOPE_DOCTOR)
#define EVERY  (HOSTS | SCOPE_DISCOVER)

static const struct option_spec option_table[N_OPTIONS] = {
	[OPT_ROUNDS] = { "rounds", 'n', "N", "valid rounds wanted (default: 5; track: 8)", ALL },
	[OPT_METHOD] = { "method", 'm', "NAME",
			 "mean, cristian, ntp or minimum (default: mean; track: ntp)", BOTH },
	[OPT_TRANSPORT] = { "transport", 't', "NAME", "udp (default) or tcp", ALL },
	[OPT_INTERLEAVED] = { "interleaved", '\0', NULL,
			      "learn from the kernels when packets really left (udp only)", ALL },
	[OPT_IPV4] = { "ipv4", '4', NULL, "use IPv4 only", HOSTS },
	[OPT_IPV6] = { "ipv6", '6', NULL, "use IPv6 only", HOSTS },
	[OPT_PORT] = { "port", 'p', "PORT", "the server's port; rpcbind is not asked then", HOSTS },
	[OPT_TIMEOUT] = { "timeout", '\0', "DUR", "how long one round may take (default: 1s)",
			  EVERY },
	[OPT_CLOCK] = { "clock", 'c', "FILE", "use this clock file, not the system clock", EVERY },
	[OPT_STEP] = { "step", '\0', NULL, "set the clock at once, however small the correction",
		       LIMITS },
	[OPT_SLEW] = { "slew", '\0', NULL,
		       "let the clock run faster or slower, however long it takes", LIMITS },
	[OPT_MAX_CHANGE] = { "max-change", '\0', "DUR", "refuse a larger correction", LIMITS },
	[OPT_ALLOW_UNSYNCHRONISED] = { "allow-unsynchronised", '\0', NULL,
				       "correct the system clock by more than a day, or feed "
				       "chronyd,\neven if no server is synchronised",
				       SCOPE_SYNC | SCOPE_TRACK },
	[OPT_DRY_RUN] = { "dry-run", '\0', NULL,
			  "say what would be done, and leave the clock alone", SCOPE_SYNC },
	[OPT_TRUTH] = { "truth", '\0', "FILE",
			"the clock file that the server serves, or 'system': this machine's",
			SCOPE_COMPARE },
	[OPT_PLOT] = { "plot", '\0', "FILE", "draw a picture, FILE.svg or FILE.png, by gnuplot",
		       SCOPE_COMPARE },
	[OPT_JSON] = { "json", '\0', NULL, "print JSON objects, one a line", EVERY },
	[OPT_FORMAT] = { "format", '\0', "NAME", "people (default), json or classic",
			 SCOPE_QUERY | SCOPE_SYNC },
	[OPT_HELP] = { "help", 'h', NULL, "print this and exit", EVERY },
};

struct parser {
	struct request *request;
	struct options options;
	bool *help;
};

static bool bad(const struct parser *p, size_t index, const char *argument, const char *must_be)
{
	return options_bad(&p->options, index, argument, must_be);
}

static bool apply_rounds(struct parser *p, const char *text)
{
	int64_t n;

	if (parse_int(text, 1, MEASURE_MAX_ROUNDS, &n) != 0) {
		return bad(p, OPT_ROUNDS, text, "a whole number from 1 to 10000");
	}
	p->request->measure.rounds = (unsigned)n;
	return true;
}

static bool apply_transport(struct parser *p, const char *text)
{
	if (strcmp(text, "udp") == 0) {
		p->request->target.socktype = SOCK_DGRAM;
	} else if (strcmp(text, "tcp") == 0) {
		p->request->target.socktype = SOCK_STREAM;
	} else {
		return bad(p, OPT_TRANSPORT, text, "udp or tcp");
	}
	return true;
}

static bool apply_port(struct parser *p, const char *text)
{
	int64_t n;

	if (parse_int(text, 1, UINT16_MAX, &n) != 0) {
		return bad(p, OPT_PORT, text, "a port from 1 to 65535");
	}
	p->request->target.port = (uint16_t)n;
	return true;
}

static bool apply_duration(struct parser *p, size_t index, const char *text, dur_ns *out)
{
	if (parse_duration(text, out) != 0 || *out <= 0) {
		return bad(p, index, text, "a positive duration such as 2.5s, 150ms or 3us");
	}
	return true;
}

static bool apply_family(struct parser *p, int family)
{
	if (p->request->target.family != AF_UNSPEC && p->request->target.family != family) {
		stdio_complain(p->options.program, "-4 and -6 exclude each other");
		return false;
	}
	p->request->target.family = family;
	return true;
}

static bool apply_force(struct parser *p, enum policy_force force)
{
	if (p->request->limits.force != POLICY_AUTO && p->request->limits.force != force) {
		stdio_complain(p->options.program, "--step and --slew exclude each other");
		return false;
	}
	p->request->limits.force = force;
	return true;
}

static bool apply_format(struct parser *p, const char *text)
{
	static const char *const names[] = {
		[FORMAT_PEOPLE] = "people",
		[FORMAT_JSON] = "json",
		[FORMAT_CLASSIC] = "classic",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			p->request->format = (enum request_format)i;
			return true;
		}
	}
	return bad(p, OPT_FORMAT, text, "people, json or classic");
}

#define LONGEST_TIMEOUT (INT64_C(600) * NS_PER_SEC)

static bool apply_timeout(struct parser *p, const char *text)
{
	if (!apply_duration(p, OPT_TIMEOUT, text, &p->request->measure.timeout)) {
		return false;
	}
	return p->request->measure.timeout <= LONGEST_TIMEOUT ||
	       bad(p, OPT_TIMEOUT, text, "at most 10min");
}

static bool apply_to_measuring(struct parser *p, enum option_index index, const char *argument)
{
	struct request *r = p->request;

	switch ((int)index) {
	case OPT_ROUNDS:
		return apply_rounds(p, argument);
	case OPT_METHOD:
		return estimate_method_find(argument, &r->measure.method) ||
		       bad(p, index, argument, "mean, cristian, ntp or minimum");
	case OPT_TRANSPORT:
		return apply_transport(p, argument);
	case OPT_INTERLEAVED:
		r->measure.interleaved = true;
		return true;
	case OPT_PORT:
		return apply_port(p, argument);
	case OPT_TIMEOUT:
		return apply_timeout(p, argument);
	default:
		return apply_family(p, index == OPT_IPV4 ? AF_INET : AF_INET6);
	}
}

static bool apply(void *context, size_t index, const char *argument)
{
	struct parser *p = context;
	struct request *r = p->request;

	switch ((enum option_index)index) {
	case OPT_CLOCK:
		r->clock_file = argument;
		return true;
	case OPT_STEP:
		return apply_force(p, POLICY_ALWAYS_STEP);
	case OPT_SLEW:
		return apply_force(p, POLICY_ALWAYS_SLEW);
	case OPT_MAX_CHANGE:
		return apply_duration(p, index, argument, &r->limits.max_change);
	case OPT_ALLOW_UNSYNCHRONISED:
		r->allow_unsynchronised = true;
		return true;
	case OPT_DRY_RUN:
		r->dry_run = true;
		return true;
	case OPT_TRUTH:
		r->truth = argument;
		return true;
	case OPT_PLOT:
		r->plot = argument;
		return plot_kind(argument) != PLOT_UNKNOWN ||
		       bad(p, index, argument, "a name that ends in .svg or .png");
	case OPT_JSON:
		r->format = FORMAT_JSON;
		return true;
	case OPT_FORMAT:
		return apply_format(p, argument);
	case OPT_HELP:
		*p->help = true;
		return true;
	case OPT_ROUNDS:
	case OPT_METHOD:
	case OPT_TRANSPORT:
	case OPT_INTERLEAVED:
	case OPT_IPV4:
	case OPT_IPV6:
	case OPT_PORT:
	case OPT_TIMEOUT:
		return apply_to_measuring(p, (enum option_index)index, argument);
	case N_OPTIONS:
		break;
	}
	return false;
}

#define MAX_OPTIONS (N_OPTIONS + REQUEST_MAX_EXTRA)

/* The shared options and the verb's own, in a table of MAX_OPTIONS, as those of a verb. */
static struct options join(struct option_spec *table, const struct request *r,
			   enum request_scope scope, const struct request_extra *extra)
{
	memcpy(table, option_table, sizeof(option_table));
	if (extra->n > 0) {
		memcpy(table + N_OPTIONS, extra->table, extra->n * sizeof(*table));
	}
	return (struct options){ r->program, table, N_OPTIONS + extra->n, scope };
}

struct joint {
	struct parser parser;
	const struct request_extra *extra;
};

static bool apply_joint(void *context, size_t index, const char *argument)
{
	struct joint *j = context;

	if (index < N_OPTIONS) {
		return apply(&j->parser, index, argument);
	}
	return j->extra->apply(j->extra->context, index - N_OPTIONS, &j->parser.options, index,
			       argument);
}

int request_options_parse(struct request *r, enum request_scope scope,
			  const struct request_extra *extra, int argc, char **argv, bool *help)
{
	struct option_spec table[MAX_OPTIONS];
	struct joint j = {
		.parser = { .request = r, .options = join(table, r, scope, extra), .help = help },
		.extra = extra,
	};
	int first = options_parse(&j.parser.options, argc, argv, apply_joint, &j);

	if (first >= 0 && r->measure.interleaved && r->target.socktype != SOCK_DGRAM) {
		stdio_complain(r->program, "--interleaved needs --transport udp");
		return -1;
	}
	return first;
}

void request_options_help(const struct request *r, enum request_scope scope,
			  const struct request_extra *extra)
{
	struct option_spec table[MAX_OPTIONS];
	const struct options o = join(table, r, scope, extra);

	/* Where people look for it: last, behind the verb's own options. */
	memmove(table + OPT_HELP, table + OPT_HELP + 1, (o.n - OPT_HELP - 1) * sizeof(*table));
	table[o.n - 1] = option_table[OPT_HELP];
	options_help(&o, stdout);
}
