/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/rpcbind.h"

#include <errno.h>
#include <rpc/pmap_prot.h>
#include <rpc/rpcb_prot.h>
#include <stdio.h>
#include <sys/random.h>

#include "core/printable.h"
#include "rpc/client/rpcbind_private.h"
#include "rpc/wire.h"

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
	rc = rpcbind_ask(rpcbind, RPCBPROC_DUMP, wire_void, NULL, (xdrproc_t)xdr_rpcblist_ptr,
			 &list);
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

/* SET or UNSET of a registration, and whether rpcbind did it. */
static int change(CLIENT *rpcbind, rpcproc_t proc, rpcprog_t prog, rpcvers_t vers,
		  const struct netid *netid, const char *uaddr, bool *done)
{
	char netid_name[8];
	char address[ADDRESS_TEXT_MAX];
	char nobody[] = ""; /* rpcbind gets our user from the socket */
	RPCB args = {
		.r_prog = prog,
		.r_vers = vers,
		.r_netid = netid_name,
		.r_addr = address,
		.r_owner = nobody,
	};
	bool_t yes = FALSE;
	int rc;

	snprintf(netid_name, sizeof(netid_name), "%s", netid->name);
	snprintf(address, sizeof(address), "%s", uaddr);
	rc = rpcbind_ask(rpcbind, proc, (xdrproc_t)xdr_rpcb, &args, (xdrproc_t)xdr_bool, &yes);
	*done = yes;
	return rc;
}

int rpcbind_set(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		const struct address *at)
{
	char uaddr[ADDRESS_TEXT_MAX];
	bool done;
	int rc = change(rpcbind, RPCBPROC_SET, prog, vers, netid, address_to_uaddr(at, uaddr),
			&done);

	return rc == 0 && !done ? -EEXIST : rc;
}

int rpcbind_unset(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid)
{
	bool done; /* it says so in any case */

	return change(rpcbind, RPCBPROC_UNSET, prog, vers, netid, "", &done);
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
		rc = rpcbind_ask_port(rpcbind, RPCBPROC_GETVERSADDR, &host, netid, prog, vers,
				      port);
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

	if (getrandom(&marker, sizeof(marker), 0) != sizeof(marker)) {
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
