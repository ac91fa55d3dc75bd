/* SPDX-License-Identifier: BSD-3-Clause */
/* The leader's cycle: what an agent does around group/core/berkeley. */
#include <inttypes.h>

#include "core/sample.h"
#include "tests/sim/groups/world.h"

struct mono cycle_next(const struct node *n)
{
	return n->polling ? n->cycle_ends : n->cycle_at;
}

static void begin(struct world *w, struct node *n)
{
	struct mono now = node_mono(w, n);

	n->cycle++;
	n->polling = true;
	n->cycle_ends = mono_add(now, CYCLE_WAIT);
	for (int i = 0; i < w->n; i++) {
		struct packet p = { .kind = PACKET_POLL, .from = n->index, .to = i };
		n->polls[i] = (struct poll){ .sent = node_clock(w, n) };
		if (i == n->index) {
			continue;
		}
		p.poll.term = n->election.state.term;
		p.poll.cycle = n->cycle;
		network_send(w, &p);
	}
	/* Its own clock is treated as any other, by a ticket that nobody else could have. */
	struct poll *own = &n->polls[n->index];
	own->answered = true;
	own->epoch = n->epoch;
	own->at = w->now;
	own->nonce.byte[0] = (uint8_t)n->cycle;
	ticket_issue(&n->ticket, &n->election, &own->nonce, now);
}

void cycle_answered(struct world *w, struct node *n, const struct packet *p)
{
	struct poll *poll = &n->polls[p->from];

	if (!n->polling || p->answer.cycle != n->cycle ||
	    p->answer.term != n->election.state.term) {
		return;
	}
	const struct sample s = {
		.kind = SAMPLE_TIMESTAMPS,
		.t1 = poll->sent,
		.t2 = p->answer.time,
		.t3 = p->answer.time,
		.t4 = node_clock(w, n),
	};
	if (poll->answered || sample_check(&s) != SAMPLE_OK) {
		return;
	}
	*poll = (struct poll){
		.answered = true,
		.offset = sample_offset(&s),
		.max_error = sample_bound(&s),
		.nonce = p->answer.nonce,
		.epoch = p->answer.epoch,
		.at = p->answer.at,
	};
}

static void adjust(struct world *w, struct node *n, int to, dur_ns amount)
{
	struct packet p = { .kind = PACKET_ADJUST, .from = n->index, .to = to };

	p.adjust.cycle = n->cycle;
	p.adjust.epoch = n->polls[to].epoch;
	p.adjust.polled_at = n->polls[to].at;
	p.adjust.correction = (struct correction){
		.from = n->id,
		.to = w->nodes[to].id,
		.term = n->election.state.term,
		.nonce = n->polls[to].nonce,
		.amount = amount,
	};
	if (to == n->index) {
		node_correct(w, n, &p);
	} else {
		network_send(w, &p);
	}
}

static void end(struct world *w, struct node *n)
{
	const struct berkeley_options options = {
		.tolerance = TOLERANCE,
		.max_correction = rules_lack(w, SIM_CAP) ? 0 : w->cap,
	};
	struct berkeley_clock clocks[NODES] = { { .offset = 0 } };
	struct berkeley_result result;
	int node[NODES] = { n->index };
	size_t count = 1;

	for (int i = 0; i < w->n; i++) {
		if (i != n->index && n->polls[i].answered) {
			clocks[count].offset = n->polls[i].offset;
			clocks[count].max_error = n->polls[i].max_error;
			node[count++] = i;
		}
	}
	if (berkeley_decide(&result, clocks, count, &options)) {
		check_fail(w, SIM_BROKEN, "%" PRIu64 " cannot decide on corrections", n->id);
		return;
	}
	world_trace(w, "%" PRIu64 " corrects %zu, %zu in the mean", n->id, count, result.used);
	for (size_t i = 0; i < count; i++) {
		dur_ns c = clocks[i].correction;
		adjust(w, n, node[i], rules_lack(w, SIM_SIGN) ? -c : c);
	}
}

void cycle_tick(struct world *w, struct node *n)
{
	struct mono now = node_mono(w, n);

	if (mono_since(now, cycle_next(n)) < 0) {
		return;
	}
	if (!n->polling) {
		n->cycle_at = mono_add(now, CYCLE);
		if (node_may_act(w, n)) {
			begin(w, n);
		}
		return;
	}
	n->polling = false;
	if (node_may_act(w, n)) {
		end(w, n);
	}
}
