/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/announcer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpc/client/exchange.h"
#include "group/wire/codec.h"
#include "os/log.h"

void announcer_init(struct announcer *a, struct clock *clock)
{
	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < ANNOUNCER_PROGRAMS; i++) {
		a->programs[i].registration.clock = clock;
	}
	a->programs[ANNOUNCER_TIME].registration.prog = EXCHANGE_PROGRAM;
	a->programs[ANNOUNCER_TIME].registration.vers = EXCHANGE_VERSION;
	a->programs[ANNOUNCER_GROUP].registration.prog = GROUP_PROGRAM;
	a->programs[ANNOUNCER_GROUP].registration.vers = GROUP_VERSION;
}

void announcer_add(struct announcer *a, enum announcer_program program,
		   const struct registration_place *places, size_t n)
{
	struct registration *r = &a->programs[program].registration;

	r->n = n;
	memcpy(r->places, places, n * sizeof(*places));
}

/* Where a rival is registered, as people write it. */
static const char *place_of(const struct registration_result *r, char buf[ADDRESS_TEXT_MAX])
{
	struct address a;

	if (address_from_uaddr(&a, r->netid->family, r->holder.uaddr)) {
		return address_text(&a, buf);
	}
	return r->holder.uaddr;
}

/* The users that can remove the other registration, as far as rpcbind has told. */
static const char *remover_of(const struct registration_result *r, char buf[64])
{
	const char *owner = r->holder.owner;

	if (strcmp(owner, "superuser") == 0) {
		return "root";
	}
	if (strcmp(owner, "unknown") == 0) {
		return "its owner or root";
	}
	snprintf(buf, 64, "user %s or root", owner);
	return buf;
}

static void say_taken(enum announcer_program program, const struct registration_result *r)
{
	char place[ADDRESS_TEXT_MAX];

	if (program == ANNOUNCER_GROUP) {
		log_warning("another group's member, owned by %s, is registered with rpcbind for "
			    "%s at %s: --discover finds that member, not this one",
			    r->holder.owner, r->netid->name, place_of(r, place));
	} else {
		log_error("another timesyncd, owned by %s, is registered with rpcbind for %s at "
			  "%s; clients that ask rpcbind find that one: stop it first, or start "
			  "this one with --no-rpcbind",
			  r->holder.owner, r->netid->name, place_of(r, place));
	}
}

/* Once, twice, four times, ...: two that go on like this would fill the log. */
static bool is_worth_saying(unsigned times)
{
	return (times & (times - 1)) == 0;
}

static void say_robbed(struct announcement *a, const struct registration_result *r)
{
	char place[ADDRESS_TEXT_MAX];

	if (is_worth_saying(++a->robbed)) {
		log_warning(
			"user %s had replaced our registration with rpcbind for %s by %s, where "
			"nobody answers: registered again (%u times so far); two daemons that "
			"share an rpcbind must not both register: see --no-rpcbind",
			r->holder.owner, r->netid->name, place_of(r, place), a->robbed);
	}
}

static void say(enum announcer_program program, const struct registration *registration,
		const struct registration_result *r)
{
	const char *what = program == ANNOUNCER_GROUP ? "the group is " : "";
	char place[ADDRESS_TEXT_MAX], remover[64];

	switch (r->state) {
	case REGISTRATION_KEPT:
		log_info("%sstill registered with rpcbind", what);
		break;
	case REGISTRATION_MADE:
		log_info("%sregistered with rpcbind", what);
		break;
	case REGISTRATION_NO_RPCBIND:
		if (program == ANNOUNCER_TIME) { /* once is enough */
			log_warning("no rpcbind on this machine (%s): clients need HOST:PORT until "
				    "it runs; will register then",
				    strerror(-r->error));
		}
		break;
	case REGISTRATION_ELSEWHERE:
		if (program == ANNOUNCER_TIME) {
			log_warning("the rpcbind of this /run is not the one of this network "
				    "namespace: not registered there; clients need HOST:PORT, or "
				    "this namespace an rpcbind and a /run of its own");
		}
		break;
	case REGISTRATION_TAKEN:
		say_taken(program, r);
		break;
	case REGISTRATION_STALE:
		log_error("rpcbind keeps a dead server's registration for %s at %s, which only %s "
			  "can remove: 'rpcinfo -d %u %u'",
			  r->netid->name, place_of(r, place), remover_of(r, remover),
			  (unsigned)registration->prog, (unsigned)registration->vers);
		break;
	case REGISTRATION_DENIED:
		log_warning("rpcbind refuses to register us for %s and gives no reason: most "
			    "likely another user has registered program %u, which 'rpcinfo' shows "
			    "and that user or root removes by 'rpcinfo -d %u %u'; will try again",
			    r->netid->name, (unsigned)registration->prog,
			    (unsigned)registration->prog, (unsigned)registration->vers);
		break;
	case REGISTRATION_FAILED:
		log_warning("rpcbind did not register us (%s); will try again",
			    call_error_text(-r->error));
		break;
	}
}

/* Whether a look says the same as the last one that was logged. */
static bool is_news(const struct announcement *a, enum registration_state state)
{
	if (!a->said || state == REGISTRATION_MADE) {
		return true;
	}
	if (state == REGISTRATION_KEPT) {
		return a->state != REGISTRATION_MADE && a->state != REGISTRATION_KEPT;
	}
	return state != a->state;
}

static struct registration_result renew(struct announcer *a, enum announcer_program program)
{
	struct announcement *p = &a->programs[program];
	const struct registration_result r = registration_renew(&p->registration);

	if (r.state == REGISTRATION_MADE && r.robbed) {
		say_robbed(p, &r);
	} else if (is_news(p, r.state)) {
		say(program, &p->registration, &r);
	}
	p->said = true;
	p->state = r.state;
	return r;
}

/* Whether the registration belongs to an ordinary user other than ours. */
static bool is_strangers(const struct rpcbind_entry *holder)
{
	char self[sizeof(holder->owner)];

	snprintf(self, sizeof(self), "%lu", (unsigned long)geteuid());
	return strcmp(holder->owner, "superuser") != 0 && strcmp(holder->owner, self) != 0;
}

static enum announcer_word look(struct announcer *a)
{
	const struct registration_result r = renew(a, ANNOUNCER_TIME);

	if (a->programs[ANNOUNCER_GROUP].registration.n > 0 && r.state != REGISTRATION_TAKEN) {
		(void)renew(a, ANNOUNCER_GROUP);
	}
	return r.state == REGISTRATION_TAKEN && !is_strangers(&r.holder) ? ANNOUNCER_TOO_MANY
									 : ANNOUNCER_GOES_ON;
}

void announcer_run(struct announcer *a, int told, bool once)
{
	struct clock *clock = a->programs[ANNOUNCER_TIME].registration.clock;
	sigset_t end;
	char word;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	(void)sigprocmask(SIG_UNBLOCK, &end, NULL);
	word = (char)look(a);
	(void)!write(told, &word, 1); /* a supervisor that no longer listens is about to end us */
	if (once) {
		_exit(EXIT_SUCCESS);
	}
	for (;;) {
		(void)clock_wait(clock, -1, 0, mono_add(clock_mono(clock), ANNOUNCER_INTERVAL));
		(void)look(a);
	}
}

static _Noreturn void withdraw(struct announcer *a)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < ANNOUNCER_PROGRAMS; i++) {
		if (a->programs[i].registration.n > 0) {
			registration_withdraw(&a->programs[i].registration);
		}
	}
	_exit(EXIT_SUCCESS);
}

void announcer_withdraw(struct announcer *a, struct mono until)
{
	struct clock *clock = a->programs[ANNOUNCER_TIME].registration.clock;
	const pid_t pid = fork();

	if (pid == 0) {
		withdraw(a);
	}
	if (pid < 0) {
		log_error("cannot start a process to withdraw the registration: %s",
			  strerror(errno));
		return;
	}
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (mono_since(clock_mono(clock), until) >= 0) {
			log_warning("rpcbind does not answer: our registration remains");
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
			return;
		}
		usleep(1000);
	}
}
