/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/children.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/log.h"

/*
 * A child that lives this long was well, and is replaced at once when it dies: the calls for its
 * sockets wait. A child that dies sooner is replaced only after a while.
 */
#define GOOD_LIFE     (10 * NS_PER_SEC)
#define FIRST_PAUSE   (NS_PER_SEC / 10)
#define LONGEST_PAUSE (30 * NS_PER_SEC)
/*
 * A child that fails this soon after its start, this often in a row, will fail again. If it is a
 * worker and no other worker serves, all end; a keeper is started again at the longest
 * interval.
 */
#define USELESS_LIFE  NS_PER_SEC
#define USELESS_LIVES 4

void children_add(struct children *all, enum role role, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		all->child[all->n++] = (struct child){ .role = role, .number = i };
	}
}

static dur_ns longer(dur_ns pause)
{
	if (pause == 0) {
		return FIRST_PAUSE;
	}
	return pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE;
}

static void say_none_can_start(int error)
{
	log_error("cannot serve: no process can be started: %s; does a limit on processes (ulimit "
		  "-u, TasksMax= of systemd) or a sandbox refuse fork?",
		  strerror(error));
}

static void give_up(struct children *all)
{
	all->hopeless = true;
	all->ending = true;
}

/* The kernel has refused to start it. */
static void refused(struct children *all, struct child *c, int error)
{
	if (c->role == ROLE_WORKER && !all->started) {
		say_none_can_start(error);
		give_up(all);
		return;
	}
	if (!all->refused) {
		log_error("cannot start a process: %s; trying again, with pauses of up to %d s",
			  strerror(error), (int)(LONGEST_PAUSE / NS_PER_SEC));
	}
	all->refused = true;
	c->pause = longer(c->pause);
	c->started = mono_add(c->started, c->pause);
}

static void start(struct children *all, struct child *c, child_fn *become, void *arg)
{
	const pid_t pid = fork();
	const int error = errno;

	if (pid == 0) {
		become(arg, c);
		_exit(EXIT_FAILURE);
	}
	c->started = clock_mono(all->clock);
	if (pid < 0) {
		refused(all, c, error);
		return;
	}
	c->pid = pid;
	all->started = all->started || c->role == ROLE_WORKER;
	if (all->refused) {
		log_info("processes can be started again");
	}
	all->refused = false;
}

bool children_can_start(void)
{
	const pid_t pid = fork();

	if (pid == 0) {
		_exit(EXIT_SUCCESS);
	}
	if (pid < 0) {
		say_none_can_start(errno);
		return false;
	}
	(void)waitpid(pid, NULL, 0);
	return true;
}

bool children_start_first(struct children *all, enum role role, child_fn *become, void *arg)
{
	children_add(all, role, 1);
	start(all, &all->child[all->n - 1], become, arg);
	return all->child[all->n - 1].pid != 0;
}

void children_start(struct children *all, enum role role, struct mono now, child_fn *become,
		    void *arg)
{
	for (size_t i = 0; i < all->n && !all->ending; i++) {
		struct child *c = &all->child[i];

		if (c->role == role && c->pid == 0 && mono_since(now, c->started) >= 0) {
			start(all, c, become, arg);
		}
	}
}

static void describe_end(const struct children *all, const struct child *c, pid_t pid, int status,
			 const char *then)
{
	const char *keeper = all->keeper ? all->keeper->name : "";
	const char *const names[] = { [ROLE_WORKER] = "worker",
				      [ROLE_ANNOUNCER] = "announcer",
				      [ROLE_KEEPER] = keeper,
				      [ROLE_GUARDIAN] = keeper };
	const char *of = c->role == ROLE_GUARDIAN ? "guardian of the " : "";

	if (WIFSIGNALED(status)) {
		log_warning("%s%s %ld was ended by signal %d; %s", of, names[c->role], (long)pid,
			    WTERMSIG(status), then);
	} else {
		log_warning("%s%s %ld ended with status %d; %s", of, names[c->role], (long)pid,
			    WEXITSTATUS(status), then);
	}
}

/* It ended by itself, or by a fault of its own; a kill from outside says nothing of the next. */
static bool has_failed(int status)
{
	if (WIFEXITED(status)) {
		return WEXITSTATUS(status) != EXIT_SUCCESS;
	}
	return WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM;
}

/* Whether there is a worker that has served for a while. */
static bool others_serve(const struct children *all, struct mono now)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct child *c = &all->child[i];

		if (c->role == ROLE_WORKER && c->pid > 0 &&
		    mono_since(now, c->started) >= USELESS_LIFE) {
			return true;
		}
	}
	return false;
}

/* Count the failures of the child that has just ended. */
static void count_failure(struct child *c, int status, struct mono now)
{
	const bool useless = has_failed(status) && mono_since(now, c->started) < USELESS_LIFE;

	c->failures = useless ? c->failures + 1 : 0;
}

/* Whether it was a worker that failed once too often, and no other worker serves. */
static bool is_hopeless(const struct children *all, const struct child *c, struct mono now)
{
	return c->role == ROLE_WORKER && c->failures >= USELESS_LIVES && !others_serve(all, now);
}

/* Log how it ended, and that another is started; only once for a keeper that never runs. */
static void describe_restart(const struct children *all, struct child *c, pid_t pid, int status)
{
	const bool useless = c->role == ROLE_KEEPER && c->failures >= USELESS_LIVES;

	if (!useless) {
		describe_end(all, c, pid, status, "starting another");
	} else if (c->failures == USELESS_LIVES) {
		describe_end(all, c, pid, status, "as those before it did");
		log_error("the %s cannot run here: %s; trying again every %d s", all->keeper->name,
			  all->keeper->useless, (int)(LONGEST_PAUSE / NS_PER_SEC));
	}
}

static void ended(struct children *all, struct child *c, int status)
{
	const struct mono now = clock_mono(all->clock);
	const pid_t pid = c->pid;

	c->pid = 0;
	if (all->ending) {
		return;
	}
	if (c->role == ROLE_GUARDIAN) {
		describe_end(all, c, pid, status,
			     "no other process may start one that sets the clock: ending, to be "
			     "started again");
		give_up(all);
		return;
	}
	count_failure(c, status, now);
	if (is_hopeless(all, c, now)) {
		describe_end(all, c, pid, status, "as those before it did");
		log_error("no worker can serve here: each ends as soon as it is started");
		give_up(all);
		return;
	}
	if (mono_since(now, c->started) >= GOOD_LIFE) {
		c->pause = 0;
	}
	if (c->role == ROLE_KEEPER && c->failures >= USELESS_LIVES) {
		c->pause = LONGEST_PAUSE;
	}
	c->started = mono_add(now, c->pause);
	if (c->role == ROLE_ANNOUNCER && status == 0) { /* it was to look once */
		return;
	}
	describe_restart(all, c, pid, status);
	c->pause = longer(c->pause);
	all->restarts++;
}

void children_reap(struct children *all)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < all->n; i++) {
			if (all->child[i].pid == pid) {
				ended(all, &all->child[i], status);
			}
		}
	}
}

void children_signal(const struct children *all, enum role role, int signo)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->child[i].role == role && all->child[i].pid > 0) {
			(void)kill(all->child[i].pid, signo);
		}
	}
}

void children_kill(struct children *all, enum role role)
{
	for (size_t i = 0; i < all->n; i++) {
		struct child *c = &all->child[i];

		if (c->role == role && c->pid > 0) {
			if (kill(c->pid, SIGKILL) == 0) { /* else it would be waited for for ever */
				(void)waitpid(c->pid, NULL, 0);
			}
			c->pid = 0;
			c->started = clock_mono(all->clock);
		}
	}
}

bool children_run(const struct children *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->child[i].pid > 0) {
			return true;
		}
	}
	return false;
}

static bool any_running(struct children *all)
{
	children_reap(all);
	return children_run(all);
}

/* To be called after reaping: the pid of one that was reaped since can be somebody else's. */
static void signal_all(const struct children *all, int signo)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->child[i].pid > 0) {
			kill(all->child[i].pid, signo);
		}
	}
}

void children_stop(struct children *all, struct mono until)
{
	all->ending = true;
	children_reap(all);
	signal_all(all, SIGTERM);
	while (any_running(all) && mono_since(clock_mono(all->clock), until) < 0) {
		usleep(1000);
	}
	if (any_running(all)) {
		signal_all(all, SIGKILL);
	}
}
