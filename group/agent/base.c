/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "rpc/local.h"
#include "group/agent/state.h"
#include "group/wire/codec.h"
#include "rpc/server/buffers.h"
#include "os/clock_file.h"
#include "os/log.h"

static int read_keys(struct group_base *b)
{
	const char *why;
	int rc;

	if (b->settings->insecure) {
		log_warning("group %s is INSECURE: it has no key, and whoever reaches this machine "
			    "can move its clock",
			    b->settings->name);
		return 0;
	}
	rc = keys_read(&b->keys, b->settings->key_file, &why);
	if (rc != 0) {
		log_error("cannot use the key file '%s': %s", b->settings->key_file, why);
	}
	return rc;
}

int group_base_refuse_kept(const char *path, const struct clock_keeper *by)
{
	log_error(
		"%s is kept by %s, pid %ld: only one program may correct a clock, so end that one "
		"first",
		path, clock_keeper_name(by->kind), by->pid);
	return -EBUSY;
}

/* The agent of a daemon that was killed keeps its clock until it has ended too, which is soon. */
#define KEPT_TRIES    50
#define KEPT_PAUSE_US 10000

static bool stays_kept(struct clock *clock, struct clock_keeper *by)
{
	for (int i = 0; i < KEPT_TRIES; i++) {
		if (!clock_is_kept(clock, by)) {
			return false;
		}
		usleep(KEPT_PAUSE_US);
	}
	return true;
}

static int open_clock(struct group_base *b, const char *path)
{
	struct clock_keeper by;
	const char *why;
	int rc = clock_file_open(&b->clock, path, true, &why);

	if (rc != 0) {
		log_error("%s: %s", path, why);
		return rc;
	}
	if (stays_kept(b->clock, &by)) {
		return group_base_refuse_kept(path, &by);
	}
	b->clock_path = path;
	if (b->settings->state_file) {
		b->state_path = strdup(b->settings->state_file);
	} else if (asprintf(&b->state_path, "%s.group", path) < 0) {
		b->state_path = NULL;
	}
	return b->state_path ? 0 : -ENOMEM;
}

static int find_self(struct group_base *b, const struct address *given)
{
	const uint16_t port = b->settings->port;
	int rc;

	if (b->settings->discover) {
		rc = group_names_alone(&b->names, port, given);
	} else {
		rc = group_names_resolve(&b->names, b->settings);
		rc = rc == 0 ? group_names_self(&b->names, port, given) : rc;
	}
	b->self = rc < 0 ? 0 : (size_t)rc;
	return rc < 0 ? rc : 0;
}

/* What the agent could not use is to be seen by whoever starts the daemon. */
static int check_state(const struct group_base *b)
{
	struct group_state *state = malloc(sizeof(*state));
	const char *why = "out of memory";
	int rc = state ? group_state_read(state, b->state_path, b->settings->name,
					  member_id_of(&b->names.at[b->self]), &why)
		       : -ENOMEM;

	free(state);
	if (rc == -ENOENT) {
		return 0;
	}
	if (rc != 0) {
		log_error("the group's state '%s': %s", b->state_path, why);
	}
	return rc;
}

static int open_socket(struct group_base *b)
{
	const struct address at = group_socket_address(&b->names.at[b->self]);
	char text[ADDRESS_TEXT_MAX];

	b->fd = socket(at.sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (b->fd < 0 || bind(b->fd, (const struct sockaddr *)&at.sa, at.len) < 0) {
		int rc = -errno;

		log_error("cannot serve the group on %s: %s", address_text(&at, text),
			  strerror(-rc));
		return rc;
	}
	buffers_set(b->fd, SOCK_DGRAM);
	log_info("serving group %s on %s", b->settings->name, address_text(&at, text));
	return 0;
}

/* Beside the daemon's own local socket: PATH.group. */
static bool local_path(struct address *out, const char *path)
{
	struct address base;
	char *with_suffix;
	bool ok;

	if (path ? !address_unix(&base, path) : !local_default_path(&base, geteuid() == 0)) {
		return false;
	}
	if (asprintf(&with_suffix, "%s.group", ((struct sockaddr_un *)&base.sa)->sun_path) < 0) {
		return false;
	}
	ok = address_unix(out, with_suffix);
	free(with_suffix);
	return ok;
}

static int open_local(struct group_base *b, const char *path)
{
	char text[ADDRESS_TEXT_MAX];

	b->local_fd = -ENAMETOOLONG;
	if (local_path(&b->local, path)) {
		b->local_fd = local_listen(&b->local);
	}
	if (b->local_fd < 0 && path) {
		log_error("cannot listen at the local socket '%s.group': %s", path,
			  local_why(b->local_fd));
		return b->local_fd;
	}
	if (b->local_fd == -EPERM) { /* others may have what nobody asked for */
		log_warning("no local socket at '%s': %s; 'timesync group status' does not work "
			    "without --at",
			    address_text(&b->local, text), local_why(b->local_fd));
	}
	return 0;
}

int group_base_open(struct group_base *b, const struct group_daemon *daemon)
{
	int rc;

	*b = (struct group_base){
		.settings = daemon->settings,
		.access = daemon->access,
		.rate_limit = daemon->rate_limit,
		.fd = -1,
		.local_fd = -1,
	};
	rc = read_keys(b);
	if (rc == 0) {
		rc = open_clock(b, daemon->clock_file);
	}
	if (rc == 0) {
		rc = find_self(b, daemon->address);
	}
	if (rc == 0) {
		rc = check_state(b);
	}
	if (rc == 0) {
		rc = open_socket(b);
	}
	return rc == 0 ? open_local(b, daemon->socket_path) : rc;
}

struct registration_place group_base_place(const struct group_base *b)
{
	const struct address at = group_socket_address(&b->names.at[b->self]);

	return (struct registration_place){ netid_of(at.sa.ss_family, SOCK_DGRAM), at };
}

void group_base_leave(struct group_base *b)
{
	if (b->fd >= 0) {
		close(b->fd);
	}
	if (b->local_fd >= 0) {
		close(b->local_fd);
	}
	keys_forget(&b->keys);
	clock_close(b->clock);
	free(b->state_path);
	*b = (struct group_base){ .fd = -1, .local_fd = -1 };
}

void group_base_close(struct group_base *b)
{
	if (b->local_fd >= 0) {
		(void)unlink(((const struct sockaddr_un *)&b->local.sa)->sun_path);
	}
	group_base_leave(b);
}
