/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Load a UDP server on this machine with requests, for a while, and say how many it answered.
 *
 * Either as fast as it answers, with a window of requests under way, or at a steady rate. It spins
 * while it waits for replies, so that the server never pays for waking it up; at a steady rate it
 * sleeps between its bursts, so that others can run on its core.
 *
 * The kernel gets all requests of a burst as one message to be cut (UDP_SEGMENT), which takes far
 * less than as many messages: otherwise this program would be no faster than the servers, and its
 * own speed would be measured. They get datagrams, one by one.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "core/parse.h"
#include "rpc/address.h"
#include "os/clock_system.h"
#include "tests/bench/support/message.h"

#define USAGE                                                                                      \
	"usage: load rpc|ntp|rpc-mac|ntp-mac|echo ADDRESS PORT SECONDS [RATE]\n"                   \
	"Sends with a window of 64 requests, or RATE requests a second. Prints what it counted,\n" \
	"after so many seconds or on SIGTERM.\n"

#define WINDOW 64
/* When nothing has come for so long, all calls under way count as lost. */
#define PATIENCE (20 * NS_PER_MS)
/* At a steady rate: from one burst to the next. */
#define TICK (100 * NS_PER_US)

static volatile sig_atomic_t stopped;

struct load {
	int fd;
	const struct protocol *protocol;
	struct clock *clock;
	uint32_t number; /* of the next request */
	int64_t sent, received, wrong;
	uint8_t requests[WINDOW * MESSAGE_MAX]; /* one behind the other */
	uint8_t replies[WINDOW][2 * MESSAGE_MAX];
	struct iovec iov[WINDOW];
	struct mmsghdr in[WINDOW];
};

static void stop(int signo)
{
	stopped = signo;
}

static uint8_t *request_of(struct load *l, size_t i)
{
	return l->requests + i * l->protocol->size;
}

static void prepare(struct load *l)
{
	for (size_t i = 0; i < WINDOW; i++) {
		l->iov[i] = (struct iovec){ l->replies[i], sizeof(l->replies[i]) };
		l->in[i].msg_hdr.msg_iov = &l->iov[i];
		l->in[i].msg_hdr.msg_iovlen = 1;
		l->protocol->request(request_of(l, i));
	}
}

/*
 * Send `n` requests, at most WINDOW. Requests that the kernel does not take are neither sent nor
 * counted.
 */
static void send_requests(struct load *l, size_t n)
{
	ssize_t sent;

	for (size_t i = 0; i < n; i++) {
		l->protocol->renumber(request_of(l, i), l->number++);
	}
	sent = send(l->fd, l->requests, n * l->protocol->size, 0);
	if (sent > 0) {
		l->sent += sent / (ssize_t)l->protocol->size;
	}
}

/* Take in the messages that have come. Their number. */
static size_t receive_replies(struct load *l)
{
	int n = recvmmsg(l->fd, l->in, WINDOW, MSG_DONTWAIT, NULL);

	for (int i = 0; i < n; i++) {
		if (l->protocol->is_reply(l->replies[i], l->in[i].msg_len)) {
			l->received++;
		} else {
			l->wrong++;
		}
	}
	return n > 0 ? (size_t)n : 0;
}

static void receive_rest(struct load *l)
{
	struct mono last = clock_mono(l->clock);

	while (l->received + l->wrong < l->sent &&
	       mono_since(clock_mono(l->clock), last) < PATIENCE) {
		if (receive_replies(l) > 0) {
			last = clock_mono(l->clock);
		}
	}
}

static void run_window(struct load *l, struct mono end)
{
	struct mono now = clock_mono(l->clock), last = now;
	size_t under_way = 0;

	while (!stopped && mono_since(end, now) > 0) {
		size_t came;

		if (under_way < WINDOW) {
			send_requests(l, WINDOW - under_way);
			under_way = WINDOW;
		}
		came = receive_replies(l);
		now = clock_mono(l->clock);
		if (came > 0) {
			under_way -= came < under_way ? came : under_way;
			last = now;
		} else if (mono_since(now, last) > PATIENCE) {
			under_way = 0;
			last = now;
		}
	}
}

static void sleep_until(struct mono when)
{
	const struct timespec t = { when.ns / NS_PER_SEC, when.ns % NS_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
	}
}

static void run_rate(struct load *l, struct mono end, int64_t rate)
{
	const struct mono start = clock_mono(l->clock);

	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	for (struct mono next = start; !stopped && mono_since(end, next) > 0;
	     next = mono_add(next, TICK)) {
		int64_t due;

		sleep_until(next);
		due = mono_since(clock_mono(l->clock), start) / NS_PER_US * rate / 1000000;
		while (l->sent < due) {
			const int64_t before = l->sent, n = due - l->sent;

			send_requests(l, n < WINDOW ? (size_t)n : WINDOW);
			if (l->sent == before) {
				break;
			}
		}
		while (receive_replies(l) > 0) {
		}
	}
}

static int open_socket(const char *address, int64_t port, size_t size)
{
	const int segment = (int)size;
	struct address to;
	int fd;

	if (!address_parse(&to, address)) {
		return -1;
	}
	address_set_port(&to, (uint16_t)port);
	fd = socket(to.sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to.sa, to.len) != 0 ||
	    setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) != 0) {
		return -1;
	}
	return fd;
}

static int report(const struct load *l, dur_ns took)
{
	printf("{\"sent\": %lld, \"received\": %lld, \"wrong\": %lld, \"seconds\": %.6f}\n",
	       (long long)l->sent, (long long)l->received, (long long)l->wrong,
	       (double)took / (double)NS_PER_SEC);
	return l->received > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct load l;
	int64_t port, rate = 0;
	dur_ns length;
	struct mono start;

	if (argc < 5 || argc > 6 || !(l.protocol = protocol_named(argv[1])) ||
	    parse_int(argv[3], 1, UINT16_MAX, &port) != 0 ||
	    parse_duration(argv[4], &length) != 0 ||
	    (argc == 6 && parse_int(argv[5], 1, 10000000, &rate) != 0)) {
		fputs(USAGE, stderr);
		return 2;
	}
	l.clock = clock_system();
	l.fd = open_socket(argv[2], port, l.protocol->size);
	if (l.fd < 0) {
		perror("load: no socket to that address that cuts messages");
		return 1;
	}
	signal(SIGTERM, stop);
	prepare(&l);
	start = clock_mono(l.clock);
	if (rate > 0) {
		run_rate(&l, mono_add(start, length), rate);
	} else {
		run_window(&l, mono_add(start, length));
	}
	length = mono_since(clock_mono(l.clock), start);
	receive_rest(&l);
	return report(&l, length);
}
