/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Logs of track: any file is read to its end, the polls taken from it keep what core/summary.h
 * wants of polls, and its sums add up.
 */
#include <string.h>

#include "track/track_log.h"
#include "tests/fuzz/fuzz.h"

static void check_duration(dur_ns d)
{
	FUZZ_REQUIRE(d > -TS_LIMIT && d < TS_LIMIT);
}

static void check_poll(const struct summary_poll *p)
{
	FUZZ_REQUIRE(ts_valid(p->at) && ts_valid(summary_time(p)));
	FUZZ_REQUIRE(p->answered || !p->measured);
	check_duration(p->offset);
	check_duration(p->correction);
	check_duration(p->estimate);
	FUZZ_REQUIRE(p->delay >= 0 && p->max_error >= 0 && p->estimate_error >= 0);
}

static void check_server(const struct track_log_server *s, size_t polls)
{
	struct parse_host host;

	FUZZ_REQUIRE(parse_host(s->host, &host) == 0 && strcmp(host.name, s->host) == 0);
	FUZZ_REQUIRE(s->polls >= 1 && s->polls <= polls);
	FUZZ_REQUIRE(s->answered <= s->polls && s->outvoted <= s->answered);
}

static void check_sums(struct track_log *log)
{
	int64_t *scratch = calloc(log->n, sizeof(*scratch));
	struct summary s;

	FUZZ_REQUIRE(scratch);
	summary_make(&s, log->polls, log->n, scratch);
	free(scratch);
	FUZZ_REQUIRE(s.polls == log->n && s.begin <= s.end);
	FUZZ_REQUIRE(s.measured + s.contradictions + s.discordant + s.unanswered == s.polls);
	FUZZ_REQUIRE(s.before.polls + s.since.polls == s.measured);
	FUZZ_REQUIRE(s.converged <= s.runs + s.restarts && s.held_longest <= s.held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines in = {
		.in = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL,
	};
	struct track_log log;

	if (!in.in) { /* of nothing there is none */
		return 0;
	}
	FUZZ_REQUIRE(track_log_read(&log, &in) == 0);
	FUZZ_REQUIRE(log.n + log.damaged <= log.lines && log.without_rounds <= log.n);
	for (size_t i = 0; i < log.n; i++) {
		check_poll(&log.polls[i]);
	}
	for (size_t i = 0; i < log.servers.n; i++) {
		check_server(&log.servers.all[i], log.n);
	}
	if (log.n > 0) {
		check_sums(&log);
	}
	track_log_free(&log);
	lines_free(&in);
	(void)fclose(in.in);
	return 0;
}
