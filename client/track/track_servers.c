/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/track/track_servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/stdio.h"

int track_servers_open(struct track_servers *s, const char *program, const struct parse_host *hosts,
		       size_t n, const struct target_options *how)
{
	*s = (struct track_servers){ .program = program, .hosts = hosts, .n = n, .how = how };
	s->servers = calloc(n, sizeof(*s->servers));
	return s->servers ? 0 : -ENOMEM;
}

/* Report which server is followed, unless the user typed that address, or it is unchanged. */
static void announce(const struct track_servers *s, const struct track_server *server)
{
	const char *name = server->target.host.name;
	const struct address *now = &server->target.addresses[0];
	char text[ADDRESS_TEXT_MAX], old[ADDRESS_TEXT_MAX];

	address_host_text(now, text);
	if (server->last.len > 0 && !address_is_same_host(&server->last, now)) {
		stdio_complain(s->program,
			       "%s: %s does not answer any more; following the server at %s", name,
			       address_host_text(&server->last, old), text);
	} else if (server->last.len == 0 && strcmp(name, text) != 0) {
		stdio_complain(s->program, "%s: following the server at %s", name, text);
	}
}

/* It has answered at that address: stay there. */
static void follow(const struct track_servers *s, struct track_server *server,
		   const struct measure_job *job)
{
	server->unanswered = 0;
	if (server->followed) {
		return;
	}
	server->followed = true;
	server->target = job->target;
	server->target.n = 1;
	server->target.addresses[0] = job->measured.server;
	/* The port may be rpcbind's to say, and another one tomorrow. */
	address_set_port(&server->target.addresses[0], job->target.host.port);
	announce(s, server);
	server->last = server->target.addresses[0];
}

static void learn(const struct track_servers *s, const struct measure_job *jobs)
{
	for (size_t i = 0; i < s->n; i++) {
		struct track_server *server = &s->servers[i];

		if (jobs[i].rc == 0) {
			follow(s, server, &jobs[i]);
		} else if (++server->unanswered >= TRACK_SERVERS_PATIENCE) {
			server->followed = false;
		}
	}
}

struct measure_job *track_servers_measure(struct track_servers *s,
					  const struct measure_options *options)
{
	struct measure_job *jobs = calloc(s->n, sizeof(*jobs));

	if (!jobs) {
		return NULL;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (s->servers[i].followed) {
			jobs[i].target = s->servers[i].target;
		} else {
			jobs[i].target.host = s->hosts[i];
		}
	}
	if (!measure_jobs(jobs, s->n, s->how, options)) {
		measure_all_free(jobs, s->n);
		return NULL;
	}
	learn(s, jobs);
	return jobs;
}

void track_servers_close(struct track_servers *s)
{
	free(s->servers);
	s->servers = NULL;
}
