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

/* The keys of the key file. 0 or -errno after logging. */
static int read_key_file(struct keys *out, const char *path)
{
	const char *why;
	const int rc = keys_read(out, path, &why);

	if (rc != 0) {
		log_error("cannot use the key file '%s': %s", path, why);
	}
	return rc;
}

static int read_keys(struct group_base *b)
{
	if (b->settings->insecure) {
		log_warning("group %s is INSECURE: it has no key, and whoever reaches this machine "
			    "can move its clock",
			    b->settings->name);
		return 0;
	}
	return read_key_file(&b->keys, b->settings->key_file);
}

bool group_base_renew_keys(struct group_base *b)
{
	struct keys keys;
	bool others = false;

	if (b->settings->insecure || read_key_file(&keys, b->settings->key_file) != 0) {
		return false;
	}
	others = memcmp(&keys, &b->keys, sizeof(keys)) != 0;
	b->keys = keys;
	keys_forget(&keys);
	return others;
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

/* Which of the names is this member: the advertised one, or that of an address of this machine. */
static int find_place(struct group_base *b, const struct address *given)
{
	const struct member_address *advertised = &b->settings->advertise;
	const struct address public = group_socket_address(advertised);
	const bool is_advertised = advertised->port != 0;
	int rc;

	if (b->settings->discover) {
		return group_names_alone(&b->names,
					 is_advertised ? advertised->port : b->settings->port,
					 is_advertised ? &public : given);
	}
	rc = group_names_resolve(&b->names, b->settings);
	if (rc == 0) {
		rc = is_advertised ? group_names_advertised(&b->names, advertised)
				   : group_names_self(&b->names, b->settings->port, given);
	}
	return rc;
}

/* Where to serve: at the member's place, or, of one that is advertised, where the daemon serves. */
static int choose_listen(struct group_base *b, const struct address *given)
{
	const struct member_address *self = &b->names.at[b->self];
	const int family = self->is_v4 ? AF_INET : AF_INET6;

	b->listen = group_socket_address(self);
	if (b->settings->advertise.port == 0) {
		return 0;
	}
	if (given && given->sa.ss_family != family) {
		log_error("--address and --advertise are to be both of IPv4 or both of IPv6");
		return -EAFNOSUPPORT;
	}
	b->listen = given ? *given : address_any(family, 0);
	address_set_port(&b->listen, b->settings->port);
	return 0;
}

static int find_self(struct group_base *b, const struct address *given)
{
	const int rc = find_place(b, given);

	b->self = rc < 0 ? 0 : (size_t)rc;
	return rc < 0 ? rc : choose_listen(b, given);
}

/* What the agent could not use is to be seen by whoever starts the daemon. */
static int check_state(const struct group_base *b)
{
	struct election_state *state = malloc(sizeof(*state));
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
	const struct address at = b->listen;
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
	if (b->settings->advertise.port != 0) {
		const struct address public = group_socket_address(&b->settings->advertise);

		log_info("a member of group %s at %s, where others reach it", b->settings->name,
			 address_text(&public, text));
	}
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
	return (struct registration_place){ netid_of(b->listen.sa.ss_family, SOCK_DGRAM),
					    b->listen };
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
