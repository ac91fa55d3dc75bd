/* SPDX-License-Identifier: BSD-3-Clause */
#include "exporter/watch.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arith.h"
#include "group/wire/ask.h"
#include "lib/timesync_now.h"
#include "os/clock_file.h"
#include "os/clock_system.h"
#include "os/threads.h"

/* All daemons have answered by then, or hang: they are of this machine. */
#define TIMEOUT (2 * NS_PER_SEC)

#define USUAL_SOCKET  "/run/timesyncd/socket"
#define GROUP_SOCKETS "/run/timesyncd-group-*/socket"
#define GROUP_SUFFIX  ".group"

/* --- daemons ---------------------------------------------------------------------------------- */

/* A daemon to be asked, and until when. */
struct question {
	struct watched *daemon;
	struct mono end;
};

static dur_ns time_left(const struct question *q)
{
	return mono_since(q->end, clock_mono(clock_system()));
}

/* Ask it for its status as a member of a group. 0 or -errno. */
static int ask_group(struct watched *d, const struct question *q)
{
	struct group_asker asker = { .clock = clock_system(), .timeout = time_left(q) };
	char path[sizeof(d->socket) + sizeof(GROUP_SUFFIX)];
	int rc;

	snprintf(path, sizeof(path), "%s" GROUP_SUFFIX, d->socket);
	if (!address_unix(&asker.at, path)) {
		return -ENAMETOOLONG;
	}
	rc = asker.timeout > 0 ? group_ask_status(&d->group, &asker, 0) : -ETIMEDOUT;
	if (rc != 0) {
		return rc;
	}
	d->members = calloc(MEMBERS_MAX, sizeof(*d->members));
	if (!d->members) {
		return -ENOMEM;
	}
	asker.timeout = arith_max(time_left(q), 0);
	rc = group_ask_members(d->members, &asker, &d->group);
	if (rc < 0) {
		return rc;
	}
	d->n_members = (size_t)rc;
	group_health_judge(&d->health, &d->group, d->members, d->n_members, 0);
	return 0;
}

static int ask_server(struct watched *d, const struct address *at, const struct question *q)
{
	const dur_ns left = time_left(q);

	return left > 0 ? status_ask(&d->status, at, clock_system(), left) : -ETIMEDOUT;
}

static int ask_tracker(struct watched *d, const struct address *at, const struct question *q)
{
	const dur_ns left = time_left(q);

	return left > 0 ? status_ask_tracking(&d->tracked, at, clock_system(), left) : -ETIMEDOUT;
}

/* In a thread of its own. */
static void ask(void *question)
{
	const struct question *q = question;
	struct watched *d = q->daemon;
	struct address at;

	d->rc = address_unix(&at, d->socket) ? ask_server(d, &at, q) : -ENAMETOOLONG;
	d->tracking_rc = d->rc == 0 ? ask_tracker(d, &at, q) : d->rc;
	d->group_rc = ask_group(d, q);
}

/* All at once, so that those that hang are waited for together. */
static int ask_all(struct watch *w, const char *const *paths, size_t n)
{
	const struct mono end = mono_add(clock_mono(clock_system()), TIMEOUT);
	struct question questions[EXPORTER_MAX_SOCKETS];

	w->daemons = calloc(n, sizeof(*w->daemons));
	if (!w->daemons) {
		return -ENOMEM;
	}
	w->n = n;
	for (size_t i = 0; i < n; i++) {
		snprintf(w->daemons[i].socket, sizeof(w->daemons[i].socket), "%s", paths[i]);
		questions[i] = (struct question){ &w->daemons[i], end };
	}
	/* With fewer threads it takes as long, and the last ones may not be asked. */
	(void)threads_run(questions, n, sizeof(questions[0]), ask);
	return 0;
}

/* The server's, which is expected, and those of groups, which come and go. */
static int ask_usual(struct watch *w)
{
	const char *paths[EXPORTER_MAX_SOCKETS] = { USUAL_SOCKET };
	size_t n = 1;
	glob_t found = { .gl_pathc = 0 };
	int rc = glob(GROUP_SOCKETS, 0, NULL, &found);

	for (size_t i = 0; rc == 0 && i < found.gl_pathc && n < EXPORTER_MAX_SOCKETS; i++) {
		paths[n++] = found.gl_pathv[i];
	}
	rc = ask_all(w, paths, n);
	globfree(&found);
	return rc;
}

/* --- the clock -------------------------------------------------------------------------------- */

static int open_clock(struct clock **clock, const char *file)
{
	const char *why;

	if (file) {
		return clock_file_open(clock, file, false, &why);
	}
	*clock = clock_system();
	return 0;
}

static void look_at_page(struct watch *w, struct timesync_page *page, struct clock *clock)
{
	struct timesync_interval now;
	ts_ns shown;

	w->state = (enum bound_state)timesync_now(page, &now);
	shown = clock_now(clock);
	if (w->state != BOUND_UNKNOWN) {
		w->ahead = shown - (now.earliest + (now.latest - now.earliest) / 2);
		w->error = arith_max(arith_distance(shown, now.earliest),
				     arith_distance(now.latest, shown));
	}
}

static int look_at_clock(struct watch *w, const char *file)
{
	struct timesync_page *page;
	struct clock *clock;
	int rc = open_clock(&clock, file);

	if (rc != 0) {
		return rc;
	}
	rc = timesync_open(&page, file);
	if (rc == 0) {
		look_at_page(w, page, clock);
		timesync_close(page);
	}
	clock_close(clock);
	return rc;
}

int watch_look(struct watch *w, const struct exporter_settings *s)
{
	int rc;

	*w = (struct watch){ .clock = s->clock_file ? s->clock_file : "system" };
	rc = s->n_sockets > 0 ? ask_all(w, s->sockets, s->n_sockets) : ask_usual(w);
	if (rc == 0) {
		w->clock_rc = look_at_clock(w, s->clock_file);
	}
	return rc;
}

void watch_free(struct watch *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->daemons[i].members);
	}
	free(w->daemons);
	*w = (struct watch){ .n = 0 };
}
