/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/rival.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "rpc/client/call.h"
#include "rpc/wire.h"

struct probe {
	struct call_target target;
	struct clock *clock;
	struct mono deadline;
};

/* The server behind a registered address of this machine, as far as a call to it shows. */
static bool shows_life(CLIENT *client, enum clnt_stat status)
{
	struct rpc_err error;

	switch ((int)status) {
	case RPC_PROGUNAVAIL:
	case RPC_PROGVERSMISMATCH: /* another program has its port now */
		return false;
	case RPC_CANTSEND:
	case RPC_CANTRECV:
		clnt_geterr(client, &error);
		return error.re_errno != ECONNREFUSED && error.re_errno != EMSGSIZE &&
		       error.re_errno != EPROTO;
	default:
		return true;
	}
}

static bool lives_at(struct probe *p, const struct address *at)
{
	static const struct timeval stub_timeout;
	const dur_ns left = mono_since(p->deadline, clock_mono(p->clock));
	CLIENT *client;
	bool alive;
	int rc;

	if (left <= 0) {
		return true; /* somebody is silent */
	}
	p->target.to = *at;
	rc = call_open(&client, &p->target, p->clock, left);
	if (rc != 0) {
		return rc == -ETIMEDOUT;
	}
	alive = shows_life(client, clnt_call(client, NULLPROC, wire_void, NULL, wire_void, NULL,
					     stub_timeout));
	clnt_destroy(client);
	return alive;
}

/* Whether this machine has that address; for where the list of them cannot be had. */
static bool is_own(const struct address *at)
{
	struct address a = *at;
	const int fd = socket(a.sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool own;

	if (fd < 0) {
		return false;
	}
	address_set_port(&a, 0);
	own = bind(fd, (const struct sockaddr *)&a.sa, a.len) == 0;
	close(fd);
	return own;
}

static bool lives_at_an_interface(struct probe *p, int family, uint16_t port)
{
	struct ifaddrs *all;
	bool alive = false;

	if (getifaddrs(&all) < 0) {
		return false;
	}
	for (const struct ifaddrs *i = all; i && !alive; i = i->ifa_next) {
		struct address a = address_any(family, 0);

		if (i->ifa_addr && i->ifa_addr->sa_family == family) {
			memcpy(&a.sa, i->ifa_addr, a.len);
			address_set_port(&a, port);
			alive = !address_is_loopback(&a) && lives_at(p, &a);
		}
	}
	freeifaddrs(all);
	return alive;
}

bool rival_lives(rpcprog_t prog, rpcvers_t vers, const struct netid *netid, const char *uaddr,
		 struct clock *clock, dur_ns timeout)
{
	struct probe p = {
		.target = { .socktype = netid->socktype, .prog = prog, .vers = vers },
		.clock = clock,
		.deadline = mono_add(clock_mono(clock), timeout),
	};
	struct address named, loopback;

	if (!address_from_uaddr(&named, netid->family, uaddr) || address_port(&named) == 0) {
		return false;
	}
	loopback = address_loopback(netid->family, address_port(&named));
	return lives_at(&p, &loopback) ||
	       (!address_is_any(&named) && is_own(&named) && lives_at(&p, &named)) ||
	       lives_at_an_interface(&p, netid->family, address_port(&named));
}
