/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/rpcbind.h"

#include <errno.h>
#include <netinet/in.h>
#include <rpc/pmap_prot.h>
#include <rpc/rpcb_prot.h>
#include <stdio.h>
#include <string.h>

#include "core/printable.h"
#include "os/entropy.h"
#include "rpc/wire.h"

/* A lost datagram is asked again: this is not a measurement. */
#define TRIES 3

static const struct timeval stub_timeout; /* not used by the transports of rpc/client/call.h */

/* One call. 0 or -errno; -EPROTONOSUPPORT when it does not speak that version. */
static int ask(CLIENT *rpcbind, rpcproc_t proc, xdrproc_t encode, void *args, xdrproc_t decode,
	       void *result)
{
	int rc;

	if (clnt_call(rpcbind, proc, encode, args, decode, result, stub_timeout) == RPC_SUCCESS) {
		return 0;
	}
	rc = call_error(rpcbind);
	return rc == -EBADMSG || rc == -EOPNOTSUPP ? -EPROTO : rc;
}

/* The same with an RPCB: a registration, or the question for one. */
static int ask_about(CLIENT *rpcbind, rpcproc_t proc, rpcprog_t prog, rpcvers_t vers,
		     const struct netid *netid, const char *uaddr, xdrproc_t decode, void *result)
{
	char name[8], address[ADDRESS_TEXT_MAX];
	char nobody[] = ""; /* rpcbind gets our user from the socket */
	RPCB args = {
		.r_prog = prog,
		.r_vers = vers,
		.r_netid = name,
		.r_addr = address,
		.r_owner = nobody,
	};

	snprintf(name, sizeof(name), "%s", netid->name);
	snprintf(address, sizeof(address), "%s", uaddr);
	return ask(rpcbind, proc, (xdrproc_t)xdr_rpcb, &args, decode, result);
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
		rc = ask(rpcbind, NULLPROC, wire_void, NULL, wire_void, NULL);
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

/* By versions 4 and 3: the universal address of a program, "" if it is not registered. */
static int ask_uaddr(CLIENT *rpcbind, rpcproc_t proc, const struct address *host,
		     const struct netid *netid, rpcprog_t prog, rpcvers_t vers,
		     char uaddr[ADDRESS_TEXT_MAX])
{
	char known[ADDRESS_TEXT_MAX]; /* which of its addresses we reach it by */
	char *answer = NULL;
	int rc = ask_about(rpcbind, proc, prog, vers, netid, address_to_uaddr(host, known),
			   (xdrproc_t)xdr_wrapstring, &answer);

	if (rc == 0 && snprintf(uaddr, ADDRESS_TEXT_MAX, "%s", answer) >= ADDRESS_TEXT_MAX) {
		rc = -EPROTO;
	}
	clnt_freeres(rpcbind, (xdrproc_t)xdr_wrapstring, &answer); /* of a damaged answer too */
	return rc;
}

static int ask_address(CLIENT *rpcbind, rpcproc_t proc, const struct address *host,
		       const struct netid *netid, rpcprog_t prog, rpcvers_t vers, uint16_t *port)
{
	char uaddr[ADDRESS_TEXT_MAX];
	const int rc = ask_uaddr(rpcbind, proc, host, netid, prog, vers, uaddr);

	return rc == 0 ? port_of(uaddr, port) : rc;
}

int rpcbind_named(struct address *out, CLIENT *rpcbind, const struct address *host, int socktype,
		  rpcprog_t prog, rpcvers_t vers)
{
	const struct netid *netid = netid_of(host->sa.ss_family, socktype);
	rpcvers_t speaks = RPCBVERS4;
	char uaddr[ADDRESS_TEXT_MAX];
	int rc;

	memset(out, 0, sizeof(*out));
	(void)clnt_control(rpcbind, CLGET_VERS, (char *)&speaks);
	if (speaks < RPCBVERS) { /* a portmapper names ports only */
		return -EPROTONOSUPPORT;
	}
	rc = ask_uaddr(rpcbind, RPCBPROC_GETADDR, host, netid, prog, vers, uaddr);
	if (rc == 0 && uaddr[0] == '\0') {
		rc = -ENOENT;
	} else if (rc == 0 && !address_from_uaddr(out, netid->family, uaddr)) {
		rc = -EPROTO;
	}
	out->len = rc == 0 ? out->len : 0;
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
	int rc = ask(rpcbind, PMAPPROC_GETPORT, (xdrproc_t)xdr_pmap, &args, (xdrproc_t)xdr_u_int,
		     &answer);

	if (rc == 0 && answer > UINT16_MAX) {
		rc = -EPROTO;
	}
	*port = (uint16_t)answer;
	return rc == 0 && answer == 0 ? -ENOENT : rc;
}

/* By RPCBPROC_GETADDR or, of that version only, RPCBPROC_GETVERSADDR: 0, or as rpcbind_port. */
static int ask_port(CLIENT *rpcbind, rpcproc_t proc, const struct address *host,
		    const struct netid *netid, rpcprog_t prog, rpcvers_t vers, uint16_t *port)
{
	const rpcvers_t oldest = netid->family == AF_INET ? PMAPVERS : RPCBVERS;
	rpcvers_t speaks;
	int rc;

	do {
		(void)clnt_control(rpcbind, CLGET_VERS, (char *)&speaks);
		if (speaks < oldest) { /* as rpcbind_ping has found */
			return -EPROTONOSUPPORT;
		}
		rc = speaks == PMAPVERS ? ask_portmapper(rpcbind, netid, prog, vers, port)
					: ask_address(rpcbind, proc, host, netid, prog, vers, port);
	} while (rc == -EPROTONOSUPPORT && go_back(rpcbind, oldest));
	return rc;
}

int rpcbind_port(CLIENT *rpcbind, const struct address *host, int socktype, rpcprog_t prog,
		 rpcvers_t vers, uint16_t *port)
{
	return ask_port(rpcbind, RPCBPROC_GETADDR, host, netid_of(host->sa.ss_family, socktype),
			prog, vers, port);
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

/* --- registrations ---------------------------------------------------------------------------- */

int rpcbind_open_local(CLIENT **out, struct clock *clock, dur_ns timeout)
{
	struct call_target target = {
		.socktype = SOCK_STREAM,
		.prog = RPCBPROG,
		.vers = RPCBVERS4,
	};

	if (!address_unix(&target.to, _PATH_RPCBINDSOCK)) {
		return -ENAMETOOLONG;
	}
	return call_open(out, &target, clock, timeout);
}

static void take_entry(struct rpcbind_entry *out, const RPCB *e)
{
	out->vers = e->r_vers;
	out->netid = netid_named(e->r_netid);
	snprintf(out->uaddr, sizeof(out->uaddr), "%s", e->r_addr);
	printable_copy(out->owner, sizeof(out->owner), e->r_owner);
}

/* Copy the entries of that version (or of the others). Returns their number. */
static size_t take_entries(struct rpcbind_entry *out, size_t max, const rpcblist *list,
			   rpcprog_t prog, rpcvers_t vers, bool others)
{
	size_t n = 0;

	for (; list && n < max; list = list->rpcb_next) {
		const RPCB *e = &list->rpcb_map;

		if (e->r_prog == prog && netid_named(e->r_netid) && (e->r_vers == vers) != others) {
			take_entry(&out[n++], e);
		}
	}
	return n;
}

int rpcbind_list(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, struct rpcbind_entry *out,
		 size_t max, size_t *n)
{
	rpcblist_ptr list = NULL;
	rpcvers_t speaks = RPCBVERS4;
	int rc;

	*n = 0;
	(void)clnt_control(rpcbind, CLGET_VERS, (char *)&speaks);
	if (speaks == PMAPVERS) { /* its list has another form */
		return -EPROTONOSUPPORT;
	}
	rc = ask(rpcbind, RPCBPROC_DUMP, wire_void, NULL, (xdrproc_t)xdr_rpcblist_ptr, &list);
	if (rc == 0) {
		*n = take_entries(out, max, list, prog, vers, false);
		*n += take_entries(out + *n, max - *n, list, prog, vers, true);
	}
	clnt_freeres(rpcbind, (xdrproc_t)xdr_rpcblist_ptr, &list); /* of a damaged answer too */
	return rc;
}

int rpcbind_lookup(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		   struct rpcbind_entry *out)
{
	struct rpcbind_entry all[NETIDS]; /* a version has one of each */
	size_t n;
	int rc = rpcbind_list(rpcbind, prog, vers, all, NETIDS, &n);

	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < n; i++) {
		if (all[i].vers == vers && all[i].netid == netid) {
			*out = all[i];
			return 0;
		}
	}
	return -ENOENT;
}

int rpcbind_set(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		const struct address *at)
{
	char uaddr[ADDRESS_TEXT_MAX];
	bool_t done = FALSE;
	const int rc = ask_about(rpcbind, RPCBPROC_SET, prog, vers, netid,
				 address_to_uaddr(at, uaddr), (xdrproc_t)xdr_bool, &done);

	return rc == 0 && !done ? -EEXIST : rc;
}

int rpcbind_unset(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid)
{
	bool_t done = FALSE; /* it says so in any case */

	return ask_about(rpcbind, RPCBPROC_UNSET, prog, vers, netid, "", (xdrproc_t)xdr_bool,
			 &done);
}

/* --- which rpcbind is it? -------------------------------------------------------------------- */

/* The programs that nobody owns (RFC 5531, section 13.1): one of them is ours for an instant. */
#define TRANSIENT_FIRST 0x40000000
#define TRANSIENT_MASK  0x1fffffff
#define MARKER_VERSION  1

int rpcbind_port_here(uint16_t *port, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		      struct clock *clock, dur_ns timeout)
{
	const struct address host = address_loopback(netid->family, RPCBIND_PORT);
	CLIENT *rpcbind;
	int rc = rpcbind_open(&rpcbind, &host, netid->socktype, clock, timeout);

	if (rc == 0) {
		rc = ask_port(rpcbind, RPCBPROC_GETVERSADDR, &host, netid, prog, vers, port);
		clnt_destroy(rpcbind);
	}
	return rc;
}

/* Whether a registration through `local` is visible on this network: 0, or as rpcbind_port_here. */
static int find_marker(CLIENT *local, rpcprog_t marker, const struct netid *netid,
		       struct clock *clock, dur_ns timeout)
{
	const struct address at = address_any(netid->family, RPCBIND_PORT); /* which is in use */
	uint16_t port;
	int rc = rpcbind_set(local, marker, MARKER_VERSION, netid, &at);

	if (rc != 0) {
		return rc;
	}
	rc = rpcbind_port_here(&port, marker, MARKER_VERSION, netid, clock, timeout);
	(void)rpcbind_unset(local, marker, MARKER_VERSION, netid);
	return rc;
}

bool rpcbind_is_elsewhere(CLIENT *local, struct clock *clock, dur_ns timeout)
{
	uint32_t marker;

	if (entropy_fill(&marker, sizeof(marker)) != 0) {
		return false;
	}
	marker = TRANSIENT_FIRST | (marker & TRANSIENT_MASK);
	for (size_t i = 0; i < NETIDS; i++) {
		const int rc = find_marker(local, marker, &netids[i], clock, timeout);

		if (rc == -ENOENT) {
			return true;
		}
		/* Without IPv6 in either of them there is nothing to learn from it. */
		if (rc != -ECONNREFUSED && rc != -EAFNOSUPPORT && rc != -EADDRNOTAVAIL &&
		    rc != -ENETUNREACH) {
			return false; /* it is found, or nobody can say */
		}
	}
	return true; /* nobody listens on this network */
}
