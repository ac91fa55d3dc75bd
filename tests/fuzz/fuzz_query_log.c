/* SPDX-License-Identifier: BSD-3-Clause */
/* Logs of query: any file is read to its end, and all values taken from it are within their ranges.
 */
#include <string.h>

#include "client/log_report/query_log.h"
#include "tests/fuzz/fuzz.h"

static void check_point(const struct query_log *log, const struct query_log_point *p)
{
	FUZZ_REQUIRE(p->server < log->series.n && ts_valid(p->at) && ts_valid(p->system_at));
	FUZZ_REQUIRE(!p->measured || (p->offset > -TS_LIMIT && p->offset < TS_LIMIT));
	FUZZ_REQUIRE(!p->measured || (p->max_error >= 0 && p->max_error < TS_LIMIT));
}

static void check_server(struct series_server *s)
{
	struct parse_host host;
	struct spread spread;

	FUZZ_REQUIRE(parse_host(s->host, &host) == 0 && strcmp(host.name, s->host) == 0);
	FUZZ_REQUIRE(s->measured <= s->measurements && s->offsets.n == s->measured);
	if (series_spread(&s->offsets, &spread)) {
		FUZZ_REQUIRE(spread.least <= spread.p50 && spread.p50 <= spread.most);
		FUZZ_REQUIRE(spread.deviation >= 0);
	}
	if (series_spread(&s->round_trips, &spread)) {
		FUZZ_REQUIRE(spread.least >= 0 && spread.mean >= 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines in = {
		.in = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL,
	};
	struct query_log log;
	size_t measurements = 0;

	if (!in.in) { /* of nothing there is none */
		return 0;
	}
	(void)query_log_begins(&in);
	FUZZ_REQUIRE(query_log_read(&log, &in) == 0);
	FUZZ_REQUIRE(log.n_points + log.damaged <= log.lines);
	for (size_t i = 0; i < log.n_points; i++) {
		check_point(&log, &log.points[i]);
	}
	for (size_t i = 0; i < log.n_rounds; i++) {
		FUZZ_REQUIRE(log.rounds[i].server < log.series.n && log.rounds[i].delay >= 0);
	}
	for (size_t i = 0; i < log.series.n; i++) {
		measurements += log.series.servers[i].measurements;
		check_server(&log.series.servers[i]);
	}
	FUZZ_REQUIRE(measurements == log.n_points);
	query_log_free(&log);
	lines_free(&in);
	(void)fclose(in.in);
	return 0;
}
