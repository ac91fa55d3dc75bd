/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * echo: the price of the network without RPC. It serves an echo over UDP and TCP, or asks one and
 * prints each round trip in nanoseconds, timed as timesync times its calls.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/parse.h"
#include "core/ts.h"
#include "os/clock_system.h"
#include "os/options.h"
#include "os/stdio.h"
#include "rpc/address.h"
#include "rpc/client/plain_echo.h"

#define TIMEOUT       NS_PER_SEC
#define MAX_CLIENTS   64
#define MOST_ROUNDS   100000
#define LISTEN_LENGTH 16

struct request {
	struct address serve, ask; /* one of them has a length */
	int64_t rounds;
	bool tcp;
};

/* --- options --- */

static bool read_place(const struct option_given *given)
{
	struct address *out = option_place(given);
	struct parse_host host;

	if (parse_host(given->text, &host) != 0 || host.port == 0 ||
	    !address_parse(out, host.name)) {
		return option_bad(given, "ADDR:PORT in numbers");
	}
	address_set_port(out, host.port);
	return true;
}

#define AT(member) .place = offsetof(struct request, member)

static const struct option_row rows[] = {
	{ "serve", '\0', "ADDR:PORT", "answer there, until SIGTERM", 1, OPTION_OTHER, AT(serve),
	  .read = read_place },
	{ "ask", '\0', "ADDR:PORT", "ask the echo there", 1, OPTION_OTHER, AT(ask),
	  .read = read_place },
	{ "rounds", '\0', "N", "so often", 1, OPTION_INT, AT(rounds), .standard = 5, .least = 1,
	  .most = MOST_ROUNDS },
	{ "tcp", '\0', NULL, "ask over TCP", 1, OPTION_FLAG, AT(tcp) },
};

/* --- the server --- */

static int open_socket(const struct address *at, int type)
{
	const int one = 1;
	const int fd = socket(at->sa.ss_family, type | SOCK_CLOEXEC, 0);

	if (fd >= 0 && type == SOCK_STREAM) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	}
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at->sa, at->len) < 0 ||
	    (type == SOCK_STREAM && listen(fd, LISTEN_LENGTH) < 0)) {
		return -errno;
	}
	return fd;
}

static void echo_datagram(int fd)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char buf[PLAIN_ECHO_SIZE];
	const ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

	if (n >= 0) {
		(void)sendto(fd, buf, (size_t)n, 0, (const struct sockaddr *)&from, len);
	}
}

/* False when the connection is over. */
static bool echo_stream(int fd)
{
	char buf[PLAIN_ECHO_SIZE];
	const ssize_t n = recv(fd, buf, sizeof(buf), 0);

	return n > 0 && send(fd, buf, (size_t)n, MSG_NOSIGNAL) == n;
}

static void no_delay(int fd)
{
	const int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

enum { UDP, TCP, CLIENTS };

/* A new connection, if there is a place for it. */
static void take_client(struct pollfd *fds)
{
	const int fd = accept4(fds[TCP].fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		return;
	}
	no_delay(fd);
	for (int i = CLIENTS; i < CLIENTS + MAX_CLIENTS; i++) {
		if (fds[i].fd < 0) {
			fds[i].fd = fd;
			return;
		}
	}
	close(fd);
}

static int serve(const struct address *at)
{
	struct pollfd fds[CLIENTS + MAX_CLIENTS];

	for (int i = 0; i < CLIENTS + MAX_CLIENTS; i++) {
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	}
	fds[UDP].fd = open_socket(at, SOCK_DGRAM);
	fds[TCP].fd = open_socket(at, SOCK_STREAM);
	if (fds[UDP].fd < 0 || fds[TCP].fd < 0) {
		return fds[UDP].fd < 0 ? fds[UDP].fd : fds[TCP].fd;
	}
	puts("echo: serving");
	(void)fflush(stdout);
	while (poll(fds, CLIENTS + MAX_CLIENTS, -1) >= 0 || errno == EINTR) {
		if (fds[UDP].revents) {
			echo_datagram(fds[UDP].fd);
		}
		if (fds[TCP].revents) {
			take_client(fds);
		}
		for (int i = CLIENTS; i < CLIENTS + MAX_CLIENTS; i++) {
			if (fds[i].fd >= 0 && fds[i].revents && !echo_stream(fds[i].fd)) {
				close(fds[i].fd);
				fds[i].fd = -1;
			}
		}
	}
	return -errno;
}

/* --- the client --- */

static int ask(const struct request *r)
{
	struct plain_echo echo;
	int rc = plain_echo_open(&echo, &r->ask, r->tcp ? SOCK_STREAM : SOCK_DGRAM, clock_system(),
				 TIMEOUT);

	for (int64_t i = 0; rc == 0 && i < r->rounds; i++) {
		dur_ns round_trip;

		rc = plain_echo_round(&echo, &round_trip);
		if (rc == 0) {
			printf("%" PRId64 "\n", round_trip);
		} else if (rc == -ETIMEDOUT && !r->tcp) {
			puts("lost");
			rc = 0;
		}
	}
	plain_echo_close(&echo);
	return rc;
}

int main(int argc, char **argv)
{
	struct request r = { 0 };
	const struct options options = {
		.program = "echo",
		.about = "Measure round trips without RPC: either --serve or --ask.",
		.scope = 1,
		.parts = { OPTION_PART(rows, &r) },
	};
	enum options_outcome outcome;
	int rc;

	if (!stdio_begin("echo")) {
		return 1;
	}
	outcome = options_parse(&options, argc, argv, NULL);
	if (outcome != OPTIONS_RUN) {
		return outcome == OPTIONS_DONE && stdio_end("echo") ? 0 : 2;
	}
	if ((r.serve.len > 0) == (r.ask.len > 0)) {
		stdio_complain("echo", "either --serve or --ask is needed; see 'echo --help'");
		return 2;
	}
	rc = r.serve.len > 0 ? serve(&r.serve) : ask(&r);
	if (rc != 0) {
		stdio_complain("echo", "%s", strerror(-rc));
		return 1;
	}
	return stdio_end("echo") ? 0 : 1;
}
