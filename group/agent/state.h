/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The saved state of a group's member. A restart must not lose its term, its vote and the list of
 * voters, and should not lose the rate of its clock.
 *
 * The file is text, with a CRC-32C at its end. Versions 1, with another checksum, 2, without the
 * clock, and 3, without what it has learned from references, are still read. It is replaced as a
 * whole, and is on the disk when group_state_write returns: a member that forgets its vote may vote
 * twice.
 */
#ifndef GROUP_AGENT_STATE_H
#define GROUP_AGENT_STATE_H

#include "group/core/election.h"
#include "group/core/servo.h"

struct group_state {
	struct election_state election;
	struct servo_memory clock;
};

/*
 * Read it. 0, or -errno with the reason as a clause in `why` (a static string): -ENOENT when there
 * is none; -EBADMSG when it is damaged, or of another group or member. Of a file without the clock
 * the memory is all zeros.
 */
int group_state_read(struct group_state *out, const char *path, const char *group, member_id self,
		     const char **why);

/* 0 or -errno, and then the old one is still there. */
int group_state_write(const struct group_state *s, const char *path, const char *group,
		      member_id self);

#endif
