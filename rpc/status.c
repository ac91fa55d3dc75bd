/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/client/call.h"
#include "timesync_status.h"

/* rpcgen defines its dispatcher, but declares it nowhere. */
void timesync_status_prog_1(struct svc_req *rq, SVCXPRT *xprt);

const struct svc_program status_programs[STATUS_PROGRAMS] = {
	{ TIMESYNC_STATUS_PROG, TIMESYNC_STATUS_V1, timesync_status_prog_1 },
};

bool_t timesync_statusproc_null_1_svc(void *result, struct svc_req *rq)
{
	(void)result;
	(void)rq;
	return TRUE;
}

/* The counts are allocated until the reply has been encoded: see freeresult. */
bool_t get_status_1_svc(timesync_status *result, struct svc_req *rq)
{
	const struct status_source *source = svc_message_context(rq);
	struct status s;

	memset(result, 0, sizeof(*result));
	source->get(source->arg, &s);
	result->counts.counts_val = calloc(COUNTERS, sizeof(*result->counts.counts_val));
	if (!result->counts.counts_val) {
		svcerr_systemerr(rq->rq_xprt);
		return FALSE;
	}
	result->counts.counts_len = COUNTERS;
	for (size_t i = 0; i < COUNTERS; i++) {
		result->counts.counts_val[i] = s.counts[i];
	}
	result->uptime = s.uptime;
	result->workers = s.workers;
	result->restarts = s.restarts;
	return TRUE;
}

int timesync_status_prog_1_freeresult(SVCXPRT *xprt, xdrproc_t decode, caddr_t result)
{
	(void)xprt;
	xdr_free(decode, result);
	return TRUE;
}

/* A counter that the daemon does not know yet is 0; one that we do not know is left out. */
static void take(struct status *out, const timesync_status *in)
{
	memset(out, 0, sizeof(*out));
	out->uptime = in->uptime;
	out->workers = in->workers;
	out->restarts = in->restarts;
	for (size_t i = 0; i < COUNTERS && i < in->counts.counts_len; i++) {
		out->counts[i] = in->counts.counts_val[i];
	}
}

int status_ask(struct status *out, const struct address *at, struct clock *clock, dur_ns timeout)
{
	const struct call_target target = {
		.to = *at,
		.socktype = SOCK_STREAM,
		.prog = TIMESYNC_STATUS_PROG,
		.vers = TIMESYNC_STATUS_V1,
	};
	const struct mono end = mono_add(clock_mono(clock), timeout);
	timesync_status in;
	CLIENT *client;
	int rc = call_open(&client, &target, clock, timeout);

	if (rc != 0) {
		return rc;
	}
	call_set_deadline(client, end);
	memset(&in, 0, sizeof(in));
	if (get_status_1(&in, client) == RPC_SUCCESS) {
		take(out, &in);
	} else {
		rc = call_error(client);
	}
	clnt_freeres(client, (xdrproc_t)xdr_timesync_status, (char *)&in);
	clnt_destroy(client);
	return rc;
}
