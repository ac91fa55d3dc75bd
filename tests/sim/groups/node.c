/* SPDX-License-Identifier: BSD-3-Clause */
/* A machine: the product's agent, with a disk and two clocks. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/arith.h"
#include "tests/sim/groups/world.h"

/* --- clocks --- */

static int64_t drifted(int64_t t, int64_t ppb)
{
	return t + t / 1000 * ppb / 1000000;
}

struct mono node_mono(const struct world *w, const struct node *n)
{
	return (struct mono){ .ns = n->mono_base + drifted(w->now, n->mono_ppb) };
}

ts_ns node_clock(const struct world *w, const struct node *n)
{
	const dur_ns passed = w->now - n->clock_from;
	const dur_ns slewed = arith_between(n->slew_until - n->clock_from, 0, passed);
	const double ppb = n->clock_ppb + (double)n->frequency_ppb;

	return n->clock_base + passed +
	       llround(((double)passed * ppb + (double)slewed * (double)n->slew_ppb) / NS_PER_SEC);
}

/* Its rate is another from now on, or it is stepped. */
static void rebase(const struct world *w, struct node *n)
{
	n->clock_base = node_clock(w, n);
	n->clock_from = w->now;
}

void node_turn(struct world *w, struct node *n, double ppb)
{
	rebase(w, n);
	n->clock_ppb += ppb;
}

void node_set_clock(struct world *w, struct node *n, dur_ns add)
{
	rebase(w, n);
	n->clock_base += add;
	n->changes++;
	n->foreign++;
}

bool node_ends_slews(const struct world *w, int i)
{
	return (w->options.seed + (uint64_t)i) % 2 != 0 && !rules_lack(w, SIM_SLEW_END);
}

/* The clock as the process observes it. */
static struct agent_clock observed(const struct world *w, const struct node *n)
{
	return (struct agent_clock){
		.whole = !n->clock_lost,
		.epoch = rules_lack(w, SIM_CLOCK) ? 0 : n->foreign,
		.frequency_ppb = n->frequency_ppb,
		.slew_ppb = w->now < n->slew_until ? n->slew_ppb : 0,
		.ends_slews = n->ends_slews,
		.max_error = n->is_synchronised ? n->claim : GROUP_UNKNOWN_ERROR,
	};
}

static int correct(struct world *w, struct node *n, const struct servo_steering *how)
{
	const int sign = rules_lack(w, SIM_SIGN) ? -1 : 1;

	if (n->is_reference) {
		check_fail(w, SIM_SET_REFERENCE, "%" PRIx64 " sets its clock", n->id);
	}
	if (!n->agent.corrector.settling) {
		check_applied(w, n, n->agent.corrector.amount);
		n->changes++;
		n->steps += how->step != 0;
		w->result->corrections++;
	}
	rebase(w, n);
	n->clock_base += sign * how->step;
	n->frequency_ppb = sign * how->frequency_ppb;
	n->slew_ppb = sign * how->slew_ppb;
	n->slew_until = n->ends_slews ? w->now + drifted(how->slew_for, -n->mono_ppb) : INT64_MAX;
	return 0;
}

/* --- what an agent wants done --- */

static void write_disk(struct node *n)
{
	n->disk = *election_to_save(&n->agent.election);
	n->memory = agent_memory(&n->agent);
	n->memory.term = n->disk.term;
	n->has_saved = true;
}

static int save(struct world *w, struct node *n)
{
	if (n->fragile) {
		/* The power fails just before, or just after. */
		if (world_chance(w, 500)) {
			write_disk(n);
		}
		node_crash(w, n, world_random(w, 0, 4 * LEASE));
		return -EIO;
	}
	if (n->disk_broken) {
		w->result->unsaved++;
		return rules_lack(w, SIM_SAVED) ? 0 : -EIO;
	}
	write_disk(n);
	return 0;
}

/* Everybody who hears it answers; the answers of rpcbind have no MAC. */
static void search(struct world *w, struct node *n)
{
	n->searching = true;
	for (int i = 0; i < w->n; i++) {
		const int64_t at = w->now + world_random(w, w->delay_least, w->delay_most);

		if (i != n->index && w->nodes[i].up && !w->cut[n->index * w->n + i]) {
			events_add(w, at, EVENT_FOUND, n->index)->number = (uint64_t)i;
		}
	}
}

#define LATER_MAX (2 * AGENT_EFFECTS_MAX)

/* Events that effects of a step have brought about. */
struct later {
	size_t n;
	struct agent_event event[LATER_MAX];
};

static struct agent_event *later_add(struct later *l, enum agent_event_kind kind)
{
	struct agent_event *e = &l->event[l->n++];

	memset(e, 0, sizeof(*e));
	e->kind = kind;
	return e;
}

static void note(struct world *w, const struct node *n, const struct agent_note *note)
{
	if (note->kind == AGENT_NOTE_REFUSED) {
		world_trace(w, "%" PRIu64 " refuses: %s", n->id & 0xff0000, note->text);
	} else {
		world_trace(w, "%" PRIx64 " notes %d, %" PRIu64 ", %" PRId64, n->id,
			    (int)note->kind, note->number, note->duration);
	}
}

/* True with the event that has to come next. */
static bool carry_out(struct world *w, struct node *n, const struct agent_effect *e,
		      struct later *later, struct agent_event *next)
{
	switch (e->kind) {
	case AGENT_SAVE:
		*next = (struct agent_event){ .kind = AGENT_SAVED, .error = save(w, n) };
		return true;
	case AGENT_CORRECT:
		*next = (struct agent_event){
			.kind = AGENT_CORRECTED,
			.error = correct(w, n, &e->correct),
		};
		return true;
	case AGENT_REMEMBER:
		if (!n->disk_broken) {
			write_disk(n);
		}
		break;
	case AGENT_SEND:
		if (!calls_send(w, n, &e->send)) {
			later_add(later, AGENT_UNSENT)->tag = e->send.tag;
		}
		break;
	case AGENT_MEASURE:
		calls_measure(w, n, &e->measure);
		break;
	case AGENT_REPLY:
		n->reply = e->reply;
		n->replied = true;
		break;
	case AGENT_SEARCH:
		search(w, n);
		later_add(later, AGENT_SEARCHED)->error = 0;
		break;
	case AGENT_SEARCH_END:
		n->searching = false;
		break;
	case AGENT_NOTE:
		note(w, n, &e->note);
		break;
	case AGENT_END:
		node_crash(w, n, world_random(w, 0, 4 * LEASE));
		break;
	}
	return false;
}

/* The rule that lacks: what depends on it is done before it is saved. */
static bool saves_late(struct world *w, struct node *n, struct later *later)
{
	const struct agent_event saved = { .kind = AGENT_SAVED };
	struct agent_event ignored;

	if (!rules_lack(w, SIM_SAVE_FIRST) || n->disk_broken) {
		return false;
	}
	agent_step(&n->agent, node_mono(w, n), observed(w, n), &saved, &w->effects);
	for (size_t i = 0; n->up && i < w->effects.n; i++) {
		(void)carry_out(w, n, &w->effects.effect[i], later, &ignored);
	}
	(void)save(w, n);
	return true;
}

static void step(struct world *w, struct node *n, const struct agent_event *event,
		 struct later *later)
{
	struct agent_event next = *event;
	bool more = true;

	while (more && n->up) {
		const struct agent_event e = next;

		more = false;
		agent_step(&n->agent, node_mono(w, n), observed(w, n), &e, &w->effects);
		if (w->effects.overrun) {
			check_fail(w, SIM_BROKEN, "too many effects");
		}
		if (w->effects.n == 1 && w->effects.effect[0].kind == AGENT_SAVE &&
		    saves_late(w, n, later)) {
			return;
		}
		for (size_t i = 0; n->up && i < w->effects.n; i++) {
			more = carry_out(w, n, &w->effects.effect[i], later, &next) || more;
		}
	}
}

/* Its own ticket, when a cycle has begun. */
static void note_cycle(struct world *w, struct node *n)
{
	if (n->cycle != n->agent.cycle.serial) {
		n->cycle = n->agent.cycle.serial;
		check_handed_out(w, n, &n->agent.cycle.own);
	}
}

void node_step(struct world *w, struct node *n, const struct agent_event *event)
{
	struct later later;

	later.n = 0;
	rules_before_step(w, n, event);
	step(w, n, event, &later);
	for (size_t i = 0; n->up && i < later.n; i++) {
		step(w, n, &later.event[i], &later);
	}
	if (n->up) {
		rules_after_step(w, n, event);
		note_cycle(w, n);
		node_set_alarm(w, n);
	}
}

void node_wake(struct world *w, struct node *n)
{
	const struct agent_event wake = { .kind = AGENT_WAKE };

	node_step(w, n, &wake);
}

/* --- leaders --- */

bool node_may_act(const struct world *w, const struct node *n)
{
	return n->up && election_may_act(&n->agent.election, node_mono(w, n));
}

struct node *node_leader(struct world *w)
{
	for (int i = 0; i < w->n; i++) {
		if (node_may_act(w, &w->nodes[i])) {
			return &w->nodes[i];
		}
	}
	return NULL;
}

/* --- up and down --- */

void node_set_alarm(struct world *w, struct node *n)
{
	const struct mono now = node_mono(w, n);
	dur_ns wait = mono_since(agent_next(&n->agent, now), now);

	/* Some ns too early is no harm, as it looks again; but time has to go on. */
	wait = wait > NS_PER_SEC * 3600 ? NS_PER_SEC * 3600 : wait;
	wait = wait > 0 ? 2 * wait - drifted(wait, n->mono_ppb) : 0;
	events_add(w, w->now + wait + 1, EVENT_WAKE, n->index)->number = ++n->alarm;
}

void node_crash(struct world *w, struct node *n, dur_ns pause)
{
	world_trace(w, "%" PRIx64 " crashes", n->id);
	n->up = false;
	events_add(w, w->now + pause, EVENT_RESTART, n->index);
}

static void random_octets(void *arg, void *out, size_t n)
{
	struct world *w = arg;

	for (size_t i = 0; i < n; i++) {
		((uint8_t *)out)[i] = (uint8_t)random_next(&w->random);
	}
}

static struct agent_settings settings_of(struct world *w, const struct node *n)
{
	return (struct agent_settings){
		.name = "sim",
		.self = n->at,
		.lease = w->lease,
		.cycle = w->cycle,
		.tolerance = w->tolerance,
		.max_error = w->max_error,
		.max_correction = rules_lack(w, SIM_CAP) ? 0 : w->cap,
		.reference = n->is_reference,
		.reference_step = w->reference_step,
		.discover = !n->listed,
		.watch = true,
		.random = random_octets,
		.random_arg = w,
	};
}

static void forget(struct world *w, struct node *n)
{
	if (w->options.forgetful && n->index == 0) {
		n->has_saved = false;
	} else if (rules_lack(w, SIM_MEMORY)) {
		n->disk.term = 0;
		n->disk.voted_for = MEMBER_NONE;
	}
}

void node_start(struct world *w, struct node *n)
{
	struct agent_setup setup = {
		.settings = settings_of(w, n),
		.members = n->members,
		.members_max = (size_t)w->n,
		.named = w->named,
		.n_named = n->listed ? w->n_named : 0,
	};

	forget(w, n);
	setup.saved = n->has_saved ? &n->disk : NULL;
	setup.memory = n->has_saved ? &n->memory : NULL;
	n->up = true;
	n->frozen = false;
	n->fragile = false;
	n->disk_broken = false;
	n->clock_lost = false;
	n->searching = false;
	n->corrected = false;
	n->cycle = 0;
	calls_forget(n);
	if (agent_init(&n->agent, &setup, node_mono(w, n)) != 0) {
		check_fail(w, SIM_BROKEN, "%" PRIx64 " cannot start", n->id);
	}
	rules_after_start(w, n);
	world_trace(w, "%" PRIx64 " starts in term %" PRIu64, n->id, n->agent.election.state.term);
	node_set_alarm(w, n);
}
