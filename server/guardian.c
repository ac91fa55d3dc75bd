/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/guardian.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "os/clock_keeping.h"
#include "os/clock_system.h"
#include "os/log.h"
#include "os/loop.h"
#include "server/children.h"

#define RESTART_TICK (NS_PER_SEC / 10)
/* Less than the supervisor waits, and enough for the agent to hand over. */
#define END_PATIENCE (NS_PER_SEC * 3 / 2)

struct guardian {
	const struct keeper *keeper;
	struct loop *loop;
	pid_t self;
	bool going;
	bool (*renew)(void *arg);
	void *arg;
	struct children children;
};

static void become(void *arg, const struct child *child)
{
	const struct guardian *g = arg;

	(void)child;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != g->self) {
		_exit(EXIT_FAILURE);
	}
	loop_close(g->loop);
	_exit(g->keeper->run(g->keeper->arg));
}

/*
 * Leave no slew behind: a slew of the system clock goes on if the process that should end it was
 * killed.
 */
static void end_slew(const struct guardian *g)
{
	const int rc = clock_keeping_end_slew(g->keeper->clock);

	if (rc != 0) {
		log_error("a slew of the clock cannot be ended: %s", clock_error_text(rc));
	}
}

static dur_ns restart_due(void *arg, struct mono now)
{
	struct guardian *g = arg;

	if (g->going) {
		children_start(&g->children, ROLE_KEEPER, now, become, g);
	}
	return RESTART_TICK;
}

static void told(void *arg, int fd)
{
	struct guardian *g = arg;

	loop_unwatch(g->loop, fd);
	g->going = true;
	(void)restart_due(g, clock_mono(g->children.clock));
}

static void signalled(void *arg, int signo)
{
	struct guardian *g = arg;

	switch (signo) {
	case SIGCHLD:
		children_reap(&g->children);
		if (!children_run(&g->children)) {
			end_slew(g);
		}
		break;
	case SIGHUP:
		if (g->renew(g->arg)) {
			children_signal(&g->children, ROLE_KEEPER, SIGTERM);
		} else if (g->keeper->hears_hangup) {
			children_signal(&g->children, ROLE_KEEPER, SIGHUP);
		}
		break;
	default:
		loop_stop(g->loop, EXIT_SUCCESS);
	}
}

static int set_up(struct guardian *g, int go)
{
	sigset_t set;
	int rc = loop_open(&g->loop);

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	if (rc == 0) {
		rc = loop_signals(g->loop, &set, signalled, g);
	}
	if (rc == 0) {
		rc = loop_watch(g->loop, go, told, g);
	}
	return rc == 0 ? loop_timer(g->loop, RESTART_TICK, restart_due, g) : rc;
}

int guardian_run(const struct keeper *keeper, int go, bool (*renew)(void *arg), void *arg)
{
	struct guardian g = {
		.keeper = keeper,
		.self = getpid(),
		.renew = renew,
		.arg = arg,
		.children = { .clock = clock_system(), .keeper = keeper },
	};
	int rc;

	children_add(&g.children, ROLE_KEEPER, 1);
	rc = set_up(&g, go);
	if (rc == 0) {
		rc = loop_run(g.loop);
	}
	if (rc < 0) {
		log_error("cannot start the %s: %s", keeper->name, strerror(-rc));
	}
	children_stop(&g.children, mono_add(clock_mono(g.children.clock), END_PATIENCE));
	end_slew(&g);
	loop_close(g.loop);
	return rc < 0 ? EXIT_FAILURE : rc;
}
