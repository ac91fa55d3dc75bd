/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The group's agent: the process that speaks for this member, and sets its clock. It never makes a
 * blocking call, and works on however many of its calls are not answered.
 */
#ifndef GROUP_AGENT_AGENT_H
#define GROUP_AGENT_AGENT_H

#include "group/agent/base.h"

/* Take part until SIGTERM, and hand over first if it leads. The process's exit status. */
int group_agent_run(struct group_base *base);

#endif
