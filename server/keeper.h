/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process beside the workers that keeps the served clock: a group's agent, or the tracker of
 * --upstream.
 */
#ifndef SERVER_KEEPER_H
#define SERVER_KEEPER_H

#include <stdbool.h>

struct clock;

struct keeper {
	const char *name;    /* for the log: "group agent" */
	const char *useless; /* the effect if none can run: "the clock is not kept right" */
	bool sets_system_clock;
	bool hears_hangup; /* SIGHUP is passed on to it */
	struct clock *clock;
	int (*run)(void *arg);    /* become it: the exit status of the process */
	void (*leave)(void *arg); /* in any other process: release its resources; or null */
	void *arg;
};

#endif
