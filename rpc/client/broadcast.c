/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/broadcast.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <rpc/pmap_prot.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "rpc/client/call.h"
#include "rpc/networks.h"
#include "rpc/client/rpcbind.h"
#include "rpc/wire.h"
#include "os/entropy.h"

/*
 * Take an answer in; the first of each host counts, except that a later one may add an unknown
 * port.
 */
static void take(struct broadcast_answers *out, const struct address *from)
{
	size_t i = 0;

	while (i < out->n && !address_is_same_host(from, &out->from[i])) {
		i++;
	}
	if (i == BROADCAST_MAX_ANSWERS || (i < out->n && address_port(&out->from[i]) != 0)) {
		return;
	}
	out->from[i] = *from;
	atomic_signal_fence(memory_order_release); /* we may be ended at any instant */
	out->n = i < out->n ? out->n : i + 1;
}

/* --- the indirect call --------------------------------------------------------------------- */

/* It is sent three times; wait this long for answers, then twice and four times as long. */
#define PARTS 7

/* Called with where the results would be, the server's address and its transport. */
static bool_t take_result(char *answers, ...)
{
	const struct netbuf *from;
	struct address a;
	va_list rest;

	va_start(rest, answers);
	from = va_arg(rest, const struct netbuf *);
	va_end(rest);
	memset(&a, 0, sizeof(a));
	if (from->len >= sizeof(struct sockaddr_in)) {
		a.len = sizeof(struct sockaddr_in); /* they are longer, sometimes */
		memcpy(&a.sa, from->buf, a.len);
	}
	if (address_port(&a) != 0 && a.sa.ss_family == AF_INET && address_is_one_host(&a)) {
		take((struct broadcast_answers *)(void *)answers, &a);
	}
	return FALSE; /* there may be more */
}

void broadcast_indirect(struct broadcast_answers *out, rpcprog_t prog, rpcvers_t vers, dur_ns wait)
{
	struct networks networks;
	const int first_ms = (int)(wait / NS_PER_MS / PARTS * 4 / 5) + 1;
	const enum clnt_stat status =
		rpc_broadcast_exp(prog, vers, NULLPROC, wire_void, NULL, wire_void, (caddr_t)out,
				  take_result, first_ms, 4 * first_ms, "udp");

	if (status == RPC_CANTSEND || status == RPC_SYSTEMERROR) {
		out->error = -EIO;
	} else if (networks_find(&networks, true) != 0 || !networks.all_configured) {
		out->error = -ENETUNREACH; /* it asks those only that have a broadcast address */
	}
	out->ended = 1;
}

/* --- the plain question -------------------------------------------------------------------- */

#define ANSWER_SIZE 28
/* Sent at the beginning and after one and two quarters of the time. */
#define SENDINGS 3

int broadcast_networks(void)
{
	struct networks networks;
	const int rc = networks_find(&networks, true);

	return rc == 0 ? (int)networks.n : rc;
}

int broadcast_own_address(struct address *out)
{
	struct networks networks;
	const int rc = networks_find(&networks, false);

	if (rc != 0 || networks.n == 0) {
		return rc != 0 ? rc : -ENETUNREACH;
	}
	if (networks.n > 1 || networks.shared) {
		return -EEXIST;
	}
	*out = (struct address){ .len = sizeof(networks.own[0]) };
	memcpy(&out->sa, &networks.own[0], sizeof(networks.own[0]));
	address_set_port(out, 0);
	return 0;
}

/* PMAP GETPORT (RFC 1833, section 3) for UDP. */
static void make_question(uint8_t question[BROADCAST_QUESTION], uint32_t xid, rpcprog_t prog,
			  rpcvers_t vers)
{
	uint8_t *args = question + WIRE_CALL_SIZE;

	wire_put_call(question, xid, PMAPPROG, PMAPVERS, PMAPPROC_GETPORT);
	wire_put_u32(args, (uint32_t)prog);
	wire_put_u32(args + 4, (uint32_t)vers);
	wire_put_u32(args + 8, IPPROTO_UDP);
	wire_put_u32(args + 12, 0);
}

int broadcast_open(struct broadcast *b, rpcprog_t prog, rpcvers_t vers)
{
	const int on = 1;
	uint32_t xid;
	int rc = entropy_fill(&xid, sizeof(xid));

	b->fd = -1;
	b->peers = false;
	if (rc != 0) {
		return rc;
	}
	make_question(b->question, xid, prog, vers);
	b->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (b->fd < 0 || setsockopt(b->fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0) {
		return -errno;
	}
	return 0;
}

void broadcast_close(struct broadcast *b)
{
	if (b->fd >= 0) {
		close(b->fd);
		b->fd = -1;
	}
}

int broadcast_ask(const struct broadcast *b)
{
	struct networks networks;
	int rc = networks_find(&networks, b->peers);
	bool sent = false;

	if (rc == 0 && networks.n == 0) {
		rc = -ENETUNREACH;
	}
	for (size_t i = 0; i < networks.n; i++) {
		networks.to[i].sin_port = htons(RPCBIND_PORT);
		if (sendto(b->fd, b->question, sizeof(b->question), MSG_DONTWAIT,
			   (const struct sockaddr *)&networks.to[i],
			   sizeof(networks.to[i])) == BROADCAST_QUESTION) {
			sent = true;
		} else {
			rc = -errno;
		}
	}
	return sent ? 0 : rc;
}

/* The port that an answer names. False when it is not an answer to that question. */
static bool read_answer(const uint8_t *answer, size_t size, uint32_t xid, uint16_t *port)
{
	const uint32_t begin[] = { xid, REPLY, MSG_ACCEPTED, AUTH_NONE, 0, SUCCESS };
	const size_t n = sizeof(begin) / sizeof(begin[0]);

	if (size != ANSWER_SIZE) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (wire_get_u32(answer + 4 * i) != begin[i]) {
			return false;
		}
	}
	*port = (uint16_t)wire_get_u32(answer + 4 * n);
	return wire_get_u32(answer + 4 * n) <= UINT16_MAX;
}

int broadcast_receive(const struct broadcast *b, struct address *from)
{
	uint8_t answer[ANSWER_SIZE + 4];
	uint16_t port;
	ssize_t n;

	*from = (struct address){ .len = sizeof(from->sa) };
	n = recvfrom(b->fd, answer, sizeof(answer), MSG_DONTWAIT, (struct sockaddr *)&from->sa,
		     &from->len);
	if (n < 0) {
		return errno == EWOULDBLOCK ? -EAGAIN : 0;
	}
	if (address_port(from) != RPCBIND_PORT ||
	    !read_answer(answer, (size_t)n, wire_get_u32(b->question), &port)) {
		return 0;
	}
	address_set_port(from, port);
	return 1;
}

static void ask_and_wait(struct broadcast_answers *out, const struct broadcast *b,
			 struct clock *clock, dur_ns wait)
{
	const struct mono began = clock_mono(clock);
	struct address from;

	for (int i = 0; i < SENDINGS; i++) {
		const bool last = i + 1 == SENDINGS;
		const struct mono until = mono_add(began, last ? wait : (i + 1) * wait / 4);

		out->error = broadcast_ask(b);
		while (clock_wait(clock, b->fd, POLLIN, until) == 0 &&
		       mono_since(until, clock_mono(clock)) > 0) {
			if (broadcast_receive(b, &from) == 1) {
				take(out, &from);
			}
		}
	}
}

void broadcast_plain(struct broadcast_answers *out, rpcprog_t prog, rpcvers_t vers,
		     struct clock *clock, dur_ns wait)
{
	struct broadcast b;

	out->error = broadcast_open(&b, prog, vers);
	b.peers = true;
	if (out->error == 0) {
		ask_and_wait(out, &b, clock, wait);
	}
	broadcast_close(&b);
	out->ended = 1;
}
