/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/query/query.h"
#include "client/verbs.h"
#include "os/stdio.h"

static const char about[] =
	"Measure the local clock against each server, and print its offset. Sets nothing.\n"
	"With --interval or --count it measures repeatedly, and ends with a summary;\n"
	"SIGINT ends it early. With --baseline it measures what RPC adds to a round trip.";

/* Pairs of --baseline, unless --rounds names another number. */
#define BASELINE_ROUNDS 100

static bool read_baseline(const struct option_given *given)
{
	struct parse_host *host = option_place(given);

	return (parse_host(given->text, host) == 0 && host->port != 0) ||
	       option_bad(given, "HOST:PORT of a plain echo");
}

#define AT(member) .place = offsetof(struct query_options, member)

static const struct option_row rows[] = {
	{ "interval", 'i', "DUR", "measure repeatedly, at this interval", SCOPE_QUERY,
	  OPTION_DURATION, AT(interval), .least = REQUEST_MIN_INTERVAL,
	  .most = 86400 * NS_PER_SEC },
	{ "count", '\0', "N", "end after N measurements, 1s apart without --interval", SCOPE_QUERY,
	  OPTION_INT, AT(count), .least = 1, .most = INT64_MAX },
	{ "log", '\0', "FILE", "append JSON objects for each measurement, for report", SCOPE_QUERY,
	  OPTION_TEXT, AT(log_file) },
	{ "baseline", '\0', "HOST", "compare round trips with those of a plain echo at HOST:PORT",
	  SCOPE_QUERY, OPTION_OTHER, AT(baseline), .read = read_baseline },
};

/* Settings that depend on several options. */
static bool complete(struct request *r, const struct query_options *o)
{
	const bool baseline = o->baseline.port != 0;

	if (query_is_series(o) && !r->format_given) {
		r->format = FORMAT_TABLE;
	}
	if (baseline &&
	    (query_is_series(o) || o->log_file || r->measure.interleaved || r->n_hosts > 1)) {
		stdio_complain(r->program, "--baseline takes one server, and neither --interval, "
					   "--count, --log nor --interleaved");
		return false;
	}
	if (baseline && r->format != FORMAT_PEOPLE && r->format != FORMAT_JSON) {
		stdio_complain(r->program, "--baseline prints people's format or json only");
		return false;
	}
	if (baseline && !r->rounds_given) {
		r->measure.rounds = BASELINE_ROUNDS;
	}
	if (baseline && r->measure.rounds < QUERY_LEAST_PAIRS) {
		stdio_complain(r->program, "--baseline needs --rounds of %d at least",
			       QUERY_LEAST_PAIRS);
		return false;
	}
	return true;
}

int cmd_query(int argc, char **argv)
{
	struct query_options options = { .interval = 0 };
	const struct option_part own = OPTION_PART(rows, &options);
	struct request r;
	int status = request_parse_with(&r, SCOPE_QUERY, "timesync query", about, argc, argv, &own);

	if (status == STATUS_GO_ON && !complete(&r, &options)) {
		status = STATUS_USAGE;
	}
	if (status == STATUS_GO_ON) {
		status = request_open_clock(&r, false);
	}
	if (status == STATUS_GO_ON) {
		status = options.baseline.port == 0
				 ? query_run(&r, &options)
				 : query_overhead(&r, &options.baseline, !r.transport_given);
	}
	request_close(&r);
	return status;
}
