/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who belongs to a group and where: ids, addresses, and what the last cycle found out.
 */
#ifndef GROUP_AGENT_MEMBERS_H
#define GROUP_AGENT_MEMBERS_H

#include "group/wire/codec.h"
#include "group/agent/settings.h"

/* What a leader knows of a member's clock by a cycle. */
struct group_poll {
	bool answered; /* authentically, with a ticket: */
	struct ticket_nonce nonce;
	dur_ns sealed_offset, sealed_error; /* by the answer itself */
	dur_ns offset, delay;               /* by that, or by GET_TIMESTAMPS if that was quicker */
	enum group_part part;
	dur_ns correction;
	enum group_outcome outcome;
};

struct group_member {
	member_id id;
	struct address at;
	bool was_heard;
	struct mono heard;
	struct group_poll poll; /* by the one that is running, if one is */
	struct group_poll last; /* and by the last one that came to its end */
	void *owner;            /* for calls that are under way */
	unsigned calls;         /* so many are */
};

/* Whether nobody refers to that member any more, nor would miss it. */
typedef bool group_members_may_go(const void *arg, const struct group_member *m);

/*
 * They stay where they are. When all places are taken, one is given to another of whom `may_go`
 * says so; if it is null, to nobody.
 */
struct group_members {
	size_t n;
	struct group_member *member; /* of MEMBERS_MAX */
	group_members_may_go *may_go;
	const void *may_go_arg;
};

/* Nobody yet, and `may_go` null. 0 or -ENOMEM. The caller releases it. */
int group_members_open(struct group_members *m);
void group_members_close(struct group_members *m);

/* The id of the member at that address and port, the same everywhere; MEMBER_NONE if it is none. */
member_id group_members_id(const struct address *at);

/* Add the member at that address. Its place, also if it was there; or -E2BIG, -EINVAL. */
int group_members_add(struct group_members *m, const struct address *at);

/* The member of that id that is there, or null. */
struct group_member *group_members_known(const struct group_members *m, member_id id);

/* A cycle begins: nothing has been polled by it yet. It ends: what it found is the last now. */
void group_members_begin_cycle(struct group_members *m);
void group_members_end_cycle(struct group_members *m);

/* The address that an id tells, as those of IPv4 do. False if it tells none. */
bool group_members_address(struct address *out, member_id id);

/*
 * The member of that id; if it is not there but its id tells its address, as those of IPv4 do, it
 * is added. Null if there is none.
 */
struct group_member *group_members_find(struct group_members *m, member_id id);

/*
 * Add those that the user named: resolve their names, side by side, for 5 s at most. 0, or -errno
 * after logging what is wrong.
 */
int group_members_resolve(struct group_members *m, const struct group_settings *settings);

/*
 * Which of them is this process: the one with our port, at an address of this machine. If `given`
 * is not null it has to be at that address. Its place, or -errno after logging.
 */
int group_members_self(const struct group_members *m, uint16_t port, const struct address *given);

/*
 * For one that is to find the others: add this machine at that port, at the given address or, if
 * null, its only one on a network that can be asked by broadcast. Its place, or -errno after
 * logging.
 */
int group_members_alone(struct group_members *m, uint16_t port, const struct address *given);

#endif
