/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "measure/fields.h"
#include "client/verbs.h"
#include "client/verbs/counters_report.h"
#include "client/verbs/tracking_report.h"
#include "print/terminal.h"
#include "rpc/client/call.h"
#include "rpc/local.h"
#include "rpc/status.h"
#include "os/clock_system.h"
#include "os/options.h"
#include "os/stdio.h"

#define TIMEOUT (5 * NS_PER_SEC)

struct status_request {
	const char *path; /* null: the default places */
	bool json, watch;
};

/* All that a daemon tells. */
struct answer {
	struct status status;
	bool tracks; /* and what it then knows: */
	struct tracked tracked;
};

#define AT(member) .place = offsetof(struct status_request, member)

static const struct option_row rows[] = {
	{ "socket", '\0', "PATH", "ask the timesyncd at this local socket", 1, OPTION_TEXT,
	  AT(path) },
	{ "watch", '\0', NULL, "print it again every second, until interrupted", 1, OPTION_FLAG,
	  AT(watch) },
	{ "json", '\0', NULL, "print a JSON object", 1, OPTION_FLAG, AT(json) },
};

/* A daemon hangs up on strangers. */
static bool is_refusal(int error)
{
	return error == -ECONNRESET || error == -EACCES;
}

static const char *why(int error)
{
	return error == -ECONNRESET ? "it answers only root and its own user"
	       : error == -EPERM    ? "another user's process listens there and is not trusted"
				    : call_error_text(-error);
}

/* Advice on that error. */
static const char *advice(const struct status_request *r, int error)
{
	const bool absent = error == -ENOENT || error == -ECONNREFUSED;

	if (is_refusal(error)) {
		return r->path ? "" : "; if you run one of your own, give its --socket";
	}
	return absent && !r->path ? "; is one running here? If it was started with --socket, give "
				    "the same --socket"
	       : absent           ? "; is one running with this --socket?"
				  : "";
}

static int fail(const struct status_request *r, const char *place, int error)
{
	return verbs_refuse("timesync status", r->json,
			    is_refusal(error) ? STATUS_NO_PERMISSION : STATUS_NO_ANSWER,
			    "no answer from the timesyncd at %s: %s%s", place, why(error),
			    advice(r, error));
}

/* 0 or -errno. */
static int ask_at(struct answer *out, const struct address *at)
{
	int rc = status_ask(&out->status, at, clock_system(), TIMEOUT);

	if (rc == 0) {
		rc = status_ask_tracking(&out->tracked, at, clock_system(), TIMEOUT);
		out->tracks = rc == 0;
	}
	return rc == -ENODATA ? 0 : rc;
}

/* Ask at the path given, or at the user's own place and then at that of root. */
static int ask(const struct status_request *r, struct answer *out)
{
	const bool orders[] = { geteuid() == 0, true };
	char text[ADDRESS_TEXT_MAX] = "the default places";
	struct address at;
	int rc = -ENOENT;

	if (r->path) {
		rc = address_unix(&at, r->path) ? ask_at(out, &at) : -ENAMETOOLONG;
		return rc == 0 ? STATUS_DONE : fail(r, r->path, rc);
	}
	for (size_t i = 0; i < 2 && rc != 0; i++) {
		if (local_default_path(&at, orders[i])) {
			address_text(&at, text);
			rc = ask_at(out, &at);
		}
	}
	return rc == 0 ? STATUS_DONE : fail(r, text, rc);
}

static void print(const struct answer *a)
{
	if (a->tracks) {
		tracking_report_print(&a->tracked);
	}
	counters_report_print(&a->status);
}

static void print_json(const struct answer *a)
{
	json_t *object = counters_report_json(&a->status);

	json_object_set_new(object, "tracking",
			    a->tracks ? tracking_report_json(&a->tracked) : json_null());
	fields_print(object);
}

/* Ask once and print it. The exit status. */
static int show(const struct status_request *r)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	int status;

	if (!answer) {
		return fail(r, "the local socket", -ENOMEM);
	}
	status = ask(r, answer);
	if (status == STATUS_DONE) {
		if (r->watch && terminal_is(stdout)) {
			fputs("\033[H\033[2J", stdout);
		}
		(r->json ? print_json : print)(answer);
		status = fflush(stdout) == 0 ? STATUS_DONE : STATUS_USAGE;
	}
	free(answer);
	return status;
}

int cmd_status(int argc, char **argv)
{
	struct status_request r = { .path = NULL };
	const struct options options = {
		.program = "timesync status",
		.about = "Print the state of the timesyncd on this machine: the tracking of its\n"
			 "--upstream servers, and its counters.",
		.scope = 1,
		.parts = { OPTION_PART(rows, &r) },
	};
	int result = verbs_parse(&options, argc, argv, NULL);
	bool seen = false;

	if (result != STATUS_GO_ON) {
		return result;
	}
	result = show(&r);
	/* Once it has been seen, it is waited for: a daemon may be restarted. */
	while (r.watch && (result == STATUS_DONE || (seen && result == STATUS_NO_ANSWER))) {
		seen = true;
		sleep(1);
		result = show(&r);
	}
	return result;
}
