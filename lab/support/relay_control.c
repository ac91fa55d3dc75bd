/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/relay_control.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/stdio.h"
#include "rpc/address.h"

static void report_way(const char *way, const struct relay_counters *n)
{
	printf("relay: %s: received %" PRIu64 " sent %" PRIu64 " dropped %" PRIu64
	       " duplicated %" PRIu64 " reordered %" PRIu64 " failed %" PRIu64 "\n",
	       way, n->received, n->sent, n->dropped, n->duplicated, n->reordered, n->failed);
}

static void report_delays(const char *way, const struct relay_delays *d)
{
	printf("relay: delays %s: least_ns %" PRId64 " most_ns %" PRId64 "\n", way, d->least,
	       d->most);
}

void relay_control_report(const struct relay *r)
{
	const struct relay_lateness *l = &r->lateness;
	const dur_ns mean = l->n > 0 ? l->sum / (dur_ns)l->n : 0;

	report_way("to server", &r->counters[RELAY_TO_SERVER]);
	report_way("to client", &r->counters[RELAY_TO_CLIENT]);
	printf("relay: late: mean_ns %" PRId64 " most_ns %" PRId64 "\n", mean, l->most);
	report_delays("to server", &r->delays[RELAY_TO_SERVER]);
	report_delays("to client", &r->delays[RELAY_TO_CLIENT]);
}

/* --- commands --- */

/* "ADDR|* OPTION..." or "ADDR default". */
static bool set_link(struct relay *r, const char *who, char *options)
{
	const bool all = strcmp(who, "*") == 0;
	struct link_options link;
	struct address at;
	struct host host = { 0 };

	if (!all && !address_parse(&at, who)) {
		stdio_complain("relay", "'%s': must be an address, '*' or 'counters'", who);
		return false;
	}
	if (!all) {
		host = address_host(&at);
	}
	if (!all && strcmp(options, "default") == 0) {
		relay_link_forget(r, &host);
		return true;
	}
	if (!link_options_read(&link, options)) {
		return false;
	}
	if (!relay_link_set(r, all ? NULL : &host, &link)) {
		stdio_complain("relay", "'%s': options for at most %d addresses", who,
			       RELAY_MAX_LINKS);
		link_options_forget(&link);
		return false;
	}
	return true;
}

static void carry_out(struct relay *r, char *line)
{
	char *who = line + strspn(line, " ");
	char *options = who + strcspn(who, " ");
	bool ok = true;

	if (*options != '\0') {
		*options++ = '\0';
	}
	if (strcmp(who, "counters") == 0) {
		relay_control_report(r);
	} else {
		ok = set_link(r, who, options);
	}
	puts(ok ? "relay: done" : "relay: refused");
}

/* Carry out the whole lines, and keep what follows them. */
static void take_lines(struct relay_control *c, struct relay *r)
{
	char *start = c->text, *end;

	while ((end = memchr(start, '\n', c->len)) != NULL) {
		*end = '\0';
		carry_out(r, start);
		c->len -= (size_t)(end + 1 - start);
		start = end + 1;
	}
	memmove(c->text, start, c->len);
}

bool relay_control_serve(struct relay_control *c, struct relay *r)
{
	const size_t room = sizeof(c->text) - c->len;
	const ssize_t n = read(STDIN_FILENO, c->text + c->len, room);

	if (n <= 0) {
		return false;
	}
	c->len += (size_t)n;
	take_lines(c, r);
	if (c->len == sizeof(c->text)) {
		stdio_complain("relay", "a command is longer than %d octets", RELAY_COMMAND_MAX);
		return false;
	}
	return fflush(stdout) == 0;
}
