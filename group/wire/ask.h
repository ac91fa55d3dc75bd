/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Questions of administrators to members of a group: over the local socket of one's own daemon, or,
 * with a key of the group, from anywhere.
 */
#ifndef GROUP_WIRE_ASK_H
#define GROUP_WIRE_ASK_H

#include "group/wire/envelope.h"
#include "os/clock.h"

struct group_asker {
	struct address at; /* a local socket's, or a member's */
	struct mac *mac;   /* null: without */
	struct clock *clock;
	dur_ns timeout; /* of each of these functions */
};

/*
 * A page of the status, whose members begin at that place of the list. 0, or -errno: those of
 * rpc/status.h for a local socket, -ETIMEDOUT, -EACCES (it refuses us: another key), -EBADMSG (what
 * comes back has no MAC by our key, or is no status).
 */
int group_ask_status(struct group_status *out, const struct group_asker *asker, uint32_t first);

/*
 * The members of all pages, at most MEMBERS_MAX; `s` has the first page. How many, or -errno as
 * above.
 */
int group_ask_members(struct group_member_status *out, const struct group_asker *asker,
		      const struct group_status *s);

/*
 * Ask the member that sent this status for a JOIN or LEAVE of the member at `address`, or for a
 * STEP_DOWN. 0 with its answer, or -errno as above.
 */
int group_ask_change(enum group_answer *out, const struct group_asker *asker,
		     const struct group_status *status, enum group_procedure proc,
		     const struct address *address);

#endif
