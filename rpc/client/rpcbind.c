/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/rpcbind.h"

#include <errno.h>
#include <netinet/in.h>
#include <rpc/pmap_prot.h>
#include <rpc/rpcb_prot.h>
#include <stdio.h>

#include "rpc/client/rpcbind_private.h"
#include "rpc/wire.h"

/* A lost datagram is asked again: this is not a measurement. */
#define TRIES 3

static const struct timeval stub_timeout; /* not used by the transports of rpc/client/call.h */

int rpcbind_ask(CLIENT *rpcbind, rpcproc_t proc, xdrproc_t encode, void *args, xdrproc_t decode,
		void *result)
{
	struct rpc_err error;
	enum clnt_stat status =
		clnt_call(rpcbind, proc, encode, args, decode, result, stub_timeout);

	switch ((int)status) {
	case RPC_SUCCESS:
		return 0;
	case RPC_TIMEDOUT:
		return -ETIMEDOUT;
	case RPC_CANTSEND:
	case RPC_CANTRECV:
		clnt_geterr(rpcbind, &error);
		return error.re_errno ? -error.re_errno : -EIO;
	case RPC_PROGVERSMISMATCH:
		return -EPROTONOSUPPORT;
	default:
		return -EPROTO;
	}
}

int rpcbind_open(CLIENT **out, const struct address *host, int socktype, struct clock *clock,
		 dur_ns timeout)
{
	struct call_target target = {
		.to = *host,
		.socktype = socktype,
		.prog = RPCBPROG,
		.vers = RPCBVERS4,
	};

	address_set_port(&target.to, RPCBIND_PORT);
	return call_open(out, &target, clock, timeout);
}

/* Whether it goes on with an older version, of those that it may speak: 4, 3 and 2. */
static bool go_back(CLIENT *rpcbind, rpcvers_t oldest)
{
	rpcvers_t vers;

	if (!clnt_control(rpcbind, CLGET_VERS, (char *)&vers) || vers <= oldest) {
		return false;
	}
	vers--;
	return clnt_control(rpcbind, CLSET_VERS, (char *)&vers);
}

int rpcbind_ping(CLIENT *rpcbind)
{
	int rc;

	do {
		rc = rpcbind_ask(rpcbind, NULLPROC, wire_void, NULL, wire_void, NULL);
	} while (rc == -EPROTONOSUPPORT && go_back(rpcbind, PMAPVERS));
	return rc;
}

/* --- where a program is ---------------------------------------------------------------------- */

/* The port of a universal address, whichever family its host is of. 0, -ENOENT or -EPROTO. */
static int port_of(const char *uaddr, uint16_t *port)
{
	struct address a;

	if (uaddr[0] == '\0') {
		return -ENOENT;
	}
	if (!address_from_uaddr(&a, AF_INET, uaddr) && !address_from_uaddr(&a, AF_INET6, uaddr)) {
		return -EPROTO;
	}
	*port = address_port(&a);
	return *port != 0 ? 0 : -EPROTO;
}

int rpcbind_place(struct address *out, const struct address *host, const char *uaddr)
{
	uint16_t port;
	const int rc = port_of(uaddr, &port);

	if (rc == 0) {
		*out = *host;
		address_set_port(out, port);
	}
	return rc;
}

/* By versions 4 and 3. */
static int ask_address(CLIENT *rpcbind, rpcproc_t proc, const struct address *host,
		       const struct netid *netid, rpcprog_t prog, rpcvers_t vers, uint16_t *port)
{
	char netid_name[8];
	char known[ADDRESS_TEXT_MAX];
	char nobody[] = "";
	RPCB args = { .r_prog = prog, .r_vers = vers, .r_netid = netid_name, .r_owner = nobody };
	char *uaddr = NULL;
	int rc;

	snprintf(netid_name, sizeof(netid_name), "%s", netid->name);
	args.r_addr = known;
	address_to_uaddr(host, known); /* which of its addresses we reach it by */
	rc = rpcbind_ask(rpcbind, proc, (xdrproc_t)xdr_rpcb, &args, (xdrproc_t)xdr_wrapstring,
			 &uaddr);
	if (rc == 0) {
		rc = port_of(uaddr, port);
	}
	clnt_freeres(rpcbind, (xdrproc_t)xdr_wrapstring, &uaddr); /* of a damaged answer too */
	return rc;
}

/* By version 2, the portmapper, which knows IPv4 only. */
static int ask_portmapper(CLIENT *rpcbind, const struct netid *netid, rpcprog_t prog,
			  rpcvers_t vers, uint16_t *port)
{
	struct pmap args = {
		.pm_prog = prog,
		.pm_vers = vers,
		.pm_prot = netid->socktype == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP,
	};
	u_int answer = 0;
	int rc = rpcbind_ask(rpcbind, PMAPPROC_GETPORT, (xdrproc_t)xdr_pmap, &args,
			     (xdrproc_t)xdr_u_int, &answer);

	if (rc == 0 && answer > UINT16_MAX) {
		rc = -EPROTO;
	}
	*port = (uint16_t)answer;
	return rc == 0 && answer == 0 ? -ENOENT : rc;
}

int rpcbind_ask_port(CLIENT *rpcbind, rpcproc_t proc, const struct address *host,
		     const struct netid *netid, rpcprog_t prog, rpcvers_t vers, uint16_t *port)
{
	const rpcvers_t oldest = netid->family == AF_INET ? PMAPVERS : RPCBVERS;
	rpcvers_t speaks;
	int rc;

	do {
		(void)clnt_control(rpcbind, CLGET_VERS, (char *)&speaks);
		rc = speaks == PMAPVERS ? ask_portmapper(rpcbind, netid, prog, vers, port)
					: ask_address(rpcbind, proc, host, netid, prog, vers, port);
	} while (rc == -EPROTONOSUPPORT && go_back(rpcbind, oldest));
	return rc;
}

int rpcbind_port(CLIENT *rpcbind, const struct address *host, int socktype, rpcprog_t prog,
		 rpcvers_t vers, uint16_t *port)
{
	return rpcbind_ask_port(rpcbind, RPCBPROC_GETADDR, host,
				netid_of(host->sa.ss_family, socktype), prog, vers, port);
}

/* A program that is looked for. */
struct search {
	const struct address *host;
	rpcprog_t prog;
	rpcvers_t vers;
	struct clock *clock;
	struct mono deadline;
	dur_ns patience; /* with one question */
};

/* Let the next questions take no longer than there is time. False when there is none. */
static bool limit(CLIENT *rpcbind, const struct search *s)
{
	const dur_ns left = mono_since(s->deadline, clock_mono(s->clock));

	call_set_timeout(rpcbind, left < s->patience ? left : s->patience);
	return left > 0;
}

static int look(const struct search *s, int socktype, uint16_t *port)
{
	const int tries = socktype == SOCK_DGRAM ? TRIES : 1;
	CLIENT *rpcbind;
	int rc = rpcbind_open(&rpcbind, s->host, socktype, s->clock, s->patience);

	if (rc != 0) {
		return rc;
	}
	rc = -ETIMEDOUT;
	for (int i = 0; i < tries && rc == -ETIMEDOUT && limit(rpcbind, s); i++) {
		rc = rpcbind_port(rpcbind, s->host, socktype, s->prog, s->vers, port);
	}
	clnt_destroy(rpcbind);
	return rc;
}

int rpcbind_find(struct address *out, const struct address *host, int socktype, rpcprog_t prog,
		 rpcvers_t vers, struct clock *clock, dur_ns timeout)
{
	struct search s = {
		.host = host,
		.prog = prog,
		.vers = vers,
		.clock = clock,
		.deadline = mono_add(clock_mono(clock), timeout),
		.patience = socktype == SOCK_DGRAM ? timeout / TRIES : timeout,
	};
	uint16_t port;
	int rc = look(&s, socktype, &port);

	if (rc == -ENOENT) { /* rpcbind answers of the transport that it is asked over */
		const int other = socktype == SOCK_DGRAM ? SOCK_STREAM : SOCK_DGRAM;

		s.patience = timeout / TRIES;
		return look(&s, other, &port) == 0 ? -EPROTOTYPE : -ENOENT;
	}
	if (rc == 0) {
		*out = *host;
		address_set_port(out, port);
	}
	return rc;
}
