/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of a step of an agent: for group/core/agent*.c only. */
#ifndef GROUP_CORE_AGENT_STEPS_H
#define GROUP_CORE_AGENT_STEPS_H

#include "group/core/agent.h"

/* A call has come: answer it. The answer to an ADJUST may come later, by agent_answer_adjust. */
void agent_on_call(struct agent *a, const struct agent_context *c, const struct agent_call *call);

/* Answer the ADJUST with this head: its correction has been applied, or not. */
void agent_answer_adjust(const struct agent_context *c, const struct group_head *head,
			 enum group_outcome outcome);

/* A member has answered, or not. */
void agent_on_answer(struct agent *a, const struct agent_context *c,
		     const struct agent_answer *answer);

#endif
