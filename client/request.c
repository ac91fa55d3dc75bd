/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/print/fields.h"
#include "client/measure/measure_all.h"
#include "client/request_options.h"
#include "client/verbs.h"
#include "core/host_hint.h"
#include "os/clock_file.h"
#include "os/clock_system.h"
#include "os/stdio.h"

static const char *clock_file_from_environment(void)
{
	const char *name = getenv("TIMESYNC_CLOCK");

	return name && name[0] != '\0' ? name : NULL;
}

/*
 * How fast the two clocks may drift apart during a measurement: two quartzes of 100 ppm, both
 * slewed. A clock file's natural rate is added; see open_clock_file.
 */
#define QUARTZES_PPB 200000
#define SLEWS_PPB    1000000

static void set_defaults(struct request *r, const char *program)
{
	memset(r, 0, sizeof(*r));
	r->program = program;
	r->target = (struct target_options){ .family = AF_UNSPEC,
					     .socktype = SOCK_DGRAM,
					     .cancel_fd = -1 };
	r->measure = (struct measure_options){
		.rounds = 5,
		.method = ESTIMATE_MEAN,
		.timeout = NS_PER_SEC,
		.estimate = { .max_drift_ppb = QUARTZES_PPB + SLEWS_PPB },
	};
	r->limits = policy_default_limits;
	r->clock_file = clock_file_from_environment();
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

static bool add_hosts(struct request *r, size_t n, char **texts)
{
	static char localhost[] = "localhost";
	static char *default_hosts[] = { localhost };

	if (n == 0) {
		n = 1;
		texts = default_hosts;
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
	return scope == SCOPE_DISCOVER  ? ""
	       : scope == SCOPE_COMPARE ? " [HOST[:PORT]]"
					: " [HOST[:PORT]]...";
}

/* On the system clock all services of the machine depend; a clock file is an exercise. */
#define FAR (86400 * NS_PER_SEC)

/* Settings that depend on all options. */
static void complete_limits(struct request *r)
{
	if (!r->clock_file && !r->allow_unsynchronised) {
		r->limits.max_unsynchronised = FAR;
	}
}

int request_parse(struct request *r, enum request_scope scope, const char *program,
		  const char *about, int argc, char **argv)
{
	static const struct request_extra none = { .n = 0 };

	return request_parse_with(r, scope, program, about, argc, argv, &none);
}

int request_parse_with(struct request *r, enum request_scope scope, const char *program,
		       const char *about, int argc, char **argv, const struct request_extra *extra)
{
	bool help = false;
	int first;

	set_defaults(r, program);
	if (scope == SCOPE_TRACK) { /* each poll should be right alone */
		r->measure.rounds = 8;
		r->measure.method = ESTIMATE_NTP;
	}
	first = request_options_parse(r, scope, extra, argc, argv, &help);
	if (first < 0) {
		return STATUS_USAGE;
	}
	complete_limits(r);
	if (help) {
		printf("Usage: %s [OPTION]...%s\n%s\n\n", program, operands(scope), about);
		request_options_help(r, scope, extra);
		verbs_print_page(program);
		return STATUS_DONE;
	}
	if (scope == SCOPE_DISCOVER && first < argc) {
		stdio_complain(program, "unexpected argument '%s'", argv[first]);
		return STATUS_USAGE;
	}
	if (scope == SCOPE_DISCOVER) {
		return -1;
	}
	return add_hosts(r, (size_t)(argc - first), argv + first) ? -1 : STATUS_USAGE;
}

/*
 * By how much clocks drift apart in a second of the local one, which runs at this rate against the
 * system clock: where that is slow a second of it is a long one.
 */
static int64_t with_rate(int64_t drift_ppb, int64_t rate_ppb)
{
	const int64_t size_ppb = rate_ppb < 0 ? -rate_ppb : rate_ppb;

	return (drift_ppb + size_ppb) * NS_PER_SEC / (NS_PER_SEC + rate_ppb);
}

int request_refuse(const struct request *r, const char *why, int status)
{
	stdio_complain(r->program, "%s", why);
	if (r->format == FORMAT_JSON) {
		fields_print_error(why);
	}
	return status;
}

int request_refuse_clock(const struct request *r, const char *path, int error, const char *what)
{
	char why[REQUEST_WHY_MAX];

	snprintf(why, sizeof(why), "%s: %s", path, what);
	return request_refuse(
		r, why, error == -EACCES || error == -EPERM ? STATUS_NO_PERMISSION : STATUS_USAGE);
}

static int open_clock_file(struct request *r, bool writable)
{
	struct clock_file_state state;
	int64_t *drift_ppb = &r->measure.estimate.max_drift_ppb;
	const char *why;
	int rc = clock_file_open(&r->measure.clock, r->clock_file, writable, &why);

	if (rc != 0) {
		return request_refuse_clock(r, r->clock_file, rc, why);
	}
	r->measure.clock_file = r->clock_file;
	clock_file_state(r->measure.clock, &state);
	*drift_ppb = with_rate(*drift_ppb, state.drift_ppb + state.frequency_ppb);
	return -1;
}

static int check_privilege(const struct request *r)
{
	const int rc = clock_may_adjust(r->measure.clock);
	char why[REQUEST_WHY_MAX];

	if (rc == 0) {
		return -1;
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
	int status = -1;

	if (r->clock_file) {
		status = open_clock_file(r, writable);
	} else {
		r->measure.clock = clock_system();
	}
	return status < 0 && writable ? check_privilege(r) : status;
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

	return clock_is_kept(r->measure.clock, &by) ? refuse_kept(r, &by) : -1;
}

int request_keep_clock(const struct request *r, enum clock_keeper_kind as)
{
	struct clock_keeper by;
	char why[REQUEST_WHY_MAX];
	const int rc = clock_keep(r->measure.clock, as, &by);

	if (rc == -EBUSY) {
		return refuse_kept(r, &by);
	}
	snprintf(why, sizeof(why), "the clock cannot be locked: %s", strerror(-rc));
	return rc == 0 ? -1 : request_refuse(r, why, STATUS_USAGE);
}

void request_close(struct request *r)
{
	clock_close(r->measure.clock);
	r->measure.clock = NULL;
	free(r->hosts);
	r->hosts = NULL;
}
