/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processes that a supervisor keeps running: when one ends, it starts another, at once if the
 * old one had lived well, else after growing pauses.
 */
#ifndef SERVER_CHILDREN_H
#define SERVER_CHILDREN_H

#include <sys/types.h>

#include "server/keeper.h"
#include "server/settings.h"
#include "os/clock.h"

enum role {
	ROLE_WORKER,
	ROLE_ANNOUNCER,
	ROLE_KEEPER,
	ROLE_GUARDIAN, /* cannot be replaced: without it all end */
};

struct child {
	enum role role;
	size_t number;       /* of those of its role, from 0 */
	pid_t pid;           /* 0 while it is not running */
	struct mono started; /* or, while it is not running, to be started */
	dur_ns pause;        /* before it is started again, should it die young */
	unsigned failures;   /* in a row, that came as soon as it was started */
};

struct children {
	struct clock *clock;
	const struct keeper *keeper; /* who that is; null: none */
	bool ending;                 /* those that end now are not to be started again */
	bool hopeless;     /* it is of no use to go on, which was said; `ending` is set with it */
	bool started;      /* a worker was, once */
	bool refused;      /* the kernel lets no process be started, which was said */
	uint64_t restarts; /* of those that ended by themselves */
	size_t n;
	struct child child[SETTINGS_MAX_WORKERS + 3];
};

/* The work of a child; called in its process. */
typedef void child_fn(void *arg, const struct child *child);

/* Add `n` of a role, to be started. */
void children_add(struct children *all, enum role role, size_t n);

/*
 * Start those of that role that do not run and are due at `now`. When a process cannot be started
 * it is tried again after growing pauses; but before the first worker, there is no hope.
 */
void children_start(struct children *all, enum role role, struct mono now, child_fn *become,
		    void *arg);

/* Start the only one of that role, now. Whether that was possible; if not, the reason is logged. */
bool children_start_first(struct children *all, enum role role, child_fn *become, void *arg);

/* Whether a process can be started here at all; if not, the reason is logged. */
bool children_can_start(void);

/* Reap the children that have ended, and log it. Success is not worth a word, or a pause. */
void children_reap(struct children *all);

/* Whether any of them runs, as far as that was reaped. */
bool children_run(const struct children *all);

/* Send a signal to all children of that role. */
void children_signal(const struct children *all, enum role role, int signo);

/* End all children of that role at once; they are due again. */
void children_kill(struct children *all, enum role role);

/* Ask all to end, and kill those that have not by `until`: they have nothing to finish. */
void children_stop(struct children *all, struct mono until);

#endif
