/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rpc/local.h"
#include "group/agent/state.h"
#include "group/wire/codec.h"
#include "rpc/server/buffers.h"
#include "os/files.h"
#include "os/log.h"

#define MEMBERS_LIST_MAX 256

static int read_keys(struct group_base *b)
{
	if (b->settings->insecure) {
		log_warning("group %s is INSECURE: it has no key, and whoever reaches this machine "
			    "can move its clock",
			    b->settings->name);
		return 0;
	}
	return keys_load(&b->keys, b->settings->key_file);
}

int group_base_renew_keys(struct group_base *b)
{
	struct keys keys;
	int rc;

	if (b->settings->insecure) {
		return 0;
	}
	rc = keys_load(&keys, b->settings->key_file);
	if (rc != 0) {
		log_error("the group's keys stay as they were");
		return rc;
	}
	rc = memcmp(&keys, &b->keys, sizeof(keys)) != 0;
	b->keys = keys;
	keys_forget(&keys);
	return rc;
}

/* 0 or -errno after logging. */
static int make_directory(struct group_base *b)
{
	b->directory = b->settings->state_directory;
	if (mkdir(b->directory, 0755) < 0 && errno != EEXIST) {
		const int rc = -errno;

		log_error("cannot make '%s' for the group's state: %s; see --group-state",
			  b->directory, strerror(-rc));
		return rc;
	}
	return 0;
}

static int choose_state_path(struct group_base *b)
{
	const char *given = b->settings->state_file;
	int rc = 0;

	if (given) {
		b->state_path = strdup(given);
	} else if (b->keeping.file) {
		rc = asprintf(&b->state_path, "%s.group", b->keeping.file);
	} else {
		rc = make_directory(b);
		if (rc == 0) {
			rc = asprintf(&b->state_path, "%s/%s.group", b->directory,
				      b->settings->name);
		}
	}
	return rc < 0 ? rc : b->state_path ? 0 : -ENOMEM;
}

/* The clock of a reference is only read. */
static int open_clock(struct group_base *b)
{
	int rc = asprintf(&b->keeper, "group %s", b->settings->name) < 0 ? -ENOMEM : 0;

	b->keeping.keeper = b->keeper;
	if (rc == 0) {
		rc = b->settings->reference ? clock_keeping_read(b->keeping.file, &b->clock)
					    : clock_keeping_open(&b->keeping, &b->clock);
	}
	return rc == 0 ? choose_state_path(b) : rc;
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

/* Serve at the member's own address, or, if it is advertised, at the daemon's. */
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

/* The members' list that was saved: 0, -ENOENT, or -errno after logging. */
static int read_state(const struct group_base *b, struct group_state *out)
{
	const char *why;
	const int rc = group_state_read(out, b->state_path, b->settings->name,
					member_id_of(&b->names.at[b->self]), &why);

	if (rc != 0 && rc != -ENOENT) {
		log_error("the group's state '%s': %s", b->state_path, why);
	}
	return rc;
}

/* Add " X" to a list of members or, once, " and others" when there is no more room. */
static void list_member(char list[MEMBERS_LIST_MAX], const struct member_address *at)
{
	const size_t n = strlen(list);
	const struct address address = group_socket_address(at);
	char text[ADDRESS_TEXT_MAX];

	address_text(&address, text);
	if (n + strlen(text) + sizeof(" and others") < MEMBERS_LIST_MAX) {
		snprintf(list + n, MEMBERS_LIST_MAX - n, " %s", text);
	} else if (!strstr(list, "and others")) {
		snprintf(list + n, MEMBERS_LIST_MAX - n, " and others");
	}
}

static bool is_named(const struct group_base *b, member_id id)
{
	for (size_t i = 0; i < b->names.n; i++) {
		if (member_id_of(&b->names.at[i]) == id) {
			return true;
		}
	}
	return false;
}

/* Members change by join and leave, which the command line does not know. */
static void compare_with_names(const struct group_base *b, const struct voters *saved)
{
	char only_named[MEMBERS_LIST_MAX] = "", only_saved[MEMBERS_LIST_MAX] = "";
	struct member_address at;

	if (b->settings->discover || b->settings->n_members == 1) {
		return; /* neither names all */
	}
	for (size_t i = 0; i < b->names.n; i++) {
		if (voters_find(saved, member_id_of(&b->names.at[i])) < 0) {
			list_member(only_named, &b->names.at[i]);
		}
	}
	for (size_t i = 0; i < saved->n && b->names.n_missing == 0; i++) {
		if (!is_named(b, saved->id[i]) && member_address_of(&at, saved->id[i])) {
			list_member(only_saved, &at);
		}
	}
	if (only_named[0] != '\0' || only_saved[0] != '\0') {
		log_warning("group %s: the list of members that was saved in '%s' is in force, not "
			    "--member: only --member has%s; only the saved list has%s; 'timesync "
			    "group join' and 'leave' change it",
			    b->settings->name, b->state_path,
			    only_named[0] != '\0' ? only_named : " none",
			    only_saved[0] != '\0' ? only_saved : " none");
	}
}

/* Complain about an unusable state file now, to the user who starts the daemon. */
static int check_state(struct group_base *b)
{
	struct group_state *state = malloc(sizeof(*state));
	int rc = state ? read_state(b, state) : -ENOMEM;

	b->has_state = rc == 0;
	if (rc == 0) {
		compare_with_names(b, &state->election.voters);
	} else if (rc == -ENOENT && b->names.n_missing > 0) {
		log_warning("group %s: takes part as soon as the addresses of all members are "
			    "known",
			    b->settings->name);
	}
	free(state);
	return rc == -ENOENT ? 0 : rc;
}

int group_base_complete(struct group_base *b)
{
	const int rc = b->has_state ? 0 : group_names_wait(&b->names, b->settings);

	if (rc != 0 && rc != -ECANCELED) {
		log_error("the group's members cannot be used as they are named");
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
		.keeping = { .file = daemon->clock_file, .force = daemon->settings->force },
		.fd = -1,
		.local_fd = -1,
	};
	rc = read_keys(b);
	if (rc == 0) {
		rc = open_clock(b);
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

/* A state that root has saved becomes the user's; a file that a link leads to does not. */
static void give_state(const struct group_base *b, uid_t uid, gid_t gid)
{
	const int fd = file_open_regular(b->state_path, O_RDONLY | O_NOFOLLOW, 0);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 1) {
		(void)!fchown(fd, uid, gid); /* else the agent says that it cannot read it */
	}
	if (fd >= 0) {
		close(fd);
	}
}

int group_base_give(const struct group_base *b, uid_t uid, gid_t gid)
{
	if (!b->settings->reference) {
		clock_keeping_give(&b->keeping, uid, gid);
	}
	if (b->directory) {
		if (chown(b->directory, uid, gid) < 0) {
			const int rc = -errno;

			log_error("cannot give '%s' to the daemon's user: %s", b->directory,
				  strerror(-rc));
			return rc;
		}
		give_state(b, uid, gid);
	}
	return 0;
}

bool group_base_sets_system_clock(const struct group_base *b)
{
	return !b->keeping.file && !b->settings->reference;
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
	free(b->keeper);
	*b = (struct group_base){ .fd = -1, .local_fd = -1 };
}

void group_base_close(struct group_base *b)
{
	if (b->local_fd >= 0) {
		local_remove(&b->local);
	}
	group_base_leave(b);
}
