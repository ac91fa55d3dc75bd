/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `timesync query`: measure servers once, or again and again, print and log the results. It sets
 * nothing.
 */
#ifndef CLIENT_QUERY_QUERY_H
#define CLIENT_QUERY_QUERY_H

#include "client/request.h"

/* Fewer pairs of calls and messages tell nothing of their spread. */
#define QUERY_LEAST_PAIRS 10

struct query_options {
	dur_ns interval;            /* between the starts of two measurements; 0: not given */
	int64_t count;              /* measurements; 0: not given */
	const char *log_file;       /* null: none */
	struct parse_host baseline; /* a plain echo to compare with; port 0: none */
};

/* Whether it measures more than once, and ends with a summary. */
bool query_is_series(const struct query_options *o);

/*
 * Measure the servers of the request on its open clock as often as asked, or until a signal that
 * would end the process; SIGHUP reopens the log. Returns the exit status.
 */
int query_run(struct request *request, const struct query_options *options);

/*
 * Measure what RPC adds to the round trips of a plain echo, over the transport of the request, or
 * over UDP and TCP if `both`. Returns the exit status.
 */
int query_overhead(struct request *request, const struct parse_host *baseline, bool both);

#endif
