/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "measure/discovery.h"
#include "measure/fields.h"
#include "client/request.h"
#include "print/terminal.h"
#include "client/verbs.h"
#include "print/words.h"
#include "core/parse.h"
#include "os/stdio.h"

static const char about[] = "Find the servers on the networks of this machine, by broadcast to "
			    "rpcbind, and measure how\n"
			    "wrong the local clock is against each. Sets nothing.";

static void print_server(const struct discovery_server *s, const struct measure_job *job)
{
	const struct estimate *e = &job->measured.estimate;
	char address[ADDRESS_TEXT_MAX], offset[WORDS_MAX], bound[WORDS_MAX], delay[WORDS_MAX];

	printf("%-20s %-21s ", s->name[0] ? s->name : "-", address_text(&s->at, address));
	if (job->rc != 0) {
		printf("%7s  unknown\n", "-");
		return;
	}
	printf("%7d  %s%s, +/- %s%s, delay %s\n", EXCHANGE_VERSION,
	       terminal_begin(stdout, TERMINAL_STRONG), words_offset(e->offset, offset),
	       words_bound(e->max_error, bound), terminal_end(stdout),
	       words_duration(e->delay, delay));
}

static size_t count_indirect(const struct discovery *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		n += d->servers[i].indirect;
	}
	return n;
}

static void print_summary(const struct discovery *d)
{
	const size_t indirect = count_indirect(d);

	printf("found    %zu server%s; %zu rpcbind%s answered on %d network%s\n", d->found,
	       d->found == 1 ? "" : "s", d->rpcbinds, d->rpcbinds == 1 ? "" : "s", d->networks,
	       d->networks == 1 ? "" : "s");
	if (d->found > d->n) {
		printf("         only %zu of the servers are shown\n", d->n);
	}
	if (!d->indirect_known) {
		printf("         which of them answer indirect calls is unknown: that question "
		       "was cut short, or not asked on all networks\n");
	} else if (indirect < d->n) {
		printf("         the rpcbinds of %zu of them do not answer indirect calls (rpcbind "
		       "-r does)\n",
		       d->n - indirect);
	}
}

static void print(const struct discovery *d)
{
	printf("%-20s %-21s %7s  %s\n", "HOST", "ADDRESS", "VERSION", "THE LOCAL CLOCK IS");
	for (size_t i = 0; i < d->n; i++) {
		print_server(&d->servers[i], &d->jobs[i]);
	}
	print_summary(d);
}

static void print_json(const struct discovery *d, size_t i)
{
	const struct discovery_server *s = &d->servers[i];
	const struct measure_job *job = &d->jobs[i];
	char address[ADDRESS_TEXT_MAX];
	json_t *object = json_pack(
		"{s:s? s:s s:i s:o}", "host", s->name[0] ? s->name : NULL, "address",
		address_host_text(&s->at, address), "port", (int)address_port(&s->at), "indirect",
		d->indirect_known || s->indirect ? json_boolean(s->indirect) : json_null());

	if (job->rc != 0) {
		json_object_set_new(object, "error", json_string(job->why));
	} else {
		json_object_set_new(object, "version", json_integer(EXCHANGE_VERSION));
		fields_add_estimate(object, &job->measured.estimate);
		json_object_set_new(object, "server", fields_server(&job->measured));
	}
	json_object_set_new(object, "rounds", fields_rounds(&job->measured));
	fields_print(object);
}

#define WHY_MAX 240

/* Why there is nothing to show. */
static void explain(const struct discovery *d, dur_ns wait, char why[WHY_MAX])
{
	char waited[WORDS_MAX];

	if (d->networks < 0) {
		snprintf(why, WHY_MAX, "cannot list the networks of this machine: %s",
			 strerror(-d->networks));
	} else if (d->networks == 0) {
		snprintf(why, WHY_MAX,
			 "nobody to ask: "
			 "this machine has no network with broadcast (IPv4) that is up, "
			 "nor a point-to-point link whose peer is known");
	} else if (d->error != 0) {
		snprintf(why, WHY_MAX, "cannot broadcast: %s", strerror(-d->error));
	} else if (d->rpcbinds > 0) {
		snprintf(why, WHY_MAX,
			 "no server: the rpcbinds that answered (%zu) know no timesync server "
			 "(program %d, over udp); start timesyncd beside one",
			 d->rpcbinds, EXCHANGE_PROGRAM);
	} else {
		snprintf(why, WHY_MAX,
			 "no answer within %s: no rpcbind runs on this network, or firewalls keep "
			 "broadcasts from port 111; an indirect call, which takes an rpcbind -r, "
			 "was "
			 "not answered either; name the server: timesync query HOST:PORT",
			 words_limit(wait, waited));
	}
}

/* Print the servers that were found. Returns the exit status. */
static int show(const struct request *request, const struct discovery *d)
{
	int status = STATUS_NO_ANSWER;

	if (request->format == FORMAT_PEOPLE) {
		print(d);
	}
	for (size_t i = 0; i < d->n; i++) {
		if (request->format == FORMAT_JSON) {
			print_json(d, i);
		}
		if (d->jobs[i].rc == 0) {
			status = STATUS_DONE;
		} else {
			fflush(stdout); /* so that the two come in order */
			stdio_complain(request->program, "%s", d->jobs[i].why);
		}
	}
	return status;
}

static int discover(struct request *request)
{
	struct discovery d;
	const int rc = discovery_make(&d, request->wait, &request->measure);
	char why[WHY_MAX];
	int status;

	if (rc != 0) {
		snprintf(why, sizeof(why), "cannot look for servers: %s", strerror(-rc));
		status = request_refuse(request, why, STATUS_NO_ANSWER);
	} else if (d.n == 0) {
		explain(&d, request->wait, why);
		status = request_refuse(request, why, STATUS_NO_ANSWER);
	} else {
		status = show(request, &d);
	}
	discovery_free(&d);
	return status;
}

int cmd_discover(int argc, char **argv)
{
	return request_run(SCOPE_DISCOVER, "timesync discover", about, discover, argc, argv);
}
