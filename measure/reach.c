/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/reach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void reach_open(struct reach *r, const struct target *target, struct clock *clock, dur_ns timeout)
{
	memset(r, 0, sizeof(*r));
	r->target = target;
	r->clock = clock;
	r->timeout = timeout;
}

void reach_close(struct reach *r)
{
	for (size_t i = 0; i < r->target->n; i++) {
		exchange_close(r->ways[i].x);
		r->ways[i].x = NULL;
	}
}

void reach_give_up(struct reach_way *way, const char *why)
{
	way->given_up = true;
	if (why != way->why) {
		snprintf(way->why, sizeof(way->why), "%s", why);
	}
}

/* Advice on a server that could not be reached. */
static const char *advice(const struct reach *r, int error)
{
	switch (error) {
	case -ECONNREFUSED:
		return r->target->host.port != 0
			       ? "; is timesyncd running there, at that port?"
			       : "; rpcbind named this port, but nobody has it any more: start "
				 "timesyncd there again";
	case -ETIMEDOUT:
		return "; 'timesync doctor' looks for the reason";
	default:
		return "";
	}
}

static int fail(const struct reach *r, struct reach_way *way, const char *what, const char *why,
		int error)
{
	char at[ADDRESS_TEXT_MAX];

	snprintf(way->why, sizeof(way->why), "%s: %s %s: %s%s", r->target->host.name, what,
		 address_text(&way->server, at), why, advice(r, error));
	reach_give_up(way, way->why);
	return error;
}

/* Locate the server and connect to it. 0 or -1. */
static int open_way(const struct reach *r, struct reach_way *way, dur_ns share)
{
	int rc;

	if (target_locate(&way->server, r->target, (size_t)(way - r->ways), r->clock,
			  share * REACH_GREETINGS, way->why) != 0) {
		reach_give_up(way, way->why);
		return -1;
	}
	/* Of a stream it is the connection that takes the time, and there is only one. */
	rc = exchange_open(&way->x, &way->server, r->target->socktype, r->clock,
			   r->sharers > 1 ? share * REACH_GREETINGS : share, r->target->keys);
	if (rc != 0) {
		way->x = NULL;
		(void)fail(r, way, "cannot reach the server at", strerror(-rc), rc);
		return -1;
	}
	return 0;
}

/* One NULL call. 0, -ETIMEDOUT, or any other error if it is of no use to call again. */
static int greet(const struct reach *r, struct reach_way *way, dur_ns share)
{
	int rc;

	exchange_set_timeout(way->x, share);
	rc = exchange_null(way->x);
	if (rc == -ETIMEDOUT && share < r->timeout && exchange_counts(way->x).late > 0) {
		exchange_set_timeout(way->x, r->timeout); /* it is there, but far */
		rc = exchange_null(way->x);
	}
	exchange_set_timeout(way->x, r->timeout);
	return rc;
}

static int try(const struct reach *r, struct reach_way *way)
{
	const dur_ns share = r->timeout / r->sharers;
	char why[EXCHANGE_WHY_MAX];
	int rc;

	if (!way->x && open_way(r, way, share) != 0) {
		return -1;
	}
	rc = greet(r, way, share);
	if (rc == 0) {
		exchange_forget_counts(way->x);
	} else if (rc != -ETIMEDOUT || r->turn + 1 == REACH_GREETINGS) {
		(void)fail(r, way, "the server at",
			   exchange_counts(way->x).late > 0
				   ? "answers, but later than --timeout allows"
				   : exchange_why(way->x, why),
			   rc);
	}
	return rc;
}

/* How many addresses have to share what one is given. */
static int64_t count_sharers(const struct reach *r)
{
	int64_t n = 0;

	for (size_t i = 0; i < r->target->n; i++) {
		n += !r->ways[i].given_up;
	}
	return n > 0 ? n : 1;
}

struct reach_way *reach_next(struct reach *r)
{
	for (; r->turn < REACH_GREETINGS; r->turn++, r->next = 0) {
		if (r->next == 0) {
			r->sharers = count_sharers(r);
		}
		while (r->next < r->target->n) {
			struct reach_way *way = &r->ways[r->next++];

			if (!way->given_up && try(r, way) == 0) {
				return way;
			}
		}
	}
	return NULL;
}

/* Whether this machine knows a way there at all. */
static bool has_route(const struct reach_way *way)
{
	const struct address *a = &way->server;
	const int fd = socket(a->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct address to = *a;
	bool known;

	if (fd < 0) {
		return false;
	}
	address_set_port(&to, 9); /* discard: nothing is sent */
	known = connect(fd, (const struct sockaddr *)&to.sa, to.len) == 0;
	close(fd);
	return known;
}

static void append(char why[TARGET_WHY_MAX], const struct reach *r, const struct reach_way *way)
{
	const size_t name = strlen(r->target->host.name);
	const size_t used = strlen(why);
	const char *text = way->why;

	if (used == 0) {
		snprintf(why, TARGET_WHY_MAX, "%s", text);
		return;
	}
	if (strncmp(text, r->target->host.name, name) == 0 && strncmp(text + name, ": ", 2) == 0) {
		text += name + 2;
	}
	snprintf(why + used, TARGET_WHY_MAX - used, "%s Also: %s", why[used - 1] == '?' ? "" : ".",
		 text);
}

void reach_why(const struct reach *r, char why[TARGET_WHY_MAX])
{
	bool known[TARGET_MAX_ADDRESSES] = { false };

	why[0] = '\0';
	for (size_t i = 0; i < r->target->n; i++) {
		known[i] = has_route(&r->ways[i]);
		if (known[i]) {
			append(why, r, &r->ways[i]);
		}
	}
	for (size_t i = 0; i < r->target->n; i++) {
		if (!known[i]) {
			append(why, r, &r->ways[i]);
		}
	}
}

struct call_counts reach_counts(const struct reach *r)
{
	struct call_counts sum = { 0 };

	for (size_t i = 0; i < r->target->n; i++) {
		if (r->ways[i].x) {
			const struct call_counts c = exchange_counts(r->ways[i].x);

			sum.sent += c.sent;
			sum.received += c.received;
			sum.lost += c.lost;
			sum.late += c.late;
			sum.duplicate += c.duplicate;
			sum.stray += c.stray;
		}
	}
	return sum;
}
