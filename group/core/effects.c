/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/effects.h"

#include <string.h>

struct agent_effect *effects_add(struct agent_effects *out, enum agent_effect_kind kind)
{
	struct agent_effect *e;

	out->overrun = out->overrun || out->n == AGENT_EFFECTS_MAX;
	e = &out->effect[out->overrun ? out->n - 1 : out->n++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	return e;
}

struct agent_note *effects_note(struct agent_effects *out, enum agent_note_kind kind)
{
	struct agent_note *note = &effects_add(out, AGENT_NOTE)->note;

	note->kind = kind;
	return note;
}
