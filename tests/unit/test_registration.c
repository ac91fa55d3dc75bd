/* SPDX-License-Identifier: BSD-3-Clause */
/* Registering with rpcbind: entries that are made, kept and withdrawn, and those left to others. */
#include <errno.h>
#include <rpc/rpc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/server/registration.h"
#include "tests/support/fake_rpcbind.h"
#include "tests/support/scratch.h"

#define PROG 0x20000077
#define VERS 3

static struct fixture {
	struct scratch scratch;
	struct fake_rpcbind rpcbind;
	struct fake_clock clock;
	bool absent;
	bool elsewhere;           /* the local socket is another network's rpcbind's */
	struct fake_rpcbind here; /* this network's, then, unless: */
	bool none_here;
	struct registration ours;
	struct fake_server rival; /* who may be registered before us */
	uint32_t accept_stat;     /* of the rival's answer */
	bool silent, hangs_up, nonsense;
} f;

int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
	const struct fake_rpcbind *rpcbind = &f.rpcbind;

	if (f.elsewhere && to.__sockaddr__->sa_family != AF_UNIX) {
		rpcbind = f.none_here ? NULL : &f.here;
	}
	return fake_rpcbind_connect(f.absent ? NULL : rpcbind, fd, to.__sockaddr__, len);
}

static void answer_as_rival(struct fake_server *s, const struct message *call, void *arg)
{
	struct message reply =
		message_reply(message_get_u32(call->bytes, CALL_XID_AT), f.accept_stat);

	(void)arg;
	assert_int_equal(message_get_u32(call->bytes, CALL_PROG_AT), PROG);
	assert_int_equal(message_get_u32(call->bytes, CALL_VERS_AT), VERS);
	assert_int_equal(message_get_u32(call->bytes, CALL_PROC_AT), NULLPROC);
	if (f.accept_stat == PROG_MISMATCH) {
		message_u32(&reply, 1);
		message_u32(&reply, 1);
	}
	if (f.nonsense) {
		for (int i = 0; i < 1000 && s->connection >= 0; i++) {
			message_set_u32(&reply, REPLY_XID_AT, 0xdeadbeef);
			fake_server_reply(s, &reply);
		}
	} else if (f.hangs_up) {
		fake_server_hang_up(s);
	} else if (!f.silent) {
		fake_server_reply(s, &reply);
	}
}

/* Any server that is asked. */
static bool serve(void *arg)
{
	(void)arg;
	return fake_server_serve(&f.rpcbind.server) || fake_server_serve(&f.rival) ||
	       (f.elsewhere && fake_server_serve(&f.here.server));
}

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	if (scratch_make(&f.scratch) != 0) {
		return -1;
	}
	fake_rpcbind_open(&f.rpcbind, f.scratch.path);
	fake_rpcbind_open(&f.here, NULL);
	fake_server_open(&f.rival, NULL, answer_as_rival, NULL);
	fake_clock_init(&f.clock, 0);
	f.clock.serve = serve;
	f.ours = (struct registration){ .prog = PROG, .vers = VERS, .clock = &f.clock.clock };
	for (size_t i = 0; i < NETIDS; i++) {
		f.ours.places[f.ours.n++] = (struct registration_place){
			.netid = &netids[i],
			.at = address_any(netids[i].family, 0x0102),
		};
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_rpcbind_close(&f.rpcbind);
	fake_rpcbind_close(&f.here);
	fake_server_close(&f.rival);
	scratch_remove(&f.scratch);
	return 0;
}

static enum registration_state renew(void)
{
	return registration_renew(&f.ours).state;
}

static const struct fake_registration *registered(const char *netid)
{
	return fake_rpcbind_find(&f.rpcbind, PROG, VERS, netid);
}

static void check_all_ours(void)
{
	assert_int_equal(f.rpcbind.n, NETIDS);
	for (size_t i = 0; i < NETIDS; i++) {
		const struct fake_registration *e = registered(netids[i].name);

		assert_non_null(e);
		assert_string_equal(e->uaddr,
				    netids[i].family == AF_INET ? "0.0.0.0.1.2" : "::.1.2");
	}
}

/* --- alone ------------------------------------------------------------------------------------ */

static void made_and_kept(void **state)
{
	(void)state;
	assert_int_equal(renew(), REGISTRATION_MADE);
	assert_int_equal(renew(), REGISTRATION_KEPT);
	check_all_ours();
}

static void what_is_lost_is_made_again(void **state)
{
	(void)state;
	assert_int_equal(renew(), REGISTRATION_MADE);
	f.rpcbind.n = 1;
	(void)renew();
	check_all_ours();
	f.rpcbind.n = 0;
	f.ours.rpcbind.pid = -1; /* rpcbind was restarted */
	assert_int_equal(renew(), REGISTRATION_MADE);
	check_all_ours();
}

static void withdrawn(void **state)
{
	(void)state;
	fake_rpcbind_add(&f.rpcbind, PROG, VERS + 1, "udp", "0.0.0.0.1.2", "superuser");
	fake_rpcbind_add(&f.rpcbind, PROG + 1, VERS, "udp", "0.0.0.0.1.2", "superuser");
	assert_int_equal(renew(), REGISTRATION_MADE);
	assert_int_equal(f.rpcbind.n, 2 + NETIDS);
	registration_withdraw(&f.ours);
	assert_int_equal(f.rpcbind.n, 2);
	fake_rpcbind_add(&f.rpcbind, PROG, VERS, "tcp", "0.0.0.0.9.9", "superuser");
	registration_withdraw(&f.ours); /* which is another one's */
	assert_int_equal(f.rpcbind.n, 3);
}

/* However much others have registered, so that rpcbind's list is too long to be had. */
static void a_list_that_is_too_long(void **state)
{
	(void)state;
	f.rpcbind.long_list = true;
	assert_int_equal(renew(), REGISTRATION_MADE);
	assert_int_equal(renew(), REGISTRATION_KEPT);
	check_all_ours();
	registration_withdraw(&f.ours);
	assert_int_equal(f.rpcbind.n, 0);
}

/* It costs one timeout, not one for each place. */
static void withdrawn_from_one_that_hangs(void **state)
{
	struct mono before;

	(void)state;
	assert_int_equal(renew(), REGISTRATION_MADE);
	before = f.clock.mono;
	f.rpcbind.unheard = 100;
	registration_withdraw(&f.ours);
	assert_in_range(mono_since(f.clock.mono, before), 1, 2 * NS_PER_SEC);
}

static void no_rpcbind(void **state)
{
	struct registration_result r;

	(void)state;
	f.absent = true;
	r = registration_renew(&f.ours);
	assert_int_equal(r.state, REGISTRATION_NO_RPCBIND);
	assert_int_equal(r.error, -ENOENT);
	registration_withdraw(&f.ours); /* has nothing to do */
}

static void rpcbind_fails(void **state)
{
	struct registration_result r;

	(void)state;
	f.rpcbind.refuses = true;
	r = registration_renew(&f.ours);
	assert_int_equal(r.state, REGISTRATION_DENIED);
	assert_string_equal(r.netid->name, "udp");
	f.rpcbind.accept_stat = SYSTEM_ERR;
	r = registration_renew(&f.ours);
	assert_int_equal(r.state, REGISTRATION_FAILED);
	assert_int_equal(r.error, -EPROTO);
	f.rpcbind.unheard = 100;
	r = registration_renew(&f.ours);
	assert_int_equal(r.state, REGISTRATION_FAILED);
	assert_int_equal(r.error, -ETIMEDOUT);
}

/* --- an rpcbind of another network, with which this one shares a /run ---------------------------
 */

static void check_elsewhere(void)
{
	fake_rpcbind_add(&f.rpcbind, PROG, VERS, "udp", "0.0.0.0.1.2", "superuser"); /* theirs */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(renew(), REGISTRATION_ELSEWHERE);
		assert_int_equal(f.rpcbind.n, 1);
		assert_int_equal(f.here.n, 0);
	}
	registration_withdraw(&f.ours);
	assert_int_equal(f.rpcbind.n, 1);
}

static void another_networks_rpcbind(void **state)
{
	(void)state;
	f.elsewhere = f.none_here = true;
	check_elsewhere();
}

static void another_networks_rpcbind_beside_our_own(void **state)
{
	(void)state;
	f.elsewhere = true;
	check_elsewhere();
}

/* --- beside another --------------------------------------------------------------------------- */

/* Register the rival, or another address in its place, on `netid`. */
static void register_rival(const char *netid, const char *uaddr)
{
	struct address at = address_any(AF_INET, 0);
	char buf[ADDRESS_TEXT_MAX];

	address_set_port(&at, address_port(strcmp(netid, "tcp") == 0 ? &f.rival.stream_at
								     : &f.rival.dgram_at));
	f.rpcbind.n = 0;
	fake_rpcbind_add(&f.rpcbind, PROG, VERS, netid, uaddr ? uaddr : address_to_uaddr(&at, buf),
			 "65534");
}

static void check_taken(const char *netid)
{
	struct registration_result r;
	char uaddr[ADDRESS_TEXT_MAX];

	register_rival(netid, NULL);
	strcpy(uaddr, registered(netid)->uaddr);
	r = registration_renew(&f.ours);
	assert_int_equal(r.state, REGISTRATION_TAKEN);
	assert_string_equal(r.netid->name, netid);
	assert_string_equal(r.holder.uaddr, uaddr);
	assert_string_equal(r.holder.owner, "65534");
	assert_string_equal(registered(netid)->uaddr, uaddr);
}

static void check_replaced(const char *netid, const char *uaddr)
{
	register_rival(netid, uaddr);
	assert_int_equal(renew(), REGISTRATION_MADE);
	check_all_ours();
}

static void one_that_answers_is_left_alone(void **state)
{
	(void)state;
	check_taken("udp");
	check_taken("tcp");
}

/* Also when all that can be learned of it is its port. */
static void one_that_is_not_in_the_list_is_left_alone(void **state)
{
	struct registration_result r;

	(void)state;
	f.rpcbind.long_list = true;
	register_rival("udp", NULL);
	r = registration_renew(&f.ours);
	assert_int_equal(r.state, REGISTRATION_TAKEN);
	assert_string_equal(r.holder.owner, "unknown");
	assert_string_equal(r.holder.uaddr, registered("udp")->uaddr);
}

/* Clients go to the address at which they have asked rpcbind, so it is found there. */
static void one_under_a_strange_address_is_left_alone(void **state)
{
	struct address at;
	char uaddr[ADDRESS_TEXT_MAX];

	(void)state;
	assert_true(address_parse(&at, "192.0.2.7"));
	address_set_port(&at, address_port(&f.rival.dgram_at));
	register_rival("udp", address_to_uaddr(&at, uaddr));
	assert_int_equal(renew(), REGISTRATION_TAKEN);
}

/* A server that sends an endless stream without RPC. */
static void one_that_talks_nonsense_is_no_server(void **state)
{
	(void)state;
	f.nonsense = true;
	check_replaced("tcp", NULL);
}

static void a_place_that_was_taken_meanwhile(void **state)
{
	struct registration_result r;

	(void)state;
	assert_int_equal(renew(), REGISTRATION_MADE);
	register_rival("udp", "nonsense");
	r = registration_renew(&f.ours);
	assert_int_equal(r.state, REGISTRATION_MADE);
	assert_true(r.robbed);
	assert_string_equal(r.holder.owner, "65534");
	assert_string_equal(r.netid->name, "udp");
	assert_false(registration_renew(&f.ours).robbed);
}

/* Stopped, or not for this host: its port is in use. */
static void one_that_is_silent_is_left_alone(void **state)
{
	(void)state;
	f.silent = true;
	check_taken("udp");
	check_taken("tcp");
	f.hangs_up = true;
	check_taken("tcp");
}

static void a_closed_port_is_a_dead_server(void **state)
{
	(void)state;
	close(f.rival.dgram);
	close(f.rival.stream);
	f.rival.dgram = f.rival.stream = -1;
	check_replaced("udp", NULL);
	check_replaced("tcp", NULL);
}

/* Or of another version of ours, under the name of this one. */
static void a_port_of_another_program_is_a_dead_server(void **state)
{
	(void)state;
	f.accept_stat = PROG_UNAVAIL;
	check_replaced("udp", NULL);
	check_replaced("tcp", NULL);
	f.accept_stat = PROG_MISMATCH;
	check_replaced("udp", NULL);
}

static void an_address_that_is_none_is_a_dead_server(void **state)
{
	(void)state;
	check_replaced("udp", "");
	check_replaced("udp", "nonsense");
	check_replaced("tcp6", "0.0.0.0.1.2");
}

static void a_dead_servers_entry_may_have_to_stay(void **state)
{
	struct registration_result r;

	(void)state;
	f.rpcbind.keeps = true;
	register_rival("udp", "nonsense");
	r = registration_renew(&f.ours);
	assert_int_equal(r.state, REGISTRATION_STALE);
	assert_string_equal(r.netid->name, "udp");
	assert_string_equal(r.holder.owner, "65534");
	assert_string_equal(registered("udp")->uaddr, "nonsense");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(made_and_kept),
		TEST(what_is_lost_is_made_again),
		TEST(withdrawn),
		TEST(a_list_that_is_too_long),
		TEST(withdrawn_from_one_that_hangs),
		TEST(no_rpcbind),
		TEST(rpcbind_fails),
		TEST(another_networks_rpcbind),
		TEST(another_networks_rpcbind_beside_our_own),
		TEST(one_that_answers_is_left_alone),
		TEST(one_that_is_not_in_the_list_is_left_alone),
		TEST(one_under_a_strange_address_is_left_alone),
		TEST(one_that_talks_nonsense_is_no_server),
		TEST(a_place_that_was_taken_meanwhile),
		TEST(one_that_is_silent_is_left_alone),
		TEST(a_closed_port_is_a_dead_server),
		TEST(a_port_of_another_program_is_a_dead_server),
		TEST(an_address_that_is_none_is_a_dead_server),
		TEST(a_dead_servers_entry_may_have_to_stay),
	};

	return cmocka_run_group_tests_name("registration", tests, NULL, NULL);
}
