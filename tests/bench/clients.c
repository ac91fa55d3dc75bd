/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP clients of a timesync server on this machine: many that are connected and say nothing, or
 * new ones, one after the other, each connecting, asks for the timestamps and leaves.
 *
 * This program chooses the port of each connection: the kernel's own search for one takes longer
 * the more are taken, and would be measured too. The connection is reset at the end, so that no
 * port has to rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/parse.h"
#include "rpc/address.h"
#include "rpc/record.h"
#include "rpc/wire.h"
#include "os/clock_system.h"
#include "tests/bench/support/message.h"

#define USAGE                                                                                \
	"usage: clients idle|new ADDRESS PORT COUNT\n"                                       \
	"  idle  connect COUNT times, call once on each, say so, and stay until the end of " \
	"stdin\n"                                                                            \
	"  new   connect, call, leave, COUNT times; print how many ns each took, one a line\n"

/* The first port that connections leave from. */
#define IDLE_PORTS 20000
#define NEW_PORTS  10000
#define MAX_COUNT  10000

#define RECORD_SIZE (RECORD_MARK_SIZE + MESSAGE_SIZE)

static int connect_from(const struct address *to, uint16_t port)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	const int on = 1;
	struct address from = *to;
	int fd = socket(to->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address_set_port(&from, port);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) != 0 ||
	    bind(fd, (const struct sockaddr *)&from.sa, from.len) != 0 ||
	    connect(fd, (const struct sockaddr *)&to->sa, to->len) != 0) {
		perror("clients: cannot connect");
		exit(1);
	}
	return fd;
}

/* One GET_TIMESTAMPS as a record (RFC 5531, section 11). */
static void call(int fd, uint32_t number)
{
	const struct protocol *rpc = protocol_named("rpc");
	uint8_t record[RECORD_SIZE];

	wire_put_u32(record, RECORD_LAST_FRAGMENT | MESSAGE_SIZE);
	rpc->request(record + RECORD_MARK_SIZE);
	rpc->renumber(record + RECORD_MARK_SIZE, number);
	if (send(fd, record, sizeof(record), MSG_NOSIGNAL) != RECORD_SIZE ||
	    recv(fd, record, sizeof(record), MSG_WAITALL) != RECORD_SIZE ||
	    !rpc->is_reply(record + RECORD_MARK_SIZE, MESSAGE_SIZE)) {
		fputs("clients: a call was not answered\n", stderr);
		exit(1);
	}
}

static void stay_idle(const struct address *to, uint16_t count)
{
	char byte;

	for (uint16_t i = 0; i < count; i++) {
		call(connect_from(to, (uint16_t)(IDLE_PORTS + i)), i);
	}
	puts("connected");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0) {
	}
}

static void come_and_go(const struct address *to, uint16_t count)
{
	struct clock *clock = clock_system();

	for (uint16_t i = 0; i < count; i++) {
		const struct mono start = clock_mono(clock);
		int fd = connect_from(to, (uint16_t)(NEW_PORTS + i));

		call(fd, i);
		printf("%lld\n", (long long)mono_since(clock_mono(clock), start));
		close(fd);
	}
}

int main(int argc, char **argv)
{
	struct address to;
	int64_t port, count;

	if (argc != 5 || !address_parse(&to, argv[2]) ||
	    parse_int(argv[3], 1, UINT16_MAX, &port) != 0 ||
	    parse_int(argv[4], 1, MAX_COUNT, &count) != 0) {
		fputs(USAGE, stderr);
		return 2;
	}
	address_set_port(&to, (uint16_t)port);
	if (strcmp(argv[1], "idle") == 0) {
		stay_idle(&to, (uint16_t)count);
	} else if (strcmp(argv[1], "new") == 0) {
		come_and_go(&to, (uint16_t)count);
	} else {
		fputs(USAGE, stderr);
		return 2;
	}
	return 0;
}
