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

/* A daemon of this machine that does not answer within that hangs. */
#define TIMEOUT (NS_PER_SEC)

#define USUAL_SOCKET  "/run/timesyncd/socket"
#define GROUP_SOCKETS "/run/timesyncd-group-*/socket"
#define GROUP_SUFFIX  ".group"

/* --- daemons ---------------------------------------------------------------------------------- */

/* What it tells as a member of a group. 0 or -errno. */
static int ask_group(struct watched *d)
{
	struct group_asker asker = { .clock = clock_system(), .timeout = TIMEOUT };
	char path[sizeof(d->socket) + sizeof(GROUP_SUFFIX)];
	int rc;

	snprintf(path, sizeof(path), "%s" GROUP_SUFFIX, d->socket);
	if (!address_unix(&asker.at, path)) {
		return -ENAMETOOLONG;
	}
	rc = group_ask_status(&d->group, &asker, 0);
	if (rc != 0) {
		return rc;
	}
	d->members = calloc(MEMBERS_MAX, sizeof(*d->members));
	if (!d->members) {
		return -ENOMEM;
	}
	rc = group_ask_members(d->members, &asker, &d->group);
	if (rc < 0) {
		return rc;
	}
	d->n_members = (size_t)rc;
	group_health_judge(&d->health, &d->group, d->members, d->n_members, 0);
	return 0;
}

static void ask(struct watched *d, const char *path)
{
	struct address at;

	snprintf(d->socket, sizeof(d->socket), "%s", path);
	d->rc = address_unix(&at, path) ? status_ask(&d->status, &at, clock_system(), TIMEOUT)
					: -ENAMETOOLONG;
	/* Whoever hangs is not waited for twice. */
	d->group_rc = d->rc == -ETIMEDOUT ? d->rc : ask_group(d);
}

static int ask_all(struct watch *w, const char *const *paths, size_t n)
{
	w->daemons = calloc(n, sizeof(*w->daemons));
	if (!w->daemons) {
		return -ENOMEM;
	}
	w->n = n;
	for (size_t i = 0; i < n; i++) {
		ask(&w->daemons[i], paths[i]);
	}
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
