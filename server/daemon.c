/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/daemon.h"

#include <stdlib.h>
#include <string.h>

#include "rpc/local.h"
#include "group/agent/agent.h"
#include "server/listeners.h"
#include "server/process.h"
#include "server/reload.h"
#include "server/supervisor.h"
#include "server/upstream.h"
#include "server/worker.h"
#include "os/clock_keeping.h"
#include "os/log.h"

/* The sets are large together and live as long as the process. */
struct daemon {
	struct settings *settings;    /* as far as this machine has them */
	const struct settings *begun; /* as they were read at the start */
	int argc;                     /* the command line, to be read again */
	char **argv;
	struct live *live;
	enum process_hangup hangup;
	struct clock *clock;
	struct listeners *sets;
	struct announcer announcer;
	struct statistics statistics;
	struct status_socket *socket; /* null: none */
	struct group_base group;
	struct upstream upstream;
	struct keeper keeper; /* name null: none */
	int pid_fd;
	int ready; /* for process_detach, or -1 */
};

static void say_what(const struct daemon *d)
{
	const struct settings *s = d->settings;

	log_info("started: version " TIMESYNC_VERSION ", %s%s, %u worker%s",
		 s->clock_file ? "clock file " : "the system clock",
		 s->clock_file ? s->clock_file : "", s->workers, s->workers == 1 ? "" : "s");
}

static void say_addresses(const struct daemon *d)
{
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < d->sets[0].n; i++) {
		log_info("serving %s %s", d->sets[0].places[i].netid->name,
			 address_text(&d->sets[0].places[i].at, text));
	}
}

static void say_keys(const struct settings *s)
{
	if (s->require_key) {
		log_info("only authenticated calls are answered (--require-key)");
	} else if (s->key_file) {
		log_info("authenticated calls are answered too (--key)");
	}
}

static void prepare_announcer(struct daemon *d)
{
	announcer_init(&d->announcer, d->clock);
	announcer_add(&d->announcer, ANNOUNCER_TIME, d->sets[0].places, d->sets[0].n);
	if (d->settings->group.name) {
		const struct registration_place place = group_base_place(&d->group);

		announcer_add(&d->announcer, ANNOUNCER_GROUP, &place, 1);
	}
}

static void give_socket(const struct address *at, const struct process_user *user)
{
	const int rc = at ? local_give(at, user->uid, user->gid) : 0;

	if (rc != 0) {
		log_debug("the local socket will remain at the end: %s", strerror(-rc));
	}
}

static int become_user(struct daemon *d)
{
	const char *name = d->settings->user;
	struct process_user user;
	int rc = process_find_user(name, &user);

	if (rc != 0) {
		return rc;
	}
	give_socket(status_socket_default(d->socket), &user);
	if (d->group.local_fd >= 0 && !d->settings->socket_path) {
		give_socket(&d->group.local, &user);
	}
	if (d->settings->n_upstream > 0) {
		clock_keeping_give(&d->upstream.keeping, user.uid, user.gid);
	}
	rc = d->settings->group.name ? group_base_give(&d->group, user.uid, user.gid) : 0;
	return rc == 0 ? process_become(name, &user, d->keeper.sets_system_clock) : rc;
}

static int open_group(struct daemon *d, const struct settings *s)
{
	const struct group_daemon daemon = {
		.settings = &s->group,
		.access = &s->access,
		.rate_limit = s->rate_limit,
		.clock_file = s->clock_file,
		.socket_path = s->socket_path,
		.address = s->n_addresses > 0 ? &s->addresses[0] : NULL,
	};

	return group_base_open(&d->group, &daemon);
}

static int run_agent(void *arg)
{
	return group_agent_run(arg);
}

static void leave_group(void *arg)
{
	group_base_leave(arg);
}

/* Prepare the keeper of the clock, if there is to be one. 0 or -errno after logging. */
static int open_keeper(struct daemon *d, const struct settings *s)
{
	int rc = 0;

	if (s->group.name) {
		rc = open_group(d, s);
		d->keeper = (struct keeper){
			.name = "group agent",
			.useless = "this machine takes no part in the group",
			.sets_system_clock = group_base_sets_system_clock(&d->group),
			.clock = d->group.clock,
			.run = run_agent,
			.leave = leave_group,
			.arg = &d->group,
		};
	} else if (s->n_upstream > 0) {
		rc = upstream_open(&d->upstream, s);
		d->statistics.upstream = &d->upstream;
		d->keeper = upstream_keeper(&d->upstream);
	}
	return rc;
}

/* The part that may fail visibly to the user who starts the daemon. */
static int prepare(struct daemon *d)
{
	struct settings *s = d->settings;
	int rc = clock_keeping_read(d->settings->clock_file, &d->clock);

	if (rc == 0) {
		rc = settings_read_keys(s);
	}
	if (rc == 0) {
		rc = listeners_open(d->sets, s, &s->workers);
	}
	if (rc == 0 && s->pid_file) {
		d->pid_fd = process_open_pid_file(s->pid_file);
		rc = d->pid_fd < 0 ? d->pid_fd : 0;
	}
	if (rc == 0) {
		rc = statistics_open(&d->statistics, s->workers, d->clock);
	}
	if (rc == 0) {
		rc = live_open(&d->live);
	}
	if (rc == 0) {
		rc = status_socket_open(&d->socket, s->socket_path, &d->statistics);
	}
	if (rc == 0) {
		rc = open_keeper(d, s);
	}
	if (rc == 0 && s->user) {
		rc = become_user(d);
	}
	if (rc != 0) {
		return rc;
	}
	rc = worker_prepare(s, &d->sets[0], d->clock);
	if (rc != 0) {
		return rc;
	}
	say_what(d);
	say_addresses(d);
	if (s->local) {
		log_info("the clock is served as the reference of a network without UTC (--local): "
			 "clients may count theirs as synchronised");
	}
	say_keys(s);
	prepare_announcer(d);
	return 0;
}

/* Become the process that will serve: in the background, unless that is not wanted. */
static int settle(struct daemon *d)
{
	int rc = 0;

	if (!d->settings->foreground) {
		d->ready = process_background();
		rc = d->ready < 0 ? d->ready : 0;
	}
	if (rc == 0 && d->pid_fd >= 0) {
		rc = process_write_pid(d->pid_fd);
	}
	if (rc != 0) {
		log_error("cannot go on: %s", strerror(-rc));
	}
	return rc;
}

/* All is well: release the process that has started the daemon. */
static int detach(void *arg)
{
	struct daemon *d = arg;
	const int rc = process_detach(d->ready);

	d->ready = -1;
	log_open("timesyncd", settings_log_level(d->settings), true);
	if (rc != 0) {
		log_error("cannot go on: %s", strerror(-rc));
	}
	return rc;
}

/* Read the settings again, and the keys of a group. 0 or -EINVAL. */
static int read_again(struct daemon *d, struct reload_changes *changes)
{
	struct settings *s = d->settings;
	const int rc = reload_settings(s, d->begun, d->argc, d->argv, changes);

	if (rc == 0) {
		changes->group_keys = s->group.name ? group_base_renew_keys(&d->group) : 0;
		log_up_to(settings_log_level(s));
	}
	return rc;
}

/* Whether the group's agent or the tracker needs the changed settings. */
static bool is_for_keeper(const struct daemon *d, const struct reload_changes *changes)
{
	return changes->group_keys > 0 || changes->upstream_keys > 0 ||
	       (d->settings->group.name && changes->access);
}

/* In the guardian, without a word: the supervisor has logged any error. */
static bool renew_keeper(void *arg)
{
	struct reload_changes changes;

	return read_again(arg, &changes) == 0 && is_for_keeper(arg, &changes);
}

static unsigned reload(void *arg)
{
	struct daemon *d = arg;
	struct reload_changes changes;

	if (read_again(d, &changes) != 0) {
		log_error("SIGHUP: all settings stay as they were");
		return 0;
	}
	live_publish(d->live, d->settings);
	reload_say(d->settings, &changes);
	return RELOADED_SETTINGS | (is_for_keeper(d, &changes) ? RELOADED_KEEPER : 0U);
}

static int run(struct daemon *d)
{
	int status = EXIT_FAILURE;

	if (prepare(d) == 0 && settle(d) == 0) {
		const struct supervised with = {
			.settings = d->settings,
			.sets = d->sets,
			.announcer = d->settings->use_rpcbind ? &d->announcer : NULL,
			.statistics = &d->statistics,
			.socket = d->socket,
			.keeper = d->keeper.name ? &d->keeper : NULL,
			.live = d->live,
			.hangup = d->hangup,
			.reload = reload,
			.renew_keeper = renew_keeper,
			.detach = d->settings->foreground ? NULL : detach,
			.arg = d,
		};

		status = supervisor_run(&with);
	}
	if (d->pid_fd >= 0) {
		process_remove_pid_file(d->pid_fd, d->settings->pid_file);
	}
	return status;
}

int daemon_run(const struct settings *wanted, int argc, char **argv)
{
	struct settings settings = *wanted;
	struct daemon d = {
		.settings = &settings,
		.begun = wanted,
		.argc = argc,
		.argv = argv,
		.hangup = process_set_signals(!wanted->foreground),
		.pid_fd = -1,
		.ready = -1,
		.group = { .fd = -1, .local_fd = -1 },
	};
	int status;

	log_open("timesyncd", settings_log_level(&settings), false);
	d.sets = calloc(settings.workers, sizeof(*d.sets));
	if (!d.sets) {
		log_error("out of memory");
		return EXIT_FAILURE;
	}
	status = run(&d);
	group_base_close(&d.group);
	upstream_close(&d.upstream);
	status_socket_close(d.socket);
	live_close(d.live);
	statistics_close(&d.statistics);
	listeners_close(d.sets, settings.workers);
	free(d.sets);
	clock_close(d.clock);
	return status;
}
