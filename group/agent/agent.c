/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "group/agent/calls.h"
#include "group/agent/care.h"
#include "group/agent/kept_clock.h"
#include "group/agent/notes.h"
#include "group/agent/search.h"
#include "group/agent/service.h"
#include "group/agent/state.h"
#include "group/core/agent.h"
#include "group/wire/codec.h"
#include "group/wire/envelope.h"
#include "os/clock_system.h"
#include "os/entropy.h"
#include "os/log.h"
#include "os/loop.h"

/* Calls that are under way at a time, for a member: a poll or a burst, heartbeats, and to spare. */
#define CALLS_A_MEMBER 8
#define FEWEST_CALLS   1024
/* Calls from one member to another: a poll, a burst, a correction; heartbeats, probes, votes. */
#define CALLS_A_CYCLE 6
#define CALLS_A_LEASE 32
#define SPARE_CALLS   16

/* There is at most one such event for each effect of a step. */
#define LATER_MAX (2 * AGENT_EFFECTS_MAX)

/* The process around the agent. */
struct process {
	const struct group_base *base;
	struct loop *loop;
	struct mac *mac; /* null: insecure */
	struct kept_clock clock;
	struct care care;
	struct calls *calls;
	struct search search;
	struct group_service *service;
	struct notes notes;
	struct agent agent;
	struct group_member *members;
	struct agent_effects effects;
	struct agent_reply *reply; /* for the call that is being answered, or null */
	bool replied;
	bool busy; /* with the effects of an event; those that follow wait: */
	size_t n_later;
	struct agent_event later[LATER_MAX];
};

static struct mono now_of_group(void)
{
	return clock_mono(clock_system());
}

/* --- effects --- */

/* After the effects that are being carried out. */
static void happen_later(struct process *p, const struct agent_event *event)
{
	if (p->n_later < LATER_MAX) {
		p->later[p->n_later++] = *event;
	} else {
		log_error("the group's agent loses an event");
	}
}

/* A call could not be sent: the agent tries again, or it counts as lost. */
static void note_unsent(struct process *p, const struct agent_send *send, int rc)
{
	struct agent_event e = { .kind = AGENT_ANSWER };

	if (rc == -EAGAIN && send->tag.part == AGENT_PART_CYCLE) {
		e.kind = AGENT_UNSENT;
		e.tag = send->tag;
	} else {
		e.answer.tag = send->tag;
		e.answer.proc = send->proc;
	}
	happen_later(p, &e);
}

/* Nobody waits for the answer of each voter. */
static void send_to_all(struct process *p, const struct agent_send *send)
{
	const struct voters *all = &p->agent.election.state.voters;

	for (size_t i = 0; i < all->n; i++) {
		const struct group_member *m = group_members_known(&p->agent.members, all->id[i]);

		if (m && m->id != p->agent.self) {
			(void)calls_send(p->calls, send, m->id, &m->at);
		}
	}
}

static void carry_out_send(struct process *p, const struct agent_send *send)
{
	int rc;

	if (send->tag.to == MEMBER_NONE) {
		send_to_all(p, send);
		return;
	}
	rc = calls_send(p->calls, send, send->tag.to, &send->at);
	if (rc != 0) {
		note_unsent(p, send, rc);
	}
}

static void carry_out_measure(struct process *p, const struct agent_measure *measure)
{
	struct agent_event e = { .kind = AGENT_MEASURED };

	if (calls_measure(p->calls, measure) != 0) {
		e.measured.tag = measure->tag;
		happen_later(p, &e);
	}
}

static void carry_out_search(struct process *p)
{
	const struct agent_event e = { .kind = AGENT_SEARCHED, .error = search_ask(&p->search) };

	happen_later(p, &e);
}

static int save(struct process *p)
{
	const struct group_state state = {
		.election = *election_to_save(&p->agent.election),
		.clock = agent_memory(&p->agent),
	};

	return group_state_write(&state, p->base->state_path, p->base->settings->name,
				 p->agent.self);
}

/* True with the event that has to come next. */
static bool carry_out(struct process *p, const struct agent_effect *e, struct agent_event *next)
{
	switch (e->kind) {
	case AGENT_SAVE:
		*next = (struct agent_event){ .kind = AGENT_SAVED, .error = save(p) };
		return true;
	case AGENT_CORRECT:
		*next = (struct agent_event){
			.kind = AGENT_CORRECTED,
			.error = kept_clock_correct(&p->clock, &e->correct),
		};
		return true;
	case AGENT_REMEMBER: /* what fails here is said when the election's state cannot be saved */
		(void)save(p);
		break;
	case AGENT_SEND:
		carry_out_send(p, &e->send);
		break;
	case AGENT_MEASURE:
		carry_out_measure(p, &e->measure);
		break;
	case AGENT_REPLY:
		if (p->reply) {
			*p->reply = e->reply;
			p->replied = true;
		}
		break;
	case AGENT_SEARCH:
		carry_out_search(p);
		break;
	case AGENT_SEARCH_END:
		search_end(&p->search);
		break;
	case AGENT_NOTE:
		notes_log(&p->notes, &e->note);
		break;
	case AGENT_END:
		loop_stop(p->loop, 0);
		break;
	}
	return false;
}

static void step(struct process *p, const struct agent_event *event)
{
	struct agent_event next;
	bool more = true;

	for (const struct agent_event *e = event; more; e = &next) {
		const struct agent_event now = *e;

		more = false;
		agent_step(&p->agent, now_of_group(), kept_clock_observe(&p->clock), &now,
			   &p->effects);
		for (size_t i = 0; i < p->effects.n; i++) {
			more = carry_out(p, &p->effects.effect[i], &next) || more;
		}
	}
}

/* Hand in an event, and then those that come of its effects at once. */
static void happen(struct process *p, const struct agent_event *event)
{
	if (p->busy) {
		happen_later(p, event);
		return;
	}
	p->busy = true;
	step(p, event);
	for (size_t i = 0; i < p->n_later; i++) {
		const struct agent_event e = p->later[i];

		step(p, &e);
	}
	p->n_later = 0;
	p->busy = false;
	care_after_step(&p->care, &p->agent, p->clock.epoch, now_of_group(), &p->notes);
}

/* --- the loop --- */

static dur_ns due(void *arg, struct mono now);

/* In how many ns there is something to do. */
static dur_ns wait_of(const struct process *p)
{
	const struct mono now = now_of_group();
	const dur_ns next = mono_since(agent_next(&p->agent, now), now);
	const dur_ns timeout = calls_wait(p->calls, clock_mono(p->clock.clock));
	const dur_ns wait = next < timeout ? next : timeout;

	return wait > 0 ? wait : 0;
}

static void schedule(struct process *p)
{
	(void)loop_timer_move(p->loop, wait_of(p), due, p);
}

static dur_ns due(void *arg, struct mono now)
{
	static const struct agent_event wake = { .kind = AGENT_WAKE };
	struct process *p = arg;

	(void)now;
	calls_expire(p->calls, clock_mono(p->clock.clock));
	happen(p, &wake);
	return wait_of(p);
}

static void answers_ready(void *arg, int fd)
{
	struct process *p = arg;

	(void)fd;
	calls_serve(p->calls);
	schedule(p);
}

static void calls_ready(void *arg, int fd)
{
	struct process *p = arg;

	(void)fd;
	group_service_serve(p->service);
	schedule(p);
}

static void local_ready(void *arg, int fd)
{
	struct process *p = arg;

	(void)fd;
	group_service_serve_local(p->service);
	schedule(p);
}

static dur_ns local_due(void *arg, struct mono now)
{
	const struct process *p = arg;

	return group_service_expire(p->service, now);
}

static void signalled(void *arg, int signo)
{
	static const struct agent_event stop = { .kind = AGENT_STOP };
	struct process *p = arg;

	if (signo == SIGTERM) {
		care_end(&p->care);
		happen(p, &stop);
		schedule(p);
	}
}

/* --- what others bring --- */

static void found(void *arg, const struct address *at)
{
	const struct agent_event e = { .kind = AGENT_FOUND, .at = group_member_address(at) };
	struct process *p = arg;

	happen(p, &e);
	schedule(p);
}

static void answered(void *arg, const struct agent_event *event)
{
	happen(arg, event);
}

static bool asked(void *arg, const struct agent_event *event, struct agent_reply *reply)
{
	struct process *p = arg;

	p->reply = reply;
	p->replied = false;
	happen(p, event);
	p->reply = NULL;
	return p->replied;
}

/* --- setting up --- */

static void random_octets(void *arg, void *out, size_t n)
{
	(void)arg;
	/* A system that has given some keeps giving: the agent was started with some. */
	while (entropy_fill(out, n) != 0) {
	}
}

/*
 * A member watches for other groups if it was started with `discover`, or alone, as a founder, and
 * if a broadcast can find it. It does not if all members were named at the start.
 */
static struct agent_settings settings_of(const struct group_base *base)
{
	const struct group_settings *s = base->settings;
	const struct member_address *self = &base->names.at[base->self];
	struct agent_settings out = {
		.self = *self,
		.lease = s->lease,
		.cycle = s->cycle,
		.tolerance = s->tolerance,
		.max_error = s->max_error,
		.max_correction = s->max_correction,
		.reference = s->reference,
		.reference_step = s->reference_step,
		.insecure = base->keys.n == 0,
		.discover = s->discover,
		.watch = (s->discover || s->n_members == 1) && self->is_v4 &&
			 !host_is_loopback(&self->host),
		.random = random_octets,
	};

	strncpy(out.name, s->name, GROUP_NAME_MAX);
	return out;
}

/* 0 with the saved state, -ENOENT, or -errno after logging. */
static int read_state(const struct group_base *base, struct group_state *out)
{
	const char *why;
	const int rc = group_state_read(out, base->state_path, base->settings->name,
					member_id_of(&base->names.at[base->self]), &why);

	if (rc == -ENOENT) {
		log_info("group %s: no saved state '%s': takes part as new", base->settings->name,
			 base->state_path);
	} else if (rc != 0) {
		log_error("the group's state '%s': %s", base->state_path, why);
	}
	return rc;
}

static int open_agent(struct process *p)
{
	const struct group_base *base = p->base;
	struct group_state saved;
	const int rc = read_state(base, &saved);
	const struct agent_setup setup = {
		.settings = settings_of(base),
		.members = p->members,
		.members_max = MEMBERS_MAX,
		.named = base->names.at,
		.n_named = base->settings->discover ? 0 : base->names.n,
		.saved = rc == 0 ? &saved.election : NULL,
		.memory = rc == 0 ? &saved.clock : NULL,
	};
	uint8_t first;

	if (rc != 0 && rc != -ENOENT) {
		return rc;
	}
	return entropy_fill(&first, sizeof(first)) != 0
		       ? -EIO
		       : agent_init(&p->agent, &setup, now_of_group());
}

static int open_calls(struct process *p)
{
	const size_t wanted = p->base->names.n * CALLS_A_MEMBER;
	const struct calls_setup setup = {
		.from = p->base->listen,
		.max = wanted > FEWEST_CALLS ? wanted : FEWEST_CALLS,
		.clock = p->clock.clock,
		.mac = p->mac,
		.event = answered,
		.arg = p,
	};

	return calls_open(&p->calls, &setup);
}

/* The largest number of the named members at one host. */
static int64_t members_a_host(const struct group_names *names)
{
	int64_t most = 1;

	for (size_t i = 0; i < names->n; i++) {
		int64_t here = 0;

		for (size_t j = 0; j < names->n; j++) {
			here += host_equal(&names->at[i].host, &names->at[j].host);
		}
		most = here > most ? here : most;
	}
	return most;
}

/* The user's limit for an address, but no less than the members at one host need. */
static int64_t rate_of(const struct group_base *base)
{
	const int64_t cycles = NS_PER_SEC * CALLS_A_CYCLE / base->settings->cycle;
	const int64_t elections = NS_PER_SEC * CALLS_A_LEASE / base->settings->lease;
	const int64_t needed = (cycles + elections + SPARE_CALLS) * members_a_host(&base->names);

	return base->rate_limit == 0 || base->rate_limit > needed ? base->rate_limit : needed;
}

static int open_service(struct process *p)
{
	const struct group_service_setup setup = {
		.fd = p->base->fd,
		.local_fd = p->base->local_fd,
		.clock = p->clock.clock,
		.mac = p->mac,
		.access = p->base->access,
		.rate = rate_of(p->base),
		.ask = asked,
		.arg = p,
	};

	return group_service_open(&p->service, &setup);
}

/* In the agent itself: the lock belongs to a process, and ends with it. */
static int keep_clock(struct process *p)
{
	const struct group_base *base = p->base;
	const bool is_reference = base->settings->reference;
	const int rc =
		is_reference ? 0
			     : clock_keeping_begin(&base->keeping, base->clock, CLOCK_KEEPER_GROUP);

	if (rc != 0) {
		return rc;
	}
	care_begin(&p->care, base->clock, base->keeping.file, is_reference);
	return kept_clock_open(&p->clock, base->clock, is_reference);
}

static int watch_signals(struct process *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return loop_signals(p->loop, &set, signalled, p);
}

static int watch(struct process *p)
{
	const int local_fd = group_service_local_fd(p->service);
	int rc = loop_watch(p->loop, calls_fd(p->calls), answers_ready, p);

	if (rc == 0) {
		rc = loop_watch(p->loop, p->base->fd, calls_ready, p);
	}
	if (rc == 0 && local_fd >= 0) {
		rc = loop_watch(p->loop, local_fd, local_ready, p);
	}
	if (rc == 0 && local_fd >= 0) {
		rc = loop_timer(p->loop, 0, local_due, p);
	}
	return rc == 0 ? loop_timer(p->loop, 0, due, p) : rc;
}

static int open_all(struct process *p)
{
	int rc = loop_open(&p->loop);

	if (rc == 0) {
		rc = watch_signals(p);
	}
	if (rc == 0) {
		search_init(&p->search, p->loop, found, p);
		rc = keep_clock(p);
	}
	if (rc == 0 && p->base->keys.n > 0) {
		rc = mac_open(&p->mac, &p->base->keys, GROUP_MAC_LABEL);
	}
	if (rc == 0) {
		rc = open_agent(p);
	}
	if (rc == 0) {
		rc = open_calls(p);
	}
	if (rc == 0) {
		rc = open_service(p);
	}
	return rc == 0 ? watch(p) : rc;
}

static struct process *process_new(const struct group_base *base)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p) {
		return NULL;
	}
	p->base = base;
	p->notes = (struct notes){
		.group = base->settings->name,
		.state_path = base->state_path,
		.insecure = base->keys.n == 0,
		.clock = base->clock,
	};
	p->search.broadcast.fd = -1;
	p->members = calloc(MEMBERS_MAX, sizeof(*p->members));
	if (!p->members) {
		free(p);
		return NULL;
	}
	return p;
}

static void process_free(struct process *p)
{
	if (p) {
		care_close(&p->care);
		search_end(&p->search);
		group_service_close(p->service);
		calls_close(p->calls);
		mac_close(p->mac);
		loop_close(p->loop);
		free(p->members);
		free(p);
	}
}

int group_agent_run(struct group_base *base)
{
	struct process *p = process_new(base);
	int rc = p ? group_base_complete(base) : -ENOMEM;

	if (rc == -ECANCELED) {
		process_free(p);
		return EXIT_SUCCESS;
	}
	if (rc == 0) {
		rc = open_all(p);
	}
	if (rc == 0) {
		rc = loop_run(p->loop);
		care_end(&p->care);
	}
	if (rc != 0) {
		log_error("the group's agent cannot go on: %s", strerror(-rc));
	}
	process_free(p);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
