/* SPDX-License-Identifier: BSD-3-Clause */
/* The datagram transport over real sockets: the addresses and the stamps of its replies. */
#include <errno.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/between.h"
#include "tests/support/served_dgram.h"
#include "tests/support/sockets.h"

#define XID  100
#define LONG 4000 /* octets, as a server may allow */

/* --- addresses -------------------------------------------------------------------------------- */

/* Ask the server at one of its addresses: a connected socket hears from no other address. */
static void check_one_call(const struct served_dgram *s, const char *host)
{
	const struct message call = served_call(XID);
	struct address asked;
	int client;

	assert_true(address_parse(&asked, host));
	address_set_port(&asked, address_port(&s->at));
	client = sockets_connect(&asked, SOCK_DGRAM);
	served_dgram_send(s, client, &call, call.len);
	svc_dgram_serve(s->transport);
	assert_int_equal(served_dgram_stamps(client).xid, XID);
	close(client);
}

static void bound_to_an_address(void **state)
{
	struct served_dgram s;

	(void)state;
	assert_int_equal(served_dgram_open(&s, address_loopback(AF_INET, 0)), 0);
	check_one_call(&s, "127.0.0.1");
	served_dgram_close(&s);
}

static void bound_to_an_address_of_ipv6(void **state)
{
	struct served_dgram s;

	(void)state;
	assert_int_equal(served_dgram_open(&s, address_loopback(AF_INET6, 0)), 0);
	check_one_call(&s, "::1");
	served_dgram_close(&s);
}

/* All of 127.0.0.0/8 is this machine's; without care a reply would come from 127.0.0.1. */
static void the_reply_leaves_from_the_address_asked(void **state)
{
	struct served_dgram s;

	(void)state;
	assert_int_equal(served_dgram_open(&s, address_any(AF_INET, 0)), 0);
	check_one_call(&s, "127.0.0.1");
	check_one_call(&s, "127.0.0.5");
	check_one_call(&s, "127.200.1.2");
	served_dgram_close(&s);
}

/* Of IPv6, and of IPv4 over a socket of IPv6. */
static void the_wildcard_of_ipv6(void **state)
{
	struct served_dgram s;

	(void)state;
	assert_int_equal(served_dgram_open(&s, address_any(AF_INET6, 0)), 0);
	check_one_call(&s, "::1");
	check_one_call(&s, "::ffff:127.0.0.5");
	served_dgram_close(&s);
}

static bool forbids_fragments(int fd)
{
	int how;
	socklen_t len = sizeof(how);

	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, &len), 0);
	return how == IP_PMTUDISC_PROBE;
}

/* Those go in one piece anyway; longer ones, such as a group's, may not. */
static void only_short_replies_must_not_be_fragmented(void **state)
{
	struct address at = address_loopback(AF_INET, 0);
	struct svc_dgram *transport;
	struct served served;
	int fd;

	(void)state;
	assert_int_equal(served_open(&served), 0);
	for (size_t longer = 0; longer <= 1; longer++) {
		served.admission.call_max = longer * LONG;
		served.admission.reply_max = longer * LONG;
		fd = sockets_bind(&at, SOCK_DGRAM);
		assert_int_equal(svc_dgram_open(&transport, fd, &served.admission), 0);
		assert_int_equal(forbids_fragments(fd), !longer);
		svc_dgram_close(transport);
		close(fd);
	}
	served_close(&served);
}

static void a_socket_that_cannot_be_served(void **state)
{
	struct served served;
	struct svc_dgram *transport;

	(void)state;
	assert_int_equal(served_open(&served), 0);
	assert_int_equal(svc_dgram_open(&transport, -1, &served.admission), -EBADF);
	served_close(&served);
}

/* --- stamps ----------------------------------------------------------------------------------- */

static ts_ns realtime(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

/* Send a call, and serve it later: the reply, and when the call was sent. */
static struct stamps serve_late(struct served_dgram *s, ts_ns *before, ts_ns *after)
{
	const struct message call = served_call(XID);

	*before = realtime();
	served_dgram_send(s, s->clients[0], &call, call.len);
	*after = realtime();
	usleep(2000);
	svc_dgram_serve(s->transport);
	return served_dgram_stamps(s->clients[0]);
}

/* The arrival is the kernel's, on the served clock's scale, however late the call is served. */
static void rx_and_tx_stamps(void **state)
{
	const dur_ns ahead = -1000 * NS_PER_SEC;
	struct served_dgram s;
	struct stamps stamps;
	ts_ns before, after;

	(void)state;
	assert_int_equal(served_dgram_open(&s, address_loopback(AF_INET, 0)), 0);
	s.served.clock.ahead = ahead;
	s.served.clock.now = 12345;
	stamps = serve_late(&s, &before, &after);
	/* A kernel that nobody asked for stamps before begins with them a moment later. */
	for (int i = 0; i < 100 && stamps.t2 > after + ahead; i++) {
		stamps = serve_late(&s, &before, &after);
	}
	assert_int_equal(stamps.t1, XID);
	assert_between(before + ahead, stamps.t2, after + ahead);
	assert_int_equal(stamps.t3, 12345);
	served_dgram_close(&s);
}

/* A clock that moves on with each reading tells how often it was read. */
static void check_batch(struct served_dgram *s, unsigned calls, unsigned every)
{
	const ts_ns first = s->served.clock.now;

	for (unsigned i = 0; i < calls; i++) {
		const struct message call = served_call(i);

		served_dgram_send(s, s->clients[0], &call, call.len);
	}
	svc_dgram_serve(s->transport);
	assert_int_equal(s->served.clock.now - first, (calls + every - 1) / every);
	for (unsigned i = 0; i < calls; i++) {
		const struct stamps stamps = served_dgram_stamps(s->clients[0]);

		assert_int_equal(stamps.xid, i);
		assert_int_equal(stamps.t3, first + i / every);
	}
}

static void tx_stamps_of_batches(void **state)
{
	struct served_dgram s;

	(void)state;
	assert_int_equal(served_dgram_open(&s, address_loopback(AF_INET, 0)), 0);
	s.served.clock.tick = 1;
	check_batch(&s, 1, 1);
	check_batch(&s, 8, 1);
	check_batch(&s, 9, 16);
	check_batch(&s, 32, 16);
	served_dgram_close(&s);
}

/* --- when replies really left ----------------------------------------------------------------- */

static struct stamps interleaved(const struct served_dgram *s, int client, ts_ns prev_t2)
{
	struct message call =
		message_call(XID, TIMESYNC_PROG, TIMESYNC_V1, GET_TIMESTAMPS_INTERLEAVED);

	message_u64(&call, 1);
	message_u64(&call, (uint64_t)prev_t2);
	served_dgram_send(s, client, &call, call.len);
	svc_dgram_serve(s->transport);
	return served_dgram_stamps(client);
}

static void check_interleaved(struct address at)
{
	const dur_ns ahead = 1000 * NS_PER_SEC;
	struct served_dgram s;
	ts_ns last = 0;

	assert_int_equal(served_dgram_open(&s, at), 0);
	s.served.clock.ahead = ahead;
	for (int i = 0; i < 5; i++) {
		const ts_ns earliest = realtime() + ahead;
		const struct stamps stamps = interleaved(&s, s.clients[0], last);

		assert_between(earliest, stamps.t2, realtime() + ahead);
		if (i == 0) {
			assert_int_equal(stamps.prev_tx, 0);
		} else {
			assert_between(last, stamps.prev_tx, earliest);
		}
		last = stamps.t2;
	}
	assert_int_equal(interleaved(&s, s.clients[0], last - 1).prev_tx, 0);
	assert_int_equal(interleaved(&s, s.clients[1], last).prev_tx, 0); /* is not its own */
	served_dgram_close(&s);
}

static void the_kernel_tells_when_replies_left(void **state)
{
	(void)state;
	check_interleaved(address_loopback(AF_INET, 0));
	check_interleaved(address_any(AF_INET, 0));
}

static void the_kernel_tells_of_ipv6_too(void **state)
{
	(void)state;
	check_interleaved(address_loopback(AF_INET6, 0));
	check_interleaved(address_any(AF_INET6, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bound_to_an_address),
		cmocka_unit_test(bound_to_an_address_of_ipv6),
		cmocka_unit_test(the_reply_leaves_from_the_address_asked),
		cmocka_unit_test(the_wildcard_of_ipv6),
		cmocka_unit_test(only_short_replies_must_not_be_fragmented),
		cmocka_unit_test(a_socket_that_cannot_be_served),
		cmocka_unit_test(rx_and_tx_stamps),
		cmocka_unit_test(tx_stamps_of_batches),
		cmocka_unit_test(the_kernel_tells_when_replies_left),
		cmocka_unit_test(the_kernel_tells_of_ipv6_too),
	};

	return cmocka_run_group_tests_name("svc_dgram", tests, NULL, NULL);
}
