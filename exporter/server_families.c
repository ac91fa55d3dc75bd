/* SPDX-License-Identifier: BSD-3-Clause */
#include "exporter/families.h"
#include "exporter/series.h"

static void server_up(FILE *out, const char *name, const struct watched *d)
{
	series_begin(out, name, "socket", d->socket);
	series_count(out, d->rc == 0);
}

static void server_uptime(FILE *out, const char *name, const struct watched *d)
{
	series_begin(out, name, "socket", d->socket);
	series_billionths(out, d->status.uptime);
}

static void server_workers(FILE *out, const char *name, const struct watched *d)
{
	series_begin(out, name, "socket", d->socket);
	series_count(out, d->status.workers);
}

static void server_restarts(FILE *out, const char *name, const struct watched *d)
{
	series_begin(out, name, "socket", d->socket);
	series_count(out, d->status.restarts);
}

static void server_calls(FILE *out, const char *name, const struct watched *d)
{
	static const char *const procedures[COUNTERS_PROCEDURES] = {
		"null",
		"get_timestamps",
		"get_time",
		"get_timestamps_interleaved",
	};
	static const struct {
		const char *name;
		enum counter first;
	} transports[] = { { "udp", COUNTER_UDP_NULL }, { "tcp", COUNTER_TCP_NULL } };

	for (size_t t = 0; t < 2; t++) {
		for (size_t p = 0; p < COUNTERS_PROCEDURES; p++) {
			series_begin(out, name, "socket", d->socket);
			series_label(out, "transport", transports[t].name);
			series_label(out, "procedure", procedures[p]);
			series_count(out, d->status.counts[(size_t)transports[t].first + p]);
		}
	}
}

static void server_refused(FILE *out, const char *name, const struct watched *d)
{
	static const struct {
		const char *reason;
		enum counter counter;
	} reasons[] = {
		{ "error", COUNTER_ERRORS },
		{ "credentials", COUNTER_CREDENTIALS },
		{ "malformed", COUNTER_MALFORMED },
		{ "denied", COUNTER_DENIED },
		{ "rate_limited", COUNTER_RATE_LIMITED },
		{ "broadcast", COUNTER_BROADCAST },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		series_begin(out, name, "socket", d->socket);
		series_label(out, "reason", reasons[i].reason);
		series_count(out, d->status.counts[reasons[i].counter]);
	}
}

static void put_counter(FILE *out, const char *name, const struct watched *d, enum counter what)
{
	series_begin(out, name, "socket", d->socket);
	series_count(out, d->status.counts[what]);
}

static void server_authenticated(FILE *out, const char *name, const struct watched *d)
{
	put_counter(out, name, d, COUNTER_AUTHENTICATED);
}

static void server_accepted(FILE *out, const char *name, const struct watched *d)
{
	put_counter(out, name, d, COUNTER_ACCEPTED);
}

static void server_closed(FILE *out, const char *name, const struct watched *d)
{
	put_counter(out, name, d, COUNTER_CLOSED);
}

static void server_closed_early(FILE *out, const char *name, const struct watched *d)
{
	put_counter(out, name, d, COUNTER_CLOSED_EARLY);
}

const struct family server_families[] = {
	{ "timesync_server_up", "gauge", "1 if the timesyncd at this local socket answers.", OF_ALL,
	  server_up },
	{ "timesync_server_uptime_seconds", "gauge", "How long it has been running.", OF_SERVERS,
	  server_uptime },
	{ "timesync_server_workers", "gauge", "Processes that answer calls.", OF_SERVERS,
	  server_workers },
	{ "timesync_server_worker_restarts_total", "counter",
	  "Workers that ended and were replaced.", OF_SERVERS, server_restarts },
	{ "timesync_server_calls_total", "counter", "Calls that were answered with a result.",
	  OF_SERVERS, server_calls },
	{ "timesync_server_calls_authenticated_total", "counter",
	  "Those of the answered calls that were authenticated.", OF_SERVERS,
	  server_authenticated },
	{ "timesync_server_refused_total", "counter", "Calls that were refused or not answered.",
	  OF_SERVERS, server_refused },
	{ "timesync_server_connections_accepted_total", "counter", "TCP connections accepted.",
	  OF_SERVERS, server_accepted },
	{ "timesync_server_connections_closed_total", "counter", "TCP connections closed again.",
	  OF_SERVERS, server_closed },
	{ "timesync_server_connections_closed_early_total", "counter",
	  "TCP connections closed to make room, or because idle or slow.", OF_SERVERS,
	  server_closed_early },
	{ .name = NULL },
};
