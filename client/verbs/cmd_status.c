/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/print/fields.h"
#include "client/verbs.h"
#include "client/print/words.h"
#include "rpc/client/call.h"
#include "rpc/local.h"
#include "rpc/status.h"
#include "os/clock_system.h"
#include "os/options.h"
#include "os/stdio.h"

#define TIMEOUT (5 * NS_PER_SEC)
#define WHY_MAX 4300 /* there may be a path in it */

enum option_index { OPT_SOCKET, OPT_JSON, OPT_HELP, N_OPTIONS };

static const struct option_spec option_table[N_OPTIONS] = {
	[OPT_SOCKET] = { "socket", '\0', "PATH", "ask the timesyncd at this local socket", 1 },
	[OPT_JSON] = { "json", '\0', NULL, "print a JSON object", 1 },
	[OPT_HELP] = { "help", 'h', NULL, "print this and exit", 1 },
};

static const struct options options = {
	.program = "timesync status", .table = option_table, .n = N_OPTIONS, .scope = 1
};

struct status_request {
	const char *path; /* null: the default places */
	bool json, help;
};

static bool apply(void *context, size_t index, const char *argument)
{
	struct status_request *r = context;

	switch ((enum option_index)index) {
	case OPT_SOCKET:
		r->path = argument;
		return true;
	case OPT_JSON:
		r->json = true;
		return true;
	case OPT_HELP:
		r->help = true;
		return true;
	case N_OPTIONS:
		break;
	}
	return false;
}

static int fail(const struct status_request *r, const char *place, int error)
{
	const bool refused = error == -ECONNRESET || error == -EACCES;
	const bool stranger = error == -EPERM;
	const bool absent = error == -ENOENT || error == -ECONNREFUSED;
	char why[WHY_MAX];

	snprintf(why, sizeof(why), "no answer from a timesyncd at %s: %s%s", place,
		 stranger ? "another user's process listens there and is not trusted"
			  : call_error_text(-error),
		 refused              ? " (only root and the daemon's own user are answered)"
		 : absent && !r->path ? "; is one running here? If it was started with --socket, "
					"give the same --socket"
		 : absent             ? "; is one running with this --socket?"
				      : "");
	stdio_complain("timesync status", "%s", why);
	if (r->json) {
		fields_print_error(why);
	}
	return refused ? STATUS_NO_PERMISSION : STATUS_NO_ANSWER;
}

/* Ask at the path given, or at the user's own place and then at that of root. */
static int ask(const struct status_request *r, struct status *out)
{
	const bool orders[] = { geteuid() == 0, true };
	char text[ADDRESS_TEXT_MAX] = "the default places";
	struct address at;
	int rc = -ENOENT;

	if (r->path) {
		rc = address_unix(&at, r->path) ? status_ask(out, &at, clock_system(), TIMEOUT)
						: -ENAMETOOLONG;
		return rc == 0 ? STATUS_DONE : fail(r, r->path, rc);
	}
	for (size_t i = 0; i < 2 && rc != 0; i++) {
		if (local_default_path(&at, orders[i])) {
			address_text(&at, text);
			rc = status_ask(out, &at, clock_system(), TIMEOUT);
		}
	}
	return rc == 0 ? STATUS_DONE : fail(r, text, rc);
}

static void print(const struct status *s)
{
	char uptime[WORDS_MAX];

	printf("%-32s %s\n", "up for", words_duration(s->uptime, uptime));
	printf("%-32s %u\n", "workers", s->workers);
	printf("%-32s %" PRIu64 "\n", "restarts", s->restarts);
	for (int i = 0; i < COUNTERS; i++) {
		printf("%-32s %" PRIu64 "\n", counter_name((enum counter)i), s->counts[i]);
	}
}

static void print_json(const struct status *s)
{
	json_t *object = json_pack("{s:o s:i s:I}", "uptime_s", fields_seconds(s->uptime),
				   "workers", (int)s->workers, "restarts", (json_int_t)s->restarts);

	for (int i = 0; i < COUNTERS; i++) {
		json_object_set_new(object, counter_name((enum counter)i),
				    json_integer((json_int_t)s->counts[i]));
	}
	fields_print(object);
}

int cmd_status(int argc, char **argv)
{
	struct status_request r = { .path = NULL };
	int first = options_parse(&options, argc, argv, apply, &r);
	struct status status;
	int result;

	if (first < 0) {
		return STATUS_USAGE;
	}
	if (r.help) {
		printf("Usage: timesync status [OPTION]...\n"
		       "Print the counters of the timesyncd on this machine.\n\n");
		options_help(&options, stdout);
		verbs_print_page("timesync status");
		return STATUS_DONE;
	}
	if (first < argc) {
		stdio_complain("timesync status", "unexpected argument '%s'", argv[first]);
		return STATUS_USAGE;
	}
	result = ask(&r, &status);
	if (result == STATUS_DONE) {
		(r.json ? print_json : print)(&status);
	}
	return result;
}
