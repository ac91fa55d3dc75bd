/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The members that the user named, and which of them is this process.
 */
#ifndef GROUP_AGENT_NAMES_H
#define GROUP_AGENT_NAMES_H

#include "group/agent/settings.h"
#include "rpc/address.h"

struct group_names {
	size_t n;
	struct member_address at[MEMBERS_MAX];
	size_t n_missing;            /* have no address yet: */
	size_t missing[MEMBERS_MAX]; /* their places among the user's */
};

/*
 * Add the members that the user named: resolve their names, side by side, for 5 s at most. A name
 * that the resolver does not know now is missing, and logged. 0, or -errno after logging the error.
 */
int group_names_resolve(struct group_names *names, const struct group_settings *settings);

/*
 * Resolve the missing names again and again, until none is missing or SIGTERM comes, which the
 * caller has blocked. 0, -ECANCELED, or -errno after logging the error.
 */
int group_names_wait(struct group_names *names, const struct group_settings *settings);

/*
 * Which of them is this process: the one with our port, at an address of this machine. If `given`
 * is not null it has to be at that address. Its place, or -errno after logging.
 */
int group_names_self(const struct group_names *names, uint16_t port, const struct address *given);

/*
 * The same of a process that others reach at the address `at`, which need not be one of this
 * machine.
 */
int group_names_advertised(const struct group_names *names, const struct member_address *at);

/*
 * For one that is to find the others: add this machine at that port, at the given address or, if
 * null, its only one on a network that can be asked by broadcast. Its place, or -errno after
 * logging.
 */
int group_names_alone(struct group_names *names, uint16_t port, const struct address *given);

#endif
