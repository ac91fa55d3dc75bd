/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/measure_all.h"
#include "client/verbs.h"
#include "core/drift_limits.h"
#include "core/host_hint.h"
#include "os/clock_file.h"
#include "os/clock_system.h"
#include "os/stdio.h"
#include "track/track_options.h"

const char *request_clock_from_environment(void)
{
	const char *name = getenv("TIMESYNC_CLOCK");

	return name && name[0] != '\0' ? name : NULL;
}

#define BOTH     (SCOPE_QUERY | SCOPE_SYNC | SCOPE_TRACK)
#define ONE_SHOT (SCOPE_QUERY | SCOPE_SYNC | SCOPE_COMPARE | SCOPE_CHECK)
#define ALL      (ONE_SHOT | SCOPE_TRACK)
#define JSON     (EVERY & ~(unsigned)SCOPE_CHECK)
#define LIMITS   (SCOPE_SYNC | SCOPE_COMPARE | SCOPE_TRACK)
#define HOSTS    (ALL | SCOPE_DOCTOR)
#define EVERY    (HOSTS | SCOPE_DISCOVER)

#define AT(member) .place = offsetof(struct request, member)

static const struct option_choice methods[] = {
#define METHOD_CHOICE(NAME, name) { #name, ESTIMATE_##NAME },
	ESTIMATE_TABLE(METHOD_CHOICE){ NULL, 0 },
};

static const struct option_choice transports[] = {
	{ "udp", SOCK_DGRAM },
	{ "tcp", SOCK_STREAM },
	{ NULL, 0 },
};

static const struct option_choice formats[] = {
	{ "people", FORMAT_PEOPLE },
	{ "json", FORMAT_JSON },
	{ "classic", FORMAT_CLASSIC },
	{ NULL, 0 },
};

static const struct option_choice query_formats[] = {
	{ "people", FORMAT_PEOPLE },
	{ "table", FORMAT_TABLE },
	{ "line", FORMAT_LINE },
	{ "csv", FORMAT_CSV },
	{ "json", FORMAT_JSON },
	{ "classic", FORMAT_CLASSIC },
	{ NULL, 0 },
};

/* `track` wants each poll to be right by itself, and so does a program that watches. */
static const struct option_row rows[] = {
	{ "rounds", 'n', "N",
	  "valid rounds wanted at each poll (default: 8 at the start and\n"
	  "when something is in doubt, else 1)",
	  SCOPE_TRACK, OPTION_UNSIGNED, AT(poll_rounds), .least = 1, .most = MEASURE_MAX_ROUNDS },
	{ "rounds", 'n', "N", "valid rounds wanted", ONE_SHOT, OPTION_UNSIGNED, AT(measure.rounds),
	  .standard = 5, .least = 1, .most = MEASURE_MAX_ROUNDS,
	  .given = offsetof(struct request, rounds_given) },
	{ "method", 'm', "NAME", NULL, SCOPE_TRACK | SCOPE_CHECK, OPTION_CHOICE, AT(measure.method),
	  .standard = ESTIMATE_MINIMUM, .choices = methods },
	{ "method", 'm', "NAME", NULL, SCOPE_QUERY | SCOPE_SYNC, OPTION_CHOICE, AT(measure.method),
	  .standard = ESTIMATE_MEAN, .choices = methods },
	{ "transport", 't', "NAME", NULL, ALL, OPTION_CHOICE, AT(target.socktype),
	  .standard = SOCK_DGRAM, .choices = transports,
	  .given = offsetof(struct request, transport_given) },
	{ "interleaved", '\0', NULL, "learn from the kernels when packets really left (udp only)",
	  ALL, OPTION_FLAG, AT(measure.interleaved) },
	{ "ipv4", '4', NULL, "use IPv4 only", HOSTS, OPTION_SET, AT(target.family),
	  .least = AF_INET },
	{ "ipv6", '6', NULL, "use IPv6 only", HOSTS, OPTION_SET, AT(target.family),
	  .least = AF_INET6 },
	{ "port", 'p', "PORT", "the server's port; rpcbind is not asked then", HOSTS, OPTION_PORT,
	  AT(target.port) },
	{ "key", '\0', "FILE", "accept only servers that have the key in FILE", HOSTS, OPTION_TEXT,
	  AT(key_file) },
	{ "timeout", '\0', "DUR", "how long one round may take", EVERY, OPTION_DURATION,
	  AT(measure.timeout), .standard = NS_PER_SEC, .least = 1, .most = 600 * NS_PER_SEC },
	{ "wait", '\0', "DUR", "how long to wait for servers", SCOPE_DISCOVER, OPTION_DURATION,
	  AT(wait), .standard = 3 * NS_PER_SEC, .least = 1, .most = 600 * NS_PER_SEC },
	{ "clock", 'c', "FILE", "use this clock file, not the system clock", EVERY, OPTION_TEXT,
	  AT(clock_file) },
	{ "step", '\0', NULL, "set the clock at once, however small the correction", LIMITS,
	  OPTION_SET, AT(limits.force), .least = POLICY_ALWAYS_STEP },
	{ "slew", '\0', NULL, "let the clock run faster or slower, however long it takes", LIMITS,
	  OPTION_SET, AT(limits.force), .least = POLICY_ALWAYS_SLEW },
	{ "max-change", '\0', "DUR", "refuse a larger correction", LIMITS, OPTION_DURATION,
	  AT(limits.max_change), .least = 1, .most = INT64_MAX },
	{ "allow-unsynchronised", '\0', NULL,
	  "correct the system clock by more than a day, or feed chronyd,\n"
	  "even if no server is synchronised",
	  SCOPE_SYNC | SCOPE_TRACK, OPTION_FLAG, AT(allow_unsynchronised) },
	{ "allow-unsynchronised", '\0', NULL, "be content with servers that are not synchronised",
	  SCOPE_CHECK, OPTION_FLAG, AT(allow_unsynchronised) },
	{ "force", '\0', NULL, "track the system clock although something else steers it",
	  SCOPE_TRACK, OPTION_FLAG, AT(force) },
	{ "dry-run", '\0', NULL, "say what would be done, and leave the clock alone", SCOPE_SYNC,
	  OPTION_FLAG, AT(dry_run) },
	{ "truth", '\0', "FILE",
	  "the clock file that the server serves, or 'system': this machine's", SCOPE_COMPARE,
	  OPTION_TEXT, AT(truth) },
	{ "json", '\0', NULL, "print JSON objects, one a line", JSON, OPTION_SET, AT(format),
	  .least = FORMAT_JSON, .given = offsetof(struct request, format_given) },
	{ "format", '\0', "NAME", NULL, SCOPE_QUERY, OPTION_CHOICE, AT(format),
	  .standard = FORMAT_PEOPLE, .choices = query_formats,
	  .given = offsetof(struct request, format_given) },
	{ "format", '\0', "NAME", NULL, SCOPE_SYNC, OPTION_CHOICE, AT(format),
	  .standard = FORMAT_PEOPLE, .choices = formats },
};

static void set_defaults(struct request *r, const char *program)
{
	memset(r, 0, sizeof(*r));
	r->program = program;
	r->measure.estimate.max_drift_ppb = DRIFT_MEASURED_PPB;
	r->limits = policy_default_limits;
	r->clock_file = request_clock_from_environment();
}

/* Take one HOST of the command line in. */
static bool add_host(struct request *r, const char *text)
{
	struct parse_host *host = &r->hosts[r->n_hosts];
	char hint[HOST_HINT_MAX];

	if (parse_host(text, host) != 0) {
		stdio_complain(r->program, "'%s' is not HOST, HOST:PORT or [IPV6]:PORT: %s", text,
			       host_hint(text, hint));
		return false;
	}
	if (host->port != 0 && r->target.port != 0 && host->port != r->target.port) {
		stdio_complain(r->program, "'%s' and --port %u name two different ports", text,
			       r->target.port);
		return false;
	}
	r->n_hosts++;
	return true;
}

static bool add_hosts(struct request *r, char **texts)
{
	static char localhost[] = "localhost";
	static char *default_hosts[] = { localhost, NULL };
	size_t n = 0;

	if (!texts[0]) {
		texts = default_hosts;
	}
	while (texts[n]) {
		n++;
	}
	if (n > MEASURE_MAX_SERVERS) {
		stdio_complain(r->program, "%zu servers are too many: at most %d", n,
			       MEASURE_MAX_SERVERS);
		return false;
	}
	r->hosts = calloc(n, sizeof(*r->hosts));
	if (!r->hosts) {
		stdio_complain(r->program, "out of memory");
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!add_host(r, texts[i])) {
			return false;
		}
	}
	return true;
}

static const char *operands(enum request_scope scope)
{
	return scope == SCOPE_DISCOVER  ? NULL
	       : scope == SCOPE_COMPARE ? "[HOST[:PORT]]"
					: "[HOST[:PORT]]...";
}

/* STATUS_GO_ON, or the status to exit with. */
static int read_keys(struct request *r)
{
	const char *why;
	int rc;

	if (!r->key_file) {
		return STATUS_GO_ON;
	}
	rc = keys_read(&r->keys, r->key_file, &why);
	r->target.keys = &r->keys;
	return rc == 0 ? STATUS_GO_ON : request_refuse_file(r, r->key_file, rc, why);
}

int request_parse(struct request *r, enum request_scope scope, const char *program,
		  const char *about, int argc, char **argv)
{
	static const struct option_part none = { .n = 0 };

	return request_parse_with(r, scope, program, about, argc, argv, &none);
}

int request_parse_with(struct request *r, enum request_scope scope, const char *program,
		       const char *about, int argc, char **argv, const struct option_part *own)
{
	const struct options options = {
		.program = program,
		.operands = operands(scope),
		.about = about,
		.scope = scope,
		.parts = { OPTION_PART(rows, r), *own },
	};
	char **hosts;
	int status;

	set_defaults(r, program);
	status = verbs_parse(&options, argc, argv, &hosts);
	if (status != STATUS_GO_ON) {
		return status;
	}
	if (r->measure.interleaved && r->target.socktype != SOCK_DGRAM) {
		stdio_complain(r->program, "--interleaved needs --transport udp");
		return STATUS_USAGE;
	}
	track_options_limit_first(&r->limits, !r->clock_file, r->allow_unsynchronised);
	if (scope != SCOPE_DISCOVER && !add_hosts(r, hosts)) {
		return STATUS_USAGE;
	}
	return read_keys(r);
}

int request_run(enum request_scope scope, const char *program, const char *about, request_fn *run,
		int argc, char **argv)
{
	struct request r;
	int status = request_parse(&r, scope, program, about, argc, argv);

	if (status == STATUS_GO_ON) {
		status = request_open_clock(&r, false);
	}
	if (status == STATUS_GO_ON) {
		status = run(&r);
	}
	request_close(&r);
	return status;
}

int request_refuse(const struct request *r, const char *why, int status)
{
	return verbs_refuse(r->program, r->format == FORMAT_JSON, status, "%s", why);
}

int request_refuse_file(const struct request *r, const char *path, int error, const char *what)
{
	return verbs_refuse(r->program, r->format == FORMAT_JSON, verbs_status(error), "%s: %s",
			    path, what);
}

static int open_clock_file(struct request *r, bool writable)
{
	const char *why;
	int rc = clock_file_open(&r->measure.clock, r->clock_file, writable, &why);

	if (rc != 0) {
		return request_refuse_file(r, r->clock_file, rc, why);
	}
	r->measure.clock_file = r->clock_file;
	return STATUS_GO_ON;
}

static int check_privilege(const struct request *r)
{
	const int rc = clock_may_adjust(r->measure.clock);
	char why[REQUEST_WHY_MAX];

	if (rc == 0) {
		return STATUS_GO_ON;
	}
	if (rc == -EPERM || rc == -EACCES) {
		return request_refuse(
			r,
			"no permission to set the system clock, which was left as it is; run "
			"as root, or use a clock file: --clock FILE (see 'timesync clock "
			"create')",
			STATUS_NO_PERMISSION);
	}
	snprintf(why, sizeof(why), "the clock cannot be set here: %s", strerror(-rc));
	return request_refuse(r, why, STATUS_NO_PERMISSION);
}

int request_open_clock(struct request *r, bool writable)
{
	int status = STATUS_GO_ON;

	if (r->clock_file) {
		status = open_clock_file(r, writable);
	} else {
		r->measure.clock = clock_system();
	}
	if (status == STATUS_GO_ON) {
		measure_take_drift(&r->measure);
	}
	return status == STATUS_GO_ON && writable ? check_privilege(r) : status;
}

const char *request_kept_text(const struct request *r, const struct clock_keeper *by,
			      char buf[REQUEST_WHY_MAX])
{
	char pid[40] = "";

	if (by->pid > 0) {
		snprintf(pid, sizeof(pid), ", pid %ld", by->pid);
	}
	snprintf(buf, REQUEST_WHY_MAX,
		 "%s is kept by %s%s; only one program may correct a clock, so it was left as it "
		 "is: "
		 "end that one first%s",
		 r->clock_file ? r->clock_file : "the system clock", clock_keeper_name(by->kind),
		 pid, r->clock_file ? ", or set it by hand with 'timesync clock adjust'" : "");
	return buf;
}

static int refuse_kept(const struct request *r, const struct clock_keeper *by)
{
	char why[REQUEST_WHY_MAX];

	return request_refuse(r, request_kept_text(r, by, why), STATUS_REFUSED);
}

int request_leave_to_keeper(const struct request *r)
{
	struct clock_keeper by;

	return clock_is_kept(r->measure.clock, &by) ? refuse_kept(r, &by) : STATUS_GO_ON;
}

/* Whatever steers the clock already keeps us from it, unless that was asked for. */
static int face_rival(const struct request *r)
{
	struct clock_rival rival;
	char text[CLOCK_RIVAL_TEXT_MAX], why[REQUEST_WHY_MAX];

	if (!clock_has_rival(r->measure.clock, &rival) || rival.kind == CLOCK_RIVAL_SLEW) {
		return STATUS_GO_ON; /* a slew is ended at the start */
	}
	if (!r->force) {
		snprintf(why, sizeof(why),
			 "the system clock cannot be tracked: %s; only one program may correct a "
			 "clock: end that one first, or take the clock with --force",
			 clock_rival_text(&rival, text));
		return request_refuse(r, why, STATUS_REFUSED);
	}
	(void)clock_take_over(r->measure.clock); /* what cannot be set is reported later */
	return STATUS_GO_ON;
}

int request_keep_clock(const struct request *r, enum clock_keeper_kind as)
{
	struct clock_keeper by;
	char why[REQUEST_WHY_MAX];
	int status, rc;

	if (clock_is_kept(r->measure.clock, &by)) {
		return refuse_kept(r, &by);
	}
	status = face_rival(r);
	if (status != STATUS_GO_ON) {
		return status;
	}
	rc = clock_keep(r->measure.clock, as, &by);
	if (rc == -EBUSY) {
		return refuse_kept(r, &by);
	}
	snprintf(why, sizeof(why), "the clock cannot be locked: %s", strerror(-rc));
	return rc == 0 ? STATUS_GO_ON : request_refuse(r, why, STATUS_USAGE);
}

void request_close(struct request *r)
{
	clock_close(r->measure.clock);
	r->measure.clock = NULL;
	free(r->hosts);
	r->hosts = NULL;
	keys_forget(&r->keys);
}
