/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/rpcbind_named.h"

#include <errno.h>
#include <rpc/rpcb_prot.h>
#include <stdio.h>
#include <string.h>

int rpcbind_named(struct address *out, CLIENT *rpcbind, const struct address *host, int socktype,
		  rpcprog_t prog, rpcvers_t vers)
{
	static const struct timeval unused; /* by the transports of rpc/client/call.h */
	char netid[8], known[ADDRESS_TEXT_MAX], nobody[] = "";
	RPCB args = { .r_prog = prog, .r_vers = vers, .r_netid = netid, .r_owner = nobody };
	rpcvers_t speaks = RPCBVERS4;
	char *uaddr = NULL;
	int rc = -EPROTO;

	memset(out, 0, sizeof(*out));
	(void)clnt_control(rpcbind, CLGET_VERS, (char *)&speaks);
	if (speaks < RPCBVERS) { /* a portmapper names ports only */
		return -EPROTONOSUPPORT;
	}
	snprintf(netid, sizeof(netid), "%s", netid_of(host->sa.ss_family, socktype)->name);
	args.r_addr = known;
	address_to_uaddr(host, known);
	if (clnt_call(rpcbind, RPCBPROC_GETADDR, (xdrproc_t)xdr_rpcb, &args,
		      (xdrproc_t)xdr_wrapstring, &uaddr, unused) == RPC_SUCCESS) {
		rc = uaddr[0] == '\0'                                     ? -ENOENT
		     : address_from_uaddr(out, host->sa.ss_family, uaddr) ? 0
									  : -EPROTO;
	}
	if (rc != 0) {
		out->len = 0;
	}
	clnt_freeres(rpcbind, (xdrproc_t)xdr_wrapstring, &uaddr); /* of a damaged answer too */
	return rc;
}
