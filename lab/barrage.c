/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * barrage: a crowd of hostile clients for the lab and the tests. It sends one server of this
 * machine a bounded number of datagrams that no honest client would send, and counts the answers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/ts.h"
#include "lab/support/barrage_options.h"
#include "core/splitmix.h"
#include "os/stdio.h"

#define BATCH 32
/* No answer for so long: there are no more. */
#define PATIENCE_US 100000

struct tally {
	uint64_t datagrams, octets;
};

struct barrage {
	struct barrage_options options;
	enum malice_kind kinds[MALICE_KINDS]; /* those that were asked for */
	size_t n_kinds;
	uint64_t random;
	int fds[BARRAGE_MAX_SOCKETS];
	struct tally sent, received;
	struct iovec iovs[BATCH];
	struct mmsghdr messages[BATCH];
	uint8_t bytes[BATCH][MALICE_MAX];
};

static struct mono mono_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct mono){ .ns = t.tv_sec * NS_PER_SEC + t.tv_nsec };
}

/* 0 or -errno. */
static int prepare(struct barrage *b)
{
	const struct barrage_options *o = &b->options;

	b->random = (uint64_t)o->seed;
	for (size_t kind = 0; kind < MALICE_KINDS; kind++) {
		if (o->kinds[kind]) {
			b->kinds[b->n_kinds++] = (enum malice_kind)kind;
		}
	}
	for (size_t i = 0; i < BATCH; i++) {
		b->iovs[i].iov_base = b->bytes[i];
		b->messages[i].msg_hdr.msg_iov = &b->iovs[i];
		b->messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (int64_t i = 0; i < o->sockets; i++) {
		b->fds[i] = socket(o->to.sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (b->fds[i] < 0 ||
		    connect(b->fds[i], (const struct sockaddr *)&o->to.sa, o->to.len) < 0) {
			return -errno;
		}
	}
	return 0;
}

/* Send `n` datagrams from one socket. One that the kernel refuses is not counted. */
static void send_batch(struct barrage *b, int fd, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const enum malice_kind kind = b->kinds[splitmix_below(&b->random, b->n_kinds)];

		b->iovs[i].iov_len = malice_draw(kind, &b->random, b->bytes[i]);
	}
	for (size_t done = 0; done < n;) {
		const int rc = sendmmsg(fd, b->messages + done, (unsigned)(n - done), 0);
		const size_t sent = rc > 0 ? (size_t)rc : 0;

		for (size_t i = done; i < done + sent; i++) {
			b->sent.datagrams++;
			b->sent.octets += b->iovs[i].iov_len;
		}
		done += sent > 0 ? sent : 1;
	}
}

/* Count the answers that wait at one socket. How many there were. */
static size_t take_answers(struct barrage *b, int fd)
{
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < BATCH; i++) {
		b->iovs[i].iov_len = MALICE_MAX;
	}
	while ((rc = recvmmsg(fd, b->messages, BATCH, MSG_DONTWAIT, NULL)) > 0) {
		for (int i = 0; i < rc; i++) {
			b->received.datagrams++;
			b->received.octets += b->messages[i].msg_len;
		}
		n += (size_t)rc;
	}
	return n;
}

static size_t take_all_answers(struct barrage *b)
{
	size_t n = 0;

	for (int64_t i = 0; i < b->options.sockets; i++) {
		n += take_answers(b, b->fds[i]);
	}
	return n;
}

static void keep_to_rate(const struct barrage *b, int64_t done, struct mono start)
{
	const int64_t rate = b->options.rate;
	const dur_ns due = rate > 0 ? done * (NS_PER_SEC / rate) : 0;
	const dur_ns early = due - mono_since(mono_now(), start);

	if (early > 0) {
		usleep((useconds_t)(early / NS_PER_US));
	}
}

static void attack(struct barrage *b, struct mono start)
{
	const struct barrage_options *o = &b->options;
	int64_t turn = 0;

	for (int64_t done = 0; done < o->count; turn++) {
		const int fd = b->fds[turn % o->sockets];
		const int64_t left = o->count - done;
		const size_t n = left < BATCH ? (size_t)left : BATCH;

		send_batch(b, fd, n);
		take_answers(b, fd);
		done += (int64_t)n;
		keep_to_rate(b, done, start);
	}
}

static void print_tally(const char *what, const struct tally *t)
{
	printf("barrage: %s %" PRIu64 " datagrams of %" PRIu64 " octets\n", what, t->datagrams,
	       t->octets);
}

int main(int argc, char **argv)
{
	static struct barrage b;
	struct mono start;
	dur_ns took;
	int rc;

	if (!stdio_begin("barrage")) {
		return 1;
	}
	switch (barrage_options_parse(&b.options, argc, argv)) {
	case OPTIONS_DONE:
		return stdio_end("barrage") ? 0 : 1;
	case OPTIONS_WRONG:
		return 2;
	case OPTIONS_RUN:
		break;
	}
	rc = prepare(&b);
	if (rc != 0) {
		stdio_complain("barrage", "%s", strerror(-rc));
		return 1;
	}
	start = mono_now();
	attack(&b, start);
	took = mono_since(mono_now(), start);
	do {
		usleep(PATIENCE_US);
	} while (take_all_answers(&b) > 0);
	print_tally("sent", &b.sent);
	print_tally("received", &b.received);
	printf("barrage: took %" PRId64 " ms\n", took / NS_PER_MS);
	return stdio_end("barrage") ? 0 : 1;
}
