/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The base of a group's agent: keys, members, sockets, the clock. It is made before the daemon
 * gives up its privileges, and serves each time that the agent has to be started anew.
 */
#ifndef GROUP_AGENT_BASE_H
#define GROUP_AGENT_BASE_H

#include "rpc/keys.h"
#include "rpc/server/registration.h"
#include "group/agent/names.h"
#include "group/agent/settings.h"
#include "rpc/server/access.h"
#include "os/clock_keeping.h"

/* The settings of the daemon that the agent is a part of; nothing of it is owned. */
struct group_daemon {
	const struct group_settings *settings;
	const struct access *access;
	int64_t rate_limit;            /* calls a second from one address; 0: no limit */
	const char *clock_file;        /* which the group sets; null: the system clock */
	const char *socket_path;       /* of the daemon's own local socket; null: the default */
	const struct address *address; /* to serve on; null: all */
};

struct group_base {
	const struct group_settings *settings;
	const struct access *access;
	int64_t rate_limit; /* calls a second from one address; 0: no limit */
	struct keys keys;   /* none when the group is insecure */
	struct group_names names;
	size_t self;           /* its place among them */
	struct address listen; /* where it is served: other than its place where it is advertised */
	bool has_state;        /* that was saved before, with a list of members */
	int fd;                /* the bound socket that members call */
	int local_fd;          /* listening for this machine's administrator; -1: none */
	struct address local;
	struct clock_keeping keeping;
	char *keeper;        /* its name there */
	struct clock *clock; /* which the group sets */
	char *state_path;
	const char *directory; /* of the state, if the user has named no file; not owned */
};

/* Open all of it. 0 or -errno after logging. The caller releases it with group_base_close. */
int group_base_open(struct group_base *b, const struct group_daemon *daemon);

/*
 * Read the keys again: 1 if they have changed, 0 if not, or -errno after logging; the old keys then
 * stay. The agent uses new keys when it is started the next time.
 */
int group_base_renew_keys(struct group_base *b);

/* Whether the group keeps the system clock; else it keeps a clock file. */
bool group_base_sets_system_clock(const struct group_base *b);

/*
 * This process becomes that user: let the user keep the system clock, and save the state. 0 or
 * -errno after logging.
 */
int group_base_give(const struct group_base *b, uid_t uid, gid_t gid);

/*
 * Before the agent begins: wait for the addresses of all members that were named, unless a list of
 * members was saved. 0, -ECANCELED when SIGTERM has come, or -errno after logging.
 */
int group_base_complete(struct group_base *b);

/* Where this member serves, for rpcbind. */
struct registration_place group_base_place(const struct group_base *b);

/* Forget the keys and close what this process has of it: for those that are not the agent. */
void group_base_leave(struct group_base *b);

/* The same, and remove the local socket: the daemon ends. */
void group_base_close(struct group_base *b);

#endif
