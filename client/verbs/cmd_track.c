/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/request.h"
#include "client/verbs.h"
#include "os/heir.h"
#include "os/stdio.h"
#include "track/tracker.h"

static const char about[] =
	"Keep the local clock correct, in offset and rate, until SIGTERM or SIGINT.\n"
	"Of several servers more than half must agree. A poll is one round, and 8 at the start\n"
	"and when something is in doubt. Without --clock FILE it is the system clock, which\n"
	"needs the privilege to set it.";

static void take_request(struct track_options *t, const struct request *r)
{
	t->program = r->program;
	t->hosts = r->hosts;
	t->n_hosts = r->n_hosts;
	t->target = r->target;
	t->measure = r->measure;
	t->measure.clock_file = r->clock_file;
	t->rounds = r->poll_rounds;
	t->trust = r->allow_unsynchronised;
	t->output = r->format == FORMAT_JSON ? TRACK_PRINTS_JSON : TRACK_PRINTS_TEXT;
	t->limits.first = r->limits;
}

/* Check the options together. STATUS_GO_ON, or the exit status after reporting an error. */
static int check(struct track_options *options, const struct request *request)
{
	const char *why;

	take_request(options, request);
	why = track_options_complete(options);
	if (why) {
		stdio_complain(request->program, "%s", why);
	}
	return why ? STATUS_USAGE : STATUS_GO_ON;
}

int cmd_track(int argc, char **argv)
{
	struct track_options options;
	const struct option_part own = { track_rows, TRACK_ROWS, &options };
	struct request request;
	int status;

	track_options_begin(&options);
	status = request_parse_with(&request, SCOPE_TRACK, "timesync track", about, argc, argv,
				    &own);
	if (status == STATUS_GO_ON) {
		status = check(&options, &request);
	}
	if (status == STATUS_GO_ON) {
		status = request_open_clock(&request, !options.chrony_sock);
	}
	if (status == STATUS_GO_ON && !options.chrony_sock) {
		status = request_keep_clock(&request, CLOCK_KEEPER_TRACK);
	}
	if (status == STATUS_GO_ON) {
		options.measure = request.measure;
		if (!request.clock_file && !options.chrony_sock) {
			(void)heir_appoint(request.measure.clock);
		}
		status = tracker_run(&options);
	}
	request_close(&request);
	return status;
}

_Static_assert((int)SCOPE_TRACK == (int)TRACK_OF_VERB, "the rows of track are for this verb");
