#include "rpc/rpcbind.h"

#include <errno.h>
#include <netinet/in.h>
#include <rpc/rpcb_prot.h>
#include <stdio.h>

#include "core/printable.h"
#include "rpc/wire.h"

/* A lost datagram is asked again: this is no measurement. */
#define TRIES 3

static const struct timeval stub_timeout; /* not used by the transports of rpc/call.h */

/* One call to rpcbind, its outcome as 0 or -errno. */
static int ask(CLIENT *rpcbind, rpcproc_t proc, xdrproc_t encode, void *args, xdrproc_t decode,
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

/*
 * What rpcbind says names the port for certain; the host only if it is more than a wildcard, and
 * not link-local, whose scope a universal address cannot carry.
 */
int rpcbind_place(struct address *out, const struct address *host, const char *uaddr)
{
	struct address a;

	if (uaddr[0] == '\0') {
		return -ENOENT;
	}
	if (!address_from_uaddr(&a, host->sa.ss_family, uaddr)) {
		return -EPROTO;
	}
	*out = *host;
	if (!address_is_any(&a) &&
	    !(a.sa.ss_family == AF_INET6 &&
	      IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)&a.sa)->sin6_addr))) {
		*out = a;
	}
	address_set_port(out, address_port(&a));
	return 0;
}

int rpcbind_find(struct address *out, const struct address *host, int socktype, rpcprog_t prog,
		 rpcvers_t vers, struct clock *clock, dur_ns timeout)
{
	const struct netid *netid = netid_of(host->sa.ss_family, socktype);
	const int tries = socktype == SOCK_DGRAM ? TRIES : 1;
	char netid_name[8];
	char known[ADDRESS_TEXT_MAX];
	char nobody[] = "";
	RPCB args = { .r_prog = prog, .r_vers = vers, .r_netid = netid_name, .r_owner = nobody };
	char *uaddr = NULL;
	CLIENT *rpcbind;
	int rc = rpcbind_open(&rpcbind, host, socktype, clock, timeout / tries);

	if (rc != 0) {
		return rc;
	}
	snprintf(netid_name, sizeof(netid_name), "%s", netid->name);
	args.r_addr = known;
	address_to_uaddr(host, known); /* which of its addresses we reach it by */
	rc = -ETIMEDOUT;
	for (int i = 0; i < tries && rc == -ETIMEDOUT; i++) {
		rc = ask(rpcbind, RPCBPROC_GETADDR, (xdrproc_t)xdr_rpcb, &args,
			 (xdrproc_t)xdr_wrapstring, &uaddr);
	}
	if (rc == 0) {
		rc = rpcbind_place(out, host, uaddr);
	}
	clnt_freeres(rpcbind, (xdrproc_t)xdr_wrapstring, &uaddr); /* of a damaged answer too */
	clnt_destroy(rpcbind);
	return rc;
}

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

int rpcbind_ping(CLIENT *rpcbind)
{
	return ask(rpcbind, NULLPROC, wire_void, NULL, wire_void, NULL);
}

/* Take in what is of interest. False when it is not. */
static bool take_entry(struct rpcbind_entry *out, const RPCB *e, rpcprog_t prog)
{
	if (e->r_prog != prog || !netid_named(e->r_netid)) {
		return false;
	}
	out->vers = e->r_vers;
	out->netid = netid_named(e->r_netid);
	snprintf(out->uaddr, sizeof(out->uaddr), "%s", e->r_addr);
	printable_copy(out->owner, sizeof(out->owner), e->r_owner);
	return true;
}

int rpcbind_list(CLIENT *rpcbind, rpcprog_t prog, struct rpcbind_entry *out, size_t max, size_t *n)
{
	rpcblist_ptr list = NULL;
	int rc = ask(rpcbind, RPCBPROC_DUMP, wire_void, NULL, (xdrproc_t)xdr_rpcblist_ptr, &list);

	*n = 0;
	for (const rpcblist *l = list; rc == 0 && l && *n < max; l = l->rpcb_next) {
		*n += take_entry(&out[*n], &l->rpcb_map, prog);
	}
	clnt_freeres(rpcbind, (xdrproc_t)xdr_rpcblist_ptr, &list); /* of a damaged answer too */
	return rc;
}

/* More versions of our program than anybody registers. */
#define MAX_ENTRIES 64

int rpcbind_lookup(CLIENT *rpcbind, rpcprog_t prog, rpcvers_t vers, const struct netid *netid,
		   struct rpcbind_entry *out)
{
	struct rpcbind_entry all[MAX_ENTRIES];
	size_t n;
	int rc = rpcbind_list(rpcbind, prog, all, MAX_ENTRIES, &n);

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

/* SET or UNSET: what is registered, and whether rpcbind says that it did so. */
static int change(CLIENT *rpcbind, rpcproc_t proc, rpcprog_t prog, rpcvers_t vers,
		  const struct netid *netid, const char *uaddr, bool *done)
{
	char netid_name[8];
	char address[ADDRESS_TEXT_MAX];
	char nobody[] = ""; /* rpcbind asks the socket who we are */
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
	rc = ask(rpcbind, proc, (xdrproc_t)xdr_rpcb, &args, (xdrproc_t)xdr_bool, &yes);
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
	struct rpcbind_entry left;
	bool done;
	int rc = change(rpcbind, RPCBPROC_UNSET, prog, vers, netid, "", &done);

	if (rc != 0) {
		return rc;
	}
	/* rpcbind says yes even when it removed nothing: look. */
	rc = rpcbind_lookup(rpcbind, prog, vers, netid, &left);
	if (rc == 0) {
		return -EPERM;
	}
	return rc == -ENOENT ? 0 : rc;
}
