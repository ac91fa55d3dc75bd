/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Members of a group.
 */
#ifndef GROUP_CORE_MEMBER_H
#define GROUP_CORE_MEMBER_H

#include <stdint.h>

/* A member's name in the group, its own for ever; among candidates the highest is preferred. */
typedef uint64_t member_id;

#define MEMBER_NONE UINT64_C(0) /* no member has this id */
#define MEMBERS_MAX 1024

#endif
