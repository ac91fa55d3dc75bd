/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "measure/fields.h"
#include "client/verbs.h"
#include "print/words.h"
#include "rpc/client/call.h"
#include "rpc/local.h"
#include "rpc/status.h"
#include "os/clock_system.h"
#include "os/options.h"
#include "os/stdio.h"

#define TIMEOUT (5 * NS_PER_SEC)

struct status_request {
	const char *path; /* null: the default places */
	bool json;
};

#define AT(member) .place = offsetof(struct status_request, member)

static const struct option_row rows[] = {
	{ "socket", '\0', "PATH", "ask the timesyncd at this local socket", 1, OPTION_TEXT,
	  AT(path) },
	{ "json", '\0', NULL, "print a JSON object", 1, OPTION_FLAG, AT(json) },
};

static int fail(const struct status_request *r, const char *place, int error)
{
	const bool refused = error == -ECONNRESET || error == -EACCES;
	const bool stranger = error == -EPERM;
	const bool absent = error == -ENOENT || error == -ECONNREFUSED;

	return verbs_refuse(
		"timesync status", r->json, refused ? STATUS_NO_PERMISSION : STATUS_NO_ANSWER,
		"no answer from a timesyncd at %s: %s%s", place,
		stranger ? "another user's process listens there and is not trusted"
			 : call_error_text(-error),
		refused              ? " (only root and the daemon's own user are answered)"
		: absent && !r->path ? "; is one running here? If it was started with --socket, "
				       "give the same --socket"
		: absent             ? "; is one running with this --socket?"
				     : "");
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
	const struct options options = {
		.program = "timesync status",
		.about = "Print the counters of the timesyncd on this machine.",
		.scope = 1,
		.parts = { OPTION_PART(rows, &r) },
	};
	struct status status = { .uptime = 0 };
	int result = verbs_parse(&options, argc, argv, NULL);

	if (result != STATUS_GO_ON) {
		return result;
	}
	result = ask(&r, &status);
	if (result == STATUS_DONE) {
		(r.json ? print_json : print)(&status);
	}
	return result;
}
