/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client on nfs-ganesha's libntirpc, with threads of its own: GET_TIMESTAMPS, five times.
 * usage: ntirpc tcp PORT
 *
 * Prints a line "ts1 ts2 ts3 t4" for each, in nanoseconds; else it says what failed, and exits
 * with 1.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <rpc/rpc.h>
#include <rpc/svc_rqst.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROG   542397273
#define VERS   1
#define ROUNDS 5

struct stamps {
	int64_t ts[3];
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool xdr_ns(XDR *xdr, int64_t *ns)
{
	return xdr_longlong_t(xdr, (quad_t *)ns);
}

static bool xdr_stamps(XDR *xdr, struct stamps *s)
{
	return xdr_ns(xdr, &s->ts[0]) && xdr_ns(xdr, &s->ts[1]) && xdr_ns(xdr, &s->ts[2]);
}

static CLIENT *connect_to(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct netbuf at = { .maxlen = sizeof(to), .len = sizeof(to), .buf = &to };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return clnt_vc_ncreate(socket(AF_INET, SOCK_STREAM, 0), &at, PROG, VERS, 0, 0);
}

static bool ask(CLIENT *client)
{
	struct timespec timeout = { .tv_sec = 20 };
	struct clnt_req *request = calloc(1, sizeof(*request));
	struct stamps s = { .ts = { 0 } };
	int64_t t1 = now();
	enum clnt_stat status;

	clnt_req_fill(request, client, authnone_ncreate(), 1, (xdrproc_t)xdr_ns, &t1,
		      (xdrproc_t)xdr_stamps, &s);
	status = clnt_req_setup(request, timeout);
	if (status == RPC_SUCCESS) {
		status = CLNT_CALL_WAIT(request);
	}
	if (status != RPC_SUCCESS || s.ts[0] != t1) {
		fprintf(stderr, "ntirpc: status %d\n", (int)status);
		return false;
	}
	printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", s.ts[0], s.ts[1], s.ts[2],
	       now());
	return true;
}

/* Replies come as requests do. */
static struct svc_req *alloc_request(SVCXPRT *transport, XDR *xdr)
{
	struct svc_req *request = calloc(1, sizeof(*request));

	SVC_REF(transport, SVC_REF_FLAG_NONE);
	request->rq_xprt = transport;
	request->rq_xdrs = xdr;
	request->rq_refcnt = 1;
	return request;
}

static void free_request(struct svc_req *request, enum xprt_stat status)
{
	(void)status;
	SVC_RELEASE(request->rq_xprt, SVC_RELEASE_FLAG_NONE);
	free(request);
}

int main(int argc, char **argv)
{
	svc_init_params parameters = {
		.flags = SVC_INIT_EPOLL,
		.alloc_cb = alloc_request,
		.free_cb = free_request,
		.max_connections = 16,
		.max_events = 16,
		.ioq_send_max = 65536,
		.ioq_thrd_max = 4,
		.channels = 1,
	};
	uint32_t channel;
	CLIENT *client;

	if (argc != 3 || strcmp(argv[1], "tcp") != 0 || !svc_init(&parameters) ||
	    svc_rqst_new_evchan(&channel, NULL, SVC_RQST_FLAG_NONE) != 0) {
		fprintf(stderr, "ntirpc: cannot begin\n");
		return 1;
	}
	client = connect_to(atoi(argv[2]));
	if (!client || CLNT_FAILURE(client)) {
		fprintf(stderr, "ntirpc: cannot connect\n");
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++) {
		if (!ask(client)) {
			return 1;
		}
	}
	fflush(stdout);
	_exit(0); /* its threads need not be waited for */
}
