/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client on MIT Kerberos' RPC library, which shares no code with libtirpc: GET_TIMESTAMPS, five
 * times. usage: gssrpc udp|tcp PORT
 *
 * Prints a line "ts1 ts2 ts3 t4" for each, in nanoseconds; else it says what failed, and exits
 * with 1.
 */
#include <arpa/inet.h>
#include <gssrpc/rpc.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* This library has no hyper: it is two words, the higher first. */
static bool_t xdr_ns(XDR *xdr, int64_t *ns)
{
	uint32_t high = (uint32_t)((uint64_t)*ns >> 32), low = (uint32_t)*ns;

	if (!xdr_u_int32(xdr, &high) || !xdr_u_int32(xdr, &low)) {
		return FALSE;
	}
	*ns = (int64_t)((uint64_t)high << 32 | low);
	return TRUE;
}

static bool_t xdr_stamps(XDR *xdr, struct stamps *s)
{
	return xdr_ns(xdr, &s->ts[0]) && xdr_ns(xdr, &s->ts[1]) && xdr_ns(xdr, &s->ts[2]);
}

static CLIENT *connect_to(const char *transport, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval wait = { .tv_sec = 20 };
	int fd = RPC_ANYSOCK;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return strcmp(transport, "udp") == 0 ? clntudp_create(&to, PROG, VERS, wait, &fd)
					     : clnttcp_create(&to, PROG, VERS, &fd, 0, 0);
}

int main(int argc, char **argv)
{
	struct timeval timeout = { .tv_sec = 20 };
	CLIENT *client = argc == 3 ? connect_to(argv[1], atoi(argv[2])) : NULL;

	if (!client) {
		clnt_pcreateerror("gssrpc");
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++) {
		int64_t t1 = now();
		struct stamps s = { .ts = { 0 } };
		enum clnt_stat status = clnt_call(client, 1, (xdrproc_t)xdr_ns, &t1,
						  (xdrproc_t)xdr_stamps, &s, timeout);

		if (status != RPC_SUCCESS || s.ts[0] != t1) {
			clnt_perror(client, "gssrpc");
			return 1;
		}
		printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", s.ts[0], s.ts[1],
		       s.ts[2], now());
	}
	return 0;
}
