#include "server/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/group_agent.h"
#include "server/process.h"
#include "server/worker.h"
#include "sys/log.h"
#include "sys/loop.h"

/*
 * A worker that lives this long was well, and is replaced at once when it dies: the calls for its
 * sockets wait. One that dies again before that is started again after a while only.
 */
#define GOOD_LIFE     (10 * NS_PER_SEC)
#define FIRST_PAUSE   (NS_PER_SEC / 10)
#define LONGEST_PAUSE (30 * NS_PER_SEC)
/* How often workers that wait to be started again are looked at. */
#define RESTART_TICK (NS_PER_SEC / 10)
/* Workers have nothing to finish: one that does not end this soon never will. */
#define STOP_PATIENCE_MS 2000

struct child {
	pid_t pid;           /* 0 while it is not running */
	struct mono started; /* or, while it is not running, to be started */
	dur_ns pause;        /* before it is started again, should it die young */
};

struct supervisor {
	const struct settings *settings;
	const struct listeners *sets;
	struct announcer *announcer; /* null: not registered */
	struct ledger *ledger;
	struct status_socket *socket; /* null: none */
	struct loop *loop;
	pid_t self;
	bool ending;              /* children that end now are not replaced */
	struct group_base *group; /* null: none */
	size_t n;                 /* children: the workers, and behind them the group's agent */
	struct child children[SETTINGS_MAX_WORKERS + 1];
};

static bool is_agent(const struct supervisor *s, size_t i)
{
	return i == s->settings->workers;
}

static _Noreturn void become(struct supervisor *s, size_t i)
{
	/* Never outlive the supervisor, which may have died before this took effect. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != s->self) {
		_exit(EXIT_FAILURE);
	}
	loop_close(s->loop);
	status_socket_leave(s->socket); /* or its clients would wait for us to close it too */
	if (is_agent(s, i)) {
		_exit(group_agent_run(s->group));
	}
	if (s->group) { /* who talks to strangers has no use for the keys */
		group_base_leave(s->group);
	}
	_exit(worker_run(s->settings, &s->sets[i], s->ledger->clock, &s->ledger->counters[i]));
}

static void start(struct supervisor *s, size_t i)
{
	struct child *c = &s->children[i];
	pid_t pid = fork();

	if (pid == 0) {
		become(s, i);
	}
	c->pid = pid > 0 ? pid : 0;
	c->started = clock_mono(s->ledger->clock);
	if (pid < 0) {
		log_error("cannot start a process: %s", strerror(errno));
		c->started = mono_add(c->started, LONGEST_PAUSE);
	}
}

static dur_ns restart_due(void *arg, struct mono now)
{
	struct supervisor *s = arg;

	for (size_t i = 0; i < s->n; i++) {
		const struct child *c = &s->children[i];

		if (c->pid == 0 && mono_since(now, c->started) >= 0) {
			start(s, i);
		}
	}
	return RESTART_TICK;
}

static void describe_end(const char *what, pid_t pid, int status)
{
	if (WIFSIGNALED(status)) {
		log_warning("%s %ld was ended by signal %d; starting another", what, (long)pid,
			    WTERMSIG(status));
	} else {
		log_warning("%s %ld ended with status %d; starting another", what, (long)pid,
			    WEXITSTATUS(status));
	}
}

static dur_ns longer(dur_ns pause)
{
	if (pause == 0) {
		return FIRST_PAUSE;
	}
	return pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE;
}

static void worker_ended(struct supervisor *s, struct child *c, int status)
{
	const struct mono now = clock_mono(s->ledger->clock);

	if (s->ending) {
		c->pid = 0;
		return;
	}
	describe_end(is_agent(s, (size_t)(c - s->children)) ? "group agent" : "worker", c->pid,
		     status);
	if (mono_since(now, c->started) >= GOOD_LIFE) {
		c->pause = 0;
	}
	c->pid = 0;
	c->started = mono_add(now, c->pause);
	c->pause = longer(c->pause);
	s->ledger->restarts++;
}

static void reap(struct supervisor *s)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < s->n; i++) {
			if (s->children[i].pid == pid) {
				worker_ended(s, &s->children[i], status);
			}
		}
	}
}

static void signalled(void *arg, int signo)
{
	struct supervisor *s = arg;

	switch (signo) {
	case SIGCHLD:
		reap(s);
		if (!s->ending) {
			(void)restart_due(s, clock_mono(s->ledger->clock));
		}
		break;
	case SIGUSR1:
		ledger_log(s->ledger);
		break;
	default:
		log_info("ending on %s", strsignal(signo));
		s->ending = true;
		loop_stop(s->loop, EXIT_SUCCESS);
	}
}

static dur_ns announce_due(void *arg, struct mono now)
{
	(void)now;
	(void)announcer_renew(arg);
	return ANNOUNCER_INTERVAL;
}

static int set_up(struct supervisor *s)
{
	sigset_t set;
	int rc = loop_open(&s->loop);

	if (rc != 0) {
		return rc;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	process_add_end_signals(&set);
	rc = loop_signals(s->loop, &set, signalled, s);
	if (rc == 0) {
		rc = loop_timer(s->loop, 0, restart_due, s); /* starts them all to begin with */
	}
	if (rc == 0) {
		rc = status_socket_serve(s->socket, s->loop);
	}
	if (rc == 0 && s->announcer) {
		rc = loop_timer(s->loop, ANNOUNCER_INTERVAL, announce_due, s->announcer);
	}
	return rc;
}

static bool any_running(struct supervisor *s)
{
	reap(s);
	for (size_t i = 0; i < s->n; i++) {
		if (s->children[i].pid > 0) {
			return true;
		}
	}
	return false;
}

/* To be called after reaping: the pid of one that was reaped since can be somebody else's. */
static void signal_all(const struct supervisor *s, int signo)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->children[i].pid > 0) {
			kill(s->children[i].pid, signo);
		}
	}
}

static void stop_workers(struct supervisor *s)
{
	s->ending = true;
	reap(s);
	signal_all(s, SIGTERM);
	for (int ms = 0; ms < STOP_PATIENCE_MS && any_running(s); ms++) {
		usleep(1000);
	}
	if (any_running(s)) {
		signal_all(s, SIGKILL);
	}
}

int supervisor_run(const struct settings *settings, const struct listeners *sets,
		   struct announcer *announcer, struct ledger *ledger, struct status_socket *socket,
		   struct group_base *group)
{
	struct supervisor s = {
		.settings = settings,
		.sets = sets,
		.announcer = announcer,
		.ledger = ledger,
		.socket = socket,
		.self = getpid(),
		.group = group,
		.n = settings->workers + (group ? 1 : 0),
	};
	int rc = set_up(&s);

	if (rc == 0) {
		rc = loop_run(s.loop);
	}
	if (rc < 0) {
		log_error("cannot go on: %s", strerror(-rc));
	}
	/* First out of rpcbind's list, then out of service: nobody is sent to a closed port. */
	if (announcer) {
		announcer_withdraw(announcer);
	}
	stop_workers(&s);
	loop_close(s.loop);
	return rc < 0 ? EXIT_FAILURE : rc;
}
