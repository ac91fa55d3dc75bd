/* SPDX-License-Identifier: BSD-3-Clause */
/* The fate of one datagram on a bad network, drawn from a sequence that a seed fixes. */
#ifndef LAB_SUPPORT_FATE_H
#define LAB_SUPPORT_FATE_H

#include "core/ts.h"

enum fate_fault { FATE_DROP, FATE_DUPLICATE, FATE_REORDER, FATE_FAULTS };

struct fate_rules {
	uint64_t percent[FATE_FAULTS]; /* how many of 100 datagrams meet it; 0 to 100 */
	dur_ns delay_min, delay_max;   /* 0 <= delay_min <= delay_max */
};

struct fate {
	bool drop;
	bool duplicate;
	bool reorder;
	dur_ns delay;
	dur_ns copy_delay; /* of the duplicate */
};

/*
 * The next fate. `random` is the seed at first, and then the state of the sequence. Each call
 * consumes the same amount of it, so the nth fate depends on the rules, the seed and n only.
 */
struct fate fate_draw(const struct fate_rules *rules, uint64_t *random);

#endif
