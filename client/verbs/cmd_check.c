/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/print/report.h"
#include "print/words.h"
#include "client/request.h"
#include "client/verbs.h"
#include "core/arith.h"
#include "os/stdio.h"

static const char about[] = "Measure the local clock and say in one line how far it is off, with "
			    "the exit statuses and the\n"
			    "performance data of a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, "
			    "3 UNKNOWN. Sets nothing.";

/* As Nagios, Icinga and others know them. */
enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN };

struct limits {
	dur_ns warn, crit;
};

#define AT(member) .place = offsetof(struct limits, member)

static const struct option_row rows[] = {
	{ "warn", '\0', "DUR", "WARNING when the clock is off by more", SCOPE_CHECK,
	  OPTION_DURATION, AT(warn), .standard = 10 * NS_PER_MS, .most = INT64_MAX },
	{ "crit", '\0', "DUR", "CRITICAL when the clock is off by more", SCOPE_CHECK,
	  OPTION_DURATION, AT(crit), .standard = 100 * NS_PER_MS, .most = INT64_MAX },
};

/* The message, which may quote a name of any length. */
#define TEXT_MAX 1000

/* The line, without what would end its text early. Returns the exit status. */
static int say(enum verdict verdict, char *text, const char *data)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

	for (char *p = text; *p != '\0'; p++) {
		if (*p == '|' || *p == '\n') {
			*p = '/';
		}
	}
	printf("TIMESYNC %s - %s%s%s\n", names[verdict], text, data[0] ? " | " : "", data);
	return (int)verdict;
}

/* Why nothing was measured. */
static int say_nothing(const struct combination *c, const struct measure_job *jobs)
{
	char text[TEXT_MAX], why[REPORT_REFUSAL_MAX];

	if (c->servers == 0) {
		snprintf(text, sizeof(text), "%s", combine_why(c));
		return say(VERDICT_UNKNOWN, text, "");
	}
	if (c->named == 1) {
		snprintf(text, sizeof(text), "%s", jobs[0].why);
	} else {
		snprintf(text, sizeof(text), "%s", report_discord(c, why));
	}
	return say(VERDICT_CRITICAL, text, "");
}

/* Judge the offset; a reason besides it goes into `also`. */
static enum verdict judge(const struct combination *c, const struct measure_job *jobs,
			  const struct request *r, const struct limits *limits, const char **also)
{
	const dur_ns off = arith_abs(c->estimate.offset);
	const dur_ns known = combine_reference_error(c, jobs);
	const dur_ns claimed = known == INT64_MAX ? 0 : known;

	*also = "";
	if (off > arith_add(limits->crit, claimed)) {
		return VERDICT_CRITICAL;
	}
	if (claimed > limits->crit) {
		*also = ": by its own claim the server is too inexact for --crit";
		return VERDICT_UNKNOWN;
	}
	if (off > limits->crit) {
		return VERDICT_CRITICAL;
	}
	if (c->estimate.max_error > limits->crit) {
		*also = ": this measurement is too inexact for --crit";
		return VERDICT_UNKNOWN;
	}
	if (off > limits->warn) {
		return VERDICT_WARNING;
	}
	if (!r->allow_unsynchronised && !combine_is_synchronised(c, jobs)) {
		*also = c->servers == 1 ? ": but the server is not synchronised itself"
					: ": but no server is synchronised itself";
		return VERDICT_WARNING;
	}
	return VERDICT_OK;
}

static int conclude(const struct request *r, const struct limits *limits,
		    const struct measure_job *jobs)
{
	char text[TEXT_MAX], data[TEXT_MAX], offset[WORDS_MAX], bound[WORDS_MAX], warn[WORDS_MAX],
		crit[WORDS_MAX];
	struct combination c;
	const char *also;
	enum verdict verdict;

	combine(&c, jobs, r->n_hosts);
	if (c.rc != 0) {
		return say_nothing(&c, jobs);
	}
	verdict = judge(&c, jobs, r, limits, &also);
	snprintf(text, sizeof(text), "local clock is %s, +/- %s, by %zu of %zu server%s%s",
		 words_offset(c.estimate.offset, offset), words_bound(c.estimate.max_error, bound),
		 c.servers == 1 ? c.answered : c.select.agreeing, c.servers,
		 c.servers == 1 ? "" : "s", also);
	words_seconds(limits->warn, warn);
	words_seconds(limits->crit, crit);
	snprintf(data, sizeof(data),
		 "offset=%ss;-%s:%s;-%s:%s max_error=%ss;;;0 servers=%zu;;;0;%zu",
		 words_seconds(c.estimate.offset, offset), warn, warn, crit, crit,
		 words_seconds(c.estimate.max_error, bound), c.answered, c.servers);
	return say(verdict, text, data);
}

static int check(const struct request *r, const struct limits *limits)
{
	struct measure_job *jobs = measure_all(r->hosts, r->n_hosts, &r->target, &r->measure);
	char text[] = "out of memory";
	int status;

	if (!jobs) {
		return say(VERDICT_UNKNOWN, text, "");
	}
	status = conclude(r, limits, jobs);
	measure_all_free(jobs, r->n_hosts);
	return status;
}

int cmd_check(int argc, char **argv)
{
	struct limits limits;
	const struct option_part own = OPTION_PART(rows, &limits);
	char wrong[] = "it cannot be checked: see what standard error says";
	struct request r;
	int status = request_parse_with(&r, SCOPE_CHECK, "timesync check", about, argc, argv, &own);

	if (status == STATUS_GO_ON && limits.warn > limits.crit) {
		stdio_complain("timesync check", "--warn is more than --crit");
		status = STATUS_USAGE;
	}
	if (status == STATUS_GO_ON) {
		status = request_open_clock(&r, false);
	}
	if (status == STATUS_GO_ON) {
		status = check(&r, &limits);
		if (fflush(stdout) != 0 || ferror(stdout)) {
			status = VERDICT_UNKNOWN; /* nobody has seen another one */
		}
	} else if (status != STATUS_DONE) {
		status = say(VERDICT_UNKNOWN, wrong, "");
	}
	request_close(&r);
	return status;
}
