/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/members.h"

#include <errno.h>

#include "core/arith.h"

struct group_member *group_members_known(const struct group_members *m, member_id id)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->member[i].id == id) {
			return &m->member[i];
		}
	}
	return NULL;
}

struct group_member *group_members_at(const struct group_members *m, size_t place, member_id id)
{
	return place < m->n && m->member[place].id == id ? &m->member[place]
							 : group_members_known(m, id);
}

/* A place for one more, or null. The election knows its members by their ids, and those stay. */
static struct group_member *take_place(struct group_members *m, const struct voters *all,
				       member_id self)
{
	if (m->n < m->max) {
		return &m->member[m->n++];
	}
	for (size_t i = 0; i < m->n; i++) {
		if (m->member[i].id != self && voters_find(all, m->member[i].id) < 0) {
			return &m->member[i];
		}
	}
	return NULL;
}

int group_members_add(struct group_members *m, const struct member_address *at,
		      const struct voters *all, member_id self)
{
	const member_id id = member_id_of(at);
	struct group_member *there = group_members_known(m, id);

	if (id == MEMBER_NONE) {
		return -EINVAL;
	}
	if (!there) {
		there = take_place(m, all, self);
		if (!there) {
			return -E2BIG;
		}
		*there = (struct group_member){
			.id = id,
			.at = *at,
			.poll = { .part = GROUP_UNMEASURED },
			.last = { .part = GROUP_UNMEASURED },
		};
	}
	return (int)(there - m->member);
}

struct group_member *group_members_find(struct group_members *m, member_id id,
					const struct voters *all, member_id self)
{
	struct group_member *there = group_members_known(m, id);
	struct member_address at;
	int place;

	if (there || !member_address_of(&at, id)) {
		return there;
	}
	place = group_members_add(m, &at, all, self);
	return place < 0 ? NULL : &m->member[place];
}

dur_ns group_poll_error(const struct group_poll *p)
{
	return arith_add(p->authentic_error, arith_distance(p->offset, p->authentic_offset));
}

void group_members_begin_cycle(struct group_members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		m->member[i].poll = (struct group_poll){ .part = GROUP_UNMEASURED };
	}
}

void group_members_end_cycle(struct group_members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		m->member[i].last = m->member[i].poll;
	}
}

void group_members_heard(struct group_members *m, member_id from, struct mono now)
{
	struct group_member *member = group_members_known(m, from);

	if (member) {
		member->was_heard = true;
		member->heard = now;
	}
}
