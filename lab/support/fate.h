/* SPDX-License-Identifier: BSD-3-Clause */
/* The fate of one datagram on a bad network, drawn from a sequence that a seed fixes. */
#ifndef LAB_SUPPORT_FATE_H
#define LAB_SUPPORT_FATE_H

#include <stddef.h>

#include "core/ts.h"

enum fate_fault { FATE_DROP, FATE_DUPLICATE, FATE_REORDER, FATE_FAULTS };

/* How delays are distributed. A delay is never negative, and at most FATE_DELAY_MOST. */
enum fate_shape {
	FATE_UNIFORM, /* from `first` to `second` */
	FATE_NORMAL,  /* mean `first`, standard deviation `second`; below 0 it is 0 */
	FATE_PARETO,  /* `first` + `second` x (u^(-1/tail) - 1), u uniform in (0, 1]: Lomax */
	FATE_TRACE,   /* those of the trace, in turn, and again from its beginning */
};

#define FATE_DELAY_MOST (60 * NS_PER_SEC)
#define FATE_TRACE_MOST 1000000 /* delays of a trace */

struct fate_delay {
	enum fate_shape shape;
	dur_ns first, second; /* 0 <= first; of FATE_UNIFORM first <= second */
	double tail;          /* of FATE_PARETO, > 0: the smaller, the longer is the tail */
	dur_ns *trace;        /* of FATE_TRACE, owned */
	size_t n_trace;       /* at least 1 then */
};

struct fate_rules {
	uint64_t percent[FATE_FAULTS]; /* how many of 100 datagrams meet it; 0 to 100 */
	struct fate_delay delay;
};

/* Where the fates of a link come from: a seed fixes all of them. */
struct fate_source {
	uint64_t random; /* the seed at first */
	uint64_t drawn;  /* how many fates; 0 at first */
};

struct fate {
	bool drop;
	bool duplicate;
	bool reorder;
	dur_ns delay;
	dur_ns copy_delay; /* of the duplicate */
};

/*
 * The next fate. Each call consumes the same amount of the sequence, so the nth fate depends on the
 * rules, the seed and n only.
 */
struct fate fate_draw(const struct fate_rules *rules, struct fate_source *source);

/*
 * Read a trace into *out: a duration on each line ("1.25ms"), empty lines and those that begin with
 * '#' left out. 0; -errno if the file cannot be read; -EINVAL with the number of a line that is no
 * duration from 0 to FATE_DELAY_MOST in *line; -ENODATA without any, -EFBIG with too many. The
 * caller releases it with fate_delay_forget.
 */
int fate_read_trace(struct fate_delay *out, const char *path, size_t *line);

/* Release a trace. The delays are 0 then. */
void fate_delay_forget(struct fate_delay *delay);

#endif
