/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The datagram transport when the kernel takes replies in part, or refuses some. It does so here in
 * the kernel's place.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/served_dgram.h"
#include "tests/support/sockets.h"

#define CLIENTS SERVED_CLIENTS
#define NEVER   1000

/* The actions of the test's kernel on the datagrams, counted from 0. */
static struct {
	unsigned seen;
	unsigned at_most; /* in one call */
	unsigned refused; /* this one */
	int error;
	unsigned interruptions; /* to come before anything is sent */
} kernel;

int sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
	unsigned some = n < kernel.at_most ? n : kernel.at_most;
	long sent;

	if (kernel.interruptions > 0) {
		kernel.interruptions--;
		errno = EINTR;
		return -1;
	}
	if (kernel.seen == kernel.refused) {
		kernel.seen++;
		errno = kernel.error;
		return -1;
	}
	if (kernel.seen < kernel.refused && kernel.refused - kernel.seen < some) {
		some = kernel.refused - kernel.seen;
	}
	sent = syscall(SYS_sendmmsg, fd, messages, some, flags);
	kernel.seen += sent > 0 ? (unsigned)sent : 0;
	return (int)sent;
}

struct fixture {
	struct served_dgram server;
	ts_ns last_t2[CLIENTS]; /* what the server told each last */
};

static void new_kernel(void)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.at_most = NEVER;
	kernel.refused = NEVER;
}

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	*state = &f;
	new_kernel();
	return served_dgram_open(&f.server, address_loopback(AF_INET, 0));
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	served_dgram_close(&f->server);
	return 0;
}

/* One call of each client, all in one batch. */
static void call_and_serve(const struct fixture *f)
{
	for (uint32_t i = 0; i < CLIENTS; i++) {
		const struct message call = served_call(i);

		served_dgram_send(&f->server, f->server.clients[i], &call, call.len);
	}
	svc_dgram_serve(f->server.transport);
}

static void replies_are_taken_in_part(void **state)
{
	struct fixture *f = *state;

	kernel.at_most = 3;
	call_and_serve(f);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		assert_int_equal(served_dgram_stamps(f->server.clients[i]).xid, i);
	}
}

static void sending_is_interrupted(void **state)
{
	struct fixture *f = *state;

	kernel.interruptions = 3;
	call_and_serve(f);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		assert_int_equal(served_dgram_stamps(f->server.clients[i]).xid, i);
	}
}

/* It is dropped, as the network might have done; the others are sent. */
static void a_reply_is_refused(void **state)
{
	static const int errors[] = { EAGAIN, EPERM, ENETUNREACH, ENOBUFS };
	struct fixture *f = *state;

	for (uint32_t which = 0; which < CLIENTS; which++) {
		new_kernel();
		kernel.refused = which;
		kernel.error = errors[which];
		call_and_serve(f);
		for (uint32_t i = 0; i < CLIENTS; i++) {
			if (i != which) {
				assert_int_equal(served_dgram_stamps(f->server.clients[i]).xid, i);
			}
		}
		assert_false(sockets_readable(f->server.clients[which], 0));
	}
}

/* --- when replies really left ----------------------------------------------------------------- */

static void send_interleaved(const struct fixture *f, int client)
{
	struct message call =
		message_call(0, TIMESYNC_PROG, TIMESYNC_V1, GET_TIMESTAMPS_INTERLEAVED);

	message_u64(&call, 1);
	message_u64(&call, (uint64_t)f->last_t2[client]);
	served_dgram_send(&f->server, f->server.clients[client], &call, call.len);
}

/* Take the reply in. True if the transmit timestamp of the reply before is known and plausible. */
static bool knows_tx_stamp(struct fixture *f, int client)
{
	const struct stamps stamps = served_dgram_stamps(f->server.clients[client]);
	const ts_ns before = f->last_t2[client];

	f->last_t2[client] = stamps.t2;
	if (stamps.prev_tx != 0) {
		assert_true(stamps.prev_tx >= before && stamps.prev_tx <= stamps.t2);
	}
	return stamps.prev_tx != 0;
}

/* All in one batch but for the one client whose reply is refused. */
static void batch_of_all_but(struct fixture *f, unsigned refused)
{
	new_kernel();
	kernel.refused = refused;
	kernel.error = ENOBUFS;
	for (int i = 0; i < CLIENTS; i++) {
		send_interleaved(f, i);
	}
	svc_dgram_serve(f->server.transport);
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (i != refused) {
			knows_tx_stamp(f, (int)i);
		}
	}
}

/* The stamps of that batch are lost, but not those of all that come after it. */
static void a_refused_reply_costs_one_batch(void **state)
{
	struct fixture *f = *state;

	for (unsigned refused = 0; refused < CLIENTS; refused++) {
		batch_of_all_but(f, refused);
		new_kernel();
		send_interleaved(f, 0);
		svc_dgram_serve(f->server.transport);
		knows_tx_stamp(f, 0);
		for (int i = 0; i < 3; i++) {
			send_interleaved(f, 0);
			svc_dgram_serve(f->server.transport);
			assert_true(knows_tx_stamp(f, 0));
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replies_are_taken_in_part),
		TEST(sending_is_interrupted),
		TEST(a_reply_is_refused),
		TEST(a_refused_reply_costs_one_batch),
	};

	return cmocka_run_group_tests_name("svc_dgram_send", tests, NULL, NULL);
}
