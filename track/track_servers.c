/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/arith.h"
#include "core/drift.h"
#include "track/track_say.h"

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
		track_tell(s->program,
			   "%s: %s does not answer any more; following the server at %s", name,
			   address_host_text(&server->last, old), text);
	} else if (server->last.len == 0 && strcmp(name, text) != 0) {
		track_tell(s->program, "%s: following the server at %s", name, text);
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

/* Whether what the server said of its clock still counts, so that it need not be asked again. */
static bool is_quality_known(const struct track_server *server, struct mono now)
{
	return server->heard && mono_since(now, server->asked) < TRACK_SERVERS_ASK_AFTER;
}

/* The server's quality, as it said now or when it was asked last. */
static void note_quality(struct track_server *server, struct measurement *m, struct mono now)
{
	if (m->quality_known) {
		server->heard = true;
		server->quality = m->quality;
		server->asked = now;
	} else if (is_quality_known(server, now)) {
		const dur_ns growth = drift_over(mono_since(now, server->asked), DRIFT_WANDER_PPB);

		m->quality = server->quality;
		m->quality.max_error = arith_add(m->quality.max_error, growth);
		m->quality_known = true;
	}
}

/* It has not answered at that address, perhaps for the last time. */
static void miss(struct track_server *server)
{
	if (++server->unanswered >= TRACK_SERVERS_PATIENCE) {
		server->followed = false;
		server->heard = false;
		measure_forget(&server->kept);
	}
}

static void learn(const struct track_servers *s, struct measure_job *jobs, struct mono now)
{
	for (size_t i = 0; i < s->n; i++) {
		struct track_server *server = &s->servers[i];

		if (jobs[i].rc == 0) {
			note_quality(server, &jobs[i].measured, now);
			follow(s, server, &jobs[i]);
		} else {
			miss(server);
		}
	}
}

static void prepare(struct track_server *server, const struct parse_host *host,
		    struct measure_job *job, const struct track_servers_poll *poll)
{
	const struct mono now = clock_mono(poll->measure.clock);

	server->kept.skip_time = !poll->thorough && is_quality_known(server, now);
	job->kept = &server->kept;
	if (server->followed) {
		job->target = server->target;
	} else {
		job->target.host = *host;
	}
}

struct measure_job *track_servers_measure(struct track_servers *s,
					  const struct track_servers_poll *poll)
{
	struct measure_job *jobs = calloc(s->n, sizeof(*jobs));

	if (!jobs) {
		return NULL;
	}
	for (size_t i = 0; i < s->n; i++) {
		prepare(&s->servers[i], &s->hosts[i], &jobs[i], poll);
	}
	if (!measure_jobs(jobs, s->n, s->how, &poll->measure)) {
		measure_all_free(jobs, s->n);
		return NULL;
	}
	learn(s, jobs, clock_mono(poll->measure.clock));
	return jobs;
}

void track_servers_close(struct track_servers *s)
{
	for (size_t i = 0; s->servers && i < s->n; i++) {
		measure_forget(&s->servers[i].kept);
	}
	free(s->servers);
	s->servers = NULL;
}
