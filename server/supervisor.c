/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "server/children.h"
#include "server/guardian.h"
#include "server/notify.h"
#include "server/process.h"
#include "server/worker.h"
#include "os/log.h"
#include "os/loop.h"
#include "os/privileges.h"

/* How often children that wait to be started again are looked at. */
#define RESTART_TICK (NS_PER_SEC / 10)
/* The announcer has looked at rpcbind by then, or is not waited for. */
#define FIRST_LOOK (2 * NS_PER_SEC)
/*
 * The time limits after the daemon was told to end: for rpcbind to withdraw the registration, and
 * for all processes to end. Together less than 2 s, whatever hangs.
 */
#define WITHDRAW_PATIENCE (NS_PER_SEC * 5 / 4)
#define END_PATIENCE      (NS_PER_SEC * 7 / 4)
/* How often the clock's file is looked at. */
#define CLOCK_TICK NS_PER_SEC

struct supervisor {
	const struct supervised *with;
	struct loop *loop;
	pid_t self;
	int told[2];     /* the pipe for the announcer's report of its first look */
	int go[2];       /* the pipe that lets the guardian start the keeper */
	bool heard;      /* that has come */
	bool looked;     /* it has come, or is not waited for any more */
	bool clock_lost; /* its file was cut off or damaged, and that was said */
	struct children children;
};

/* Never outlive the supervisor, which may have died before this took effect. */
static void end_with(const struct supervisor *s)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != s->self) {
		_exit(EXIT_FAILURE);
	}
}

static void become_guardian(void *arg, const struct child *child)
{
	const struct supervisor *s = arg;

	(void)child;
	end_with(s);
	status_socket_leave(s->with->socket);
	settings_drop_keys(s->with->settings);
	live_close(s->with->live);
	_exit(guardian_run(s->with->keeper, s->go[0], s->with->renew_keeper, s->with->arg));
}

static void become(void *arg, const struct child *child)
{
	const struct supervisor *s = arg;
	const struct supervised *with = s->with;

	end_with(s);
	loop_close(s->loop);
	status_socket_leave(with->socket); /* or its clients would wait for us to close it too */
	if (child->role != ROLE_WORKER) {  /* only workers answer the calls that need these keys */
		settings_drop_keys(with->settings);
		live_close(with->live);
	}
	if (child->role != ROLE_KEEPER) { /* only the tracker asks servers */
		keys_forget(&with->settings->upstream_keys);
	}
	if (child->role == ROLE_KEEPER) {
		_exit(with->keeper->run(with->keeper->arg));
	}
	if (with->keeper &&
	    with->keeper->leave) { /* a worker talks to strangers: it needs no keys */
		with->keeper->leave(with->keeper->arg);
	}
	if (child->role == ROLE_ANNOUNCER) {
		announcer_run(with->announcer, s->told[1], with->detach && !s->looked);
	}
	_exit(worker_run(with->settings, with->live, &with->sets[child->number], s->children.clock,
			 &with->statistics->counters[child->number]));
}

/* Once: it has a keeper run from now on. */
static void let_guardian_go(struct supervisor *s)
{
	if (s->go[1] >= 0) {
		(void)!write(s->go[1], "", 1);
		close(s->go[1]);
		s->go[1] = -1;
	}
}

/*
 * Start all children that are due. A second timesyncd must not act in a group, and a child that is
 * started before the daemon leaves the terminal would log there for ever.
 */
static void start_due(struct supervisor *s)
{
	const struct mono now = clock_mono(s->children.clock);

	children_start(&s->children, ROLE_ANNOUNCER, now, become, s);
	if (s->looked || !s->with->detach) {
		children_start(&s->children, ROLE_WORKER, now, become, s);
	}
	if (s->looked) {
		children_start(&s->children, ROLE_KEEPER, now, become, s);
		let_guardian_go(s);
	}
	if (s->children.hopeless) {
		loop_stop(s->loop, EXIT_FAILURE);
	}
}

static void reap(struct supervisor *s)
{
	children_reap(&s->children);
	s->with->statistics->restarts = s->children.restarts;
}

static dur_ns restart_due(void *arg, struct mono now)
{
	(void)now;
	start_due(arg);
	return RESTART_TICK;
}

/* Tell the service manager that the daemon serves, and what. */
static void tell_ready(const struct supervisor *s)
{
	const struct listeners *set = &s->with->sets[0];
	const unsigned workers = s->with->settings->workers;
	char text[ADDRESS_TEXT_MAX];

	(void)notify_send("READY=1\nSTATUS=serving %s %s and %zu other sockets; %u worker%s",
			  set->places[0].netid->name, address_text(&set->places[0].at, text),
			  set->n - 1, workers, workers == 1 ? "" : "s");
}

static dur_ns watchdog_due(void *arg, struct mono now)
{
	(void)arg;
	(void)now;
	(void)notify_send("WATCHDOG=1");
	return notify_watchdog();
}

/* Tell, or replace, each process that still runs with the old settings. */
static void reload(struct supervisor *s)
{
	unsigned what;

	(void)notify_send("RELOADING=1");
	what = s->with->reload(s->with->arg);
	if (what & RELOADED_SETTINGS) {
		children_signal(&s->children, ROLE_WORKER, SIGHUP);
	}
	if (what & RELOADED_KEEPER) {
		log_info("the %s is started again, with the new settings", s->with->keeper->name);
		children_signal(&s->children, ROLE_KEEPER, SIGTERM);
		children_signal(&s->children, ROLE_GUARDIAN, SIGHUP);
	} else if (s->with->keeper && s->with->keeper->hears_hangup) {
		children_signal(&s->children, ROLE_KEEPER, SIGHUP);
		children_signal(&s->children, ROLE_GUARDIAN, SIGHUP);
	}
	if (s->looked) {
		tell_ready(s);
	}
}

static void signalled(void *arg, int signo)
{
	struct supervisor *s = arg;

	switch (signo) {
	case SIGCHLD:
		reap(s);
		if (s->children.hopeless) {
			loop_stop(s->loop, EXIT_FAILURE);
		} else if (!s->children.ending) {
			start_due(s);
		}
		break;
	case SIGUSR1:
		statistics_log(s->with->statistics);
		break;
	case SIGHUP:
		if (s->with->hangup == HANGUP_RELOADS) {
			reload(s);
			break;
		}
		/* fall through */
	default:
		log_info("ending: signal %d (%s)", signo, strsignal(signo));
		s->children.ending = true;
		loop_stop(s->loop, EXIT_SUCCESS);
	}
}

/* Said by one, as all workers see the same file. */
static dur_ns clock_due(void *arg, struct mono now)
{
	struct supervisor *s = arg;
	const char *file = s->with->settings->clock_file;
	const bool lost = clock_check(s->with->statistics->clock) != 0;

	(void)now;
	if (lost && !s->clock_lost) {
		log_error("%s was cut off or damaged: serving the system clock instead; replace it "
			  "by an intact one and restart",
			  file);
	} else if (!lost && s->clock_lost) {
		log_info("%s is whole again: serving it", file);
	}
	s->clock_lost = lost;
	return CLOCK_TICK;
}

/* The first look is over: leave the terminal, and start the others. */
static void go_on(struct supervisor *s)
{
	if (s->looked || s->children.ending) {
		return;
	}
	if (s->with->detach) {
		children_kill(&s->children, ROLE_ANNOUNCER); /* which would log to the terminal */
		/* The process that waits for the start has to learn of it. */
		if (!children_can_start() || s->with->detach(s->with->arg) != 0) {
			loop_stop(s->loop, EXIT_FAILURE);
			return;
		}
	}
	s->looked = true;
	start_due(s);
	tell_ready(s);
}

static void told(void *arg, int fd)
{
	struct supervisor *s = arg;
	/* The user who started a daemon that has left the terminal was told that it serves. */
	const bool may_end = !s->heard && (!s->looked || !s->with->detach);
	char word = ANNOUNCER_GOES_ON;

	(void)!read(fd, &word, 1);
	s->heard = true;
	if (word == ANNOUNCER_TOO_MANY && may_end) {
		loop_stop(s->loop, EXIT_FAILURE);
	} else {
		go_on(s);
	}
}

static dur_ns look_due(void *arg, struct mono now)
{
	(void)now;
	go_on(arg);
	return -1;
}

/* Have the announcer look before anything else, or do without. 0 or -errno. */
static int announce(struct supervisor *s)
{
	int rc;

	if (!s->with->announcer) {
		return loop_timer(s->loop, 0, look_due, s);
	}
	if (pipe2(s->told, O_CLOEXEC) < 0) {
		return -errno;
	}
	rc = loop_watch(s->loop, s->told[0], told, s);
	return rc == 0 ? loop_timer(s->loop, FIRST_LOOK, look_due, s) : rc;
}

/*
 * Leave the privilege to set the system clock to the guardian, which is started before anything
 * else, and to the keepers that it starts. 0 or -errno.
 */
static int leave_clock(struct supervisor *s)
{
	if (!s->with->keeper->sets_system_clock) {
		children_add(&s->children, ROLE_KEEPER, 1);
		return 0;
	}
	if (pipe2(s->go, O_CLOEXEC) < 0) {
		return -errno;
	}
	if (!children_start_first(&s->children, ROLE_GUARDIAN, become_guardian, s)) {
		return -EAGAIN;
	}
	return privileges_give_up_clock();
}

static int set_up(struct supervisor *s)
{
	sigset_t set;
	int rc = s->with->keeper ? leave_clock(s) : 0;

	if (rc == 0) {
		rc = loop_open(&s->loop);
	}
	if (rc != 0) {
		return rc;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	process_add_end_signals(&set);
	if (s->with->hangup != HANGUP_IGNORED) {
		sigaddset(&set, SIGHUP);
	}
	rc = loop_signals(s->loop, &set, signalled, s);
	if (rc == 0) {
		rc = loop_timer(s->loop, 0, restart_due, s); /* starts them to begin with */
	}
	if (rc == 0 && s->with->settings->clock_file) {
		rc = loop_timer(s->loop, CLOCK_TICK, clock_due, s);
	}
	if (rc == 0 && notify_watchdog() > 0) {
		rc = loop_timer(s->loop, 0, watchdog_due, s);
	}
	if (rc == 0) {
		rc = status_socket_serve(s->with->socket, s->loop);
	}
	return rc == 0 ? announce(s) : rc;
}

static void close_pipe(const int fds[2])
{
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
}

static void tear_down(struct supervisor *s)
{
	loop_close(s->loop);
	close_pipe(s->told);
	close_pipe(s->go);
}

/* First out of rpcbind's list, then out of service: nobody is sent to a closed port. */
static void end_all(struct supervisor *s)
{
	const struct mono now = clock_mono(s->children.clock);

	s->children.ending = true;
	(void)notify_send("STOPPING=1");
	children_kill(&s->children, ROLE_ANNOUNCER);
	if (s->with->announcer) {
		announcer_withdraw(s->with->announcer, mono_add(now, WITHDRAW_PATIENCE));
	}
	children_stop(&s->children, mono_add(now, END_PATIENCE));
}

int supervisor_run(const struct supervised *with)
{
	struct supervisor s = {
		.with = with,
		.self = getpid(),
		.told = { -1, -1 },
		.go = { -1, -1 },
		.children = { .clock = with->statistics->clock, .keeper = with->keeper },
	};
	int rc;

	children_add(&s.children, ROLE_WORKER, with->settings->workers);
	children_add(&s.children, ROLE_ANNOUNCER, with->announcer ? 1 : 0);
	rc = set_up(&s);
	if (rc == 0) {
		rc = loop_run(s.loop);
	}
	if (rc < 0) {
		log_error("cannot go on: %s", strerror(-rc));
	}
	end_all(&s);
	tear_down(&s);
	return rc < 0 ? EXIT_FAILURE : rc;
}
