/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "client/doctor/judge.h"
#include "client/doctor/probe.h"
#include "measure/fields.h"
#include "client/request.h"
#include "print/terminal.h"
#include "print/wrap.h"
#include "client/verbs.h"
#include "os/stdio.h"

static const char about[] =
	"Check each server step by step, as a client would, report faults, and say how to mend\n"
	"them. Sets nothing. The exit status is 0 if there are no failures, warnings or not.";

/* Where the text of a check begins. */
#define TEXT_COLUMN 22

static void print_check(const struct diagnosis_check *c)
{
	const bool alarm = c->state == DIAGNOSIS_FAILURE;

	char line[sizeof(c->text) + sizeof(c->advice) + 60];

	snprintf(line, sizeof(line), "%s%-8s%s %-12s %s",
		 alarm ? terminal_begin(stdout, TERMINAL_ALARM) : "",
		 diagnosis_state_name(c->state), alarm ? terminal_end(stdout) : "", c->name,
		 c->text);
	wrap_print(stdout, TEXT_COLUMN, line);
	if (c->advice[0] != '\0') {
		snprintf(line, sizeof(line), "%-8s %-12s -> %s", "", "", c->advice);
		wrap_print(stdout, TEXT_COLUMN + 3, line);
	}
}

static void print(const struct parse_host *host, const struct diagnosis *d)
{
	const size_t failures = diagnosis_count(d, DIAGNOSIS_FAILURE),
		     warnings = diagnosis_count(d, DIAGNOSIS_WARNING);

	printf("doctor   %s", host->name);
	if (host->port != 0) {
		printf(" port %u", host->port);
	}
	putchar('\n');
	for (size_t i = 0; i < d->n; i++) {
		print_check(&d->checks[i]);
	}
	printf("result   %zu failure%s, %zu warning%s\n", failures, failures == 1 ? "" : "s",
	       warnings, warnings == 1 ? "" : "s");
}

static enum diagnosis_state worst(const struct diagnosis *d)
{
	return diagnosis_count(d, DIAGNOSIS_FAILURE) > 0   ? DIAGNOSIS_FAILURE
	       : diagnosis_count(d, DIAGNOSIS_WARNING) > 0 ? DIAGNOSIS_WARNING
							   : DIAGNOSIS_OK;
}

static void print_json(const struct parse_host *host, const struct diagnosis *d)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct diagnosis_check *c = &d->checks[i];

		json_array_append_new(checks,
				      json_pack("{s:s s:s s:s s:s?}", "name", c->name, "state",
						diagnosis_state_name(c->state), "text", c->text,
						"advice", c->advice[0] ? c->advice : NULL));
	}
	fields_print(json_pack("{s:s s:o s:s s:o}", "host", host->name, "port",
			       host->port != 0 ? json_integer(host->port) : json_null(), "state",
			       diagnosis_state_name(worst(d)), "checks", checks));
}

/* Diagnose all hosts. The exit status. */
static int examine(struct request *request)
{
	const struct diagnosis_options options = {
		.target = request->target,
		.measure = request->measure,
	};
	struct diagnosis_facts *facts = diagnosis_probe(request->hosts, request->n_hosts, &options);
	struct diagnosis *d = malloc(sizeof(*d));
	int status = STATUS_DONE;

	if (!facts || !d) {
		stdio_complain(request->program, "out of memory");
		free(facts);
		free(d);
		return STATUS_NO_ANSWER;
	}
	for (size_t i = 0; i < request->n_hosts; i++) {
		const struct parse_host *host = &facts[i].host;

		diagnose(d, &facts[i]);
		if (request->format == FORMAT_JSON) {
			print_json(host, d);
		} else {
			fputs(i > 0 ? "\n" : "", stdout);
			print(host, d);
		}
		if (worst(d) == DIAGNOSIS_FAILURE) {
			status = STATUS_NO_ANSWER;
		}
	}
	free(facts);
	free(d);
	return status;
}

int cmd_doctor(int argc, char **argv)
{
	return request_run(SCOPE_DOCTOR, "timesync doctor", about, examine, argc, argv);
}
