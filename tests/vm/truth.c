/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server of the true time: its clock follows CLOCK_MONOTONIC_RAW, which nobody can set, so that
 * what a client does to the system clock shows against it.
 *
 * usage: truth OFFSET_NS RATE_PPB MAX_ERROR_NS
 *
 * It starts that far ahead of the system clock and gains that much; a negative maximum error stands
 * for a clock that is not synchronised. Prints a line of JSON: its UDP port, and the instant of
 * both clocks from which it started. Serves on 127.0.0.1 until it is killed.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "core/drift.h"
#include "core/parse.h"
#include "rpc/server/svc_dgram.h"
#include "rpc/server/time_service.h"
#include "os/clock_system.h"

struct truth {
	struct clock clock;
	int64_t raw; /* CLOCK_MONOTONIC_RAW when it showed `time` */
	ts_ns time;
	int64_t rate_ppb;
	dur_ns max_error; /* negative: unknown */
};

static int64_t raw_now(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + (int64_t)t.tv_nsec;
}

/* CLOCK_MONOTONIC_RAW and the system clock at one instant: of some readings the closest. */
static void read_together(int64_t *raw, ts_ns *real)
{
	dur_ns least = INT64_MAX;

	for (int i = 0; i < 10; i++) {
		const int64_t before = raw_now();
		const ts_ns between = clock_now(clock_system());
		const dur_ns apart = raw_now() - before;

		if (apart < least) {
			least = apart;
			*raw = before + apart / 2;
			*real = between;
		}
	}
}

static ts_ns truth_at(const struct truth *t, int64_t raw)
{
	const dur_ns elapsed = raw - t->raw;

	return t->time + elapsed + drift_over(elapsed, t->rate_ppb);
}

static ts_ns truth_now(struct clock *c)
{
	return truth_at((struct truth *)c, raw_now());
}

static struct mono truth_mono(struct clock *c)
{
	(void)c;
	return clock_mono(clock_system());
}

/* The stamp is as old as it looks on the system clock, which is slewed by 500 ppm at most. */
static ts_ns truth_from_kernel(struct clock *c, ts_ns kernel)
{
	const struct truth *t = (struct truth *)c;
	int64_t raw;
	ts_ns real;

	read_together(&raw, &real);
	return truth_at(t, raw - (real - kernel));
}

static int truth_quality(struct clock *c, struct clock_quality *out)
{
	const struct truth *t = (struct truth *)c;

	*out = (struct clock_quality){
		.synchronised = t->max_error >= 0,
		.max_error = t->max_error >= 0 ? t->max_error : 0,
		.leap = CLOCK_LEAP_NONE,
	};
	return 0;
}

static int open_socket(struct address *at)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*at = address_loopback(AF_INET, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at->sa, at->len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at->sa, &at->len) < 0) {
		perror("truth: cannot have a socket");
		exit(EXIT_FAILURE);
	}
	return fd;
}

static int serve(struct truth *t)
{
	static struct access everyone;
	static struct counters counters;
	struct service service = { .clock = &t->clock };
	struct admission admission = {
		.clock = &t->clock,
		.access = &everyone,
		.counters = &counters,
	};
	struct address at;
	struct pollfd calls = { .fd = open_socket(&at), .events = POLLIN };
	struct svc_dgram *transport;

	if (svc_message_open(&admission.message, service_programs, SERVICE_PROGRAMS, &service) !=
		    0 ||
	    svc_dgram_open(&transport, calls.fd, &admission) != 0) {
		fprintf(stderr, "truth: cannot serve\n");
		return EXIT_FAILURE;
	}
	printf("{\"port\": %u, \"raw_ns\": %" PRId64 ", \"time_ns\": %" PRId64
	       ", \"rate_ppb\": %" PRId64 "}\n",
	       (unsigned)address_port(&at), t->raw, t->time, t->rate_ppb);
	fflush(stdout);
	while (poll(&calls, 1, -1) > 0) {
		svc_dgram_serve(transport);
	}
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static const struct clock_ops ops = {
		.now = truth_now,
		.mono = truth_mono,
		.from_kernel = truth_from_kernel,
		.quality = truth_quality,
	};
	struct truth t = { .clock = { .ops = &ops } };
	dur_ns offset;

	if (argc != 4 || parse_int(argv[1], -TS_LIMIT / 2, TS_LIMIT / 2, &offset) != 0 ||
	    parse_int(argv[2], -NS_PER_SEC / 2, NS_PER_SEC / 2, &t.rate_ppb) != 0 ||
	    parse_int(argv[3], -1, TS_LIMIT, &t.max_error) != 0) {
		fprintf(stderr, "usage: truth OFFSET_NS RATE_PPB MAX_ERROR_NS\n");
		return 2;
	}
	read_together(&t.raw, &t.time);
	t.time += offset;
	return serve(&t);
}
