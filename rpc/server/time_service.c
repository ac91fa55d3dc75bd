/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/time_service.h"

#include <string.h>

#include "rpc/leap.h"
#include "timesync.h"

/* rpcgen defines its dispatcher, but declares it nowhere. */
void timesync_prog_1(struct svc_req *rq, SVCXPRT *xprt);

const struct svc_program service_programs[SERVICE_PROGRAMS] = {
	{ TIMESYNC_PROG, TIMESYNC_V1, timesync_prog_1 },
};

/* Where the transmit timestamp goes in the encoded results: behind ts1 and ts2, or at the
 * beginning.
 */
#define TS3_OFFSET  16
#define TIME_OFFSET 0

static struct service *service_of(const struct svc_req *rq)
{
	return svc_message_context(rq);
}

bool_t timesyncproc_null_1_svc(void *result, struct svc_req *rq)
{
	(void)result;
	(void)rq;
	return TRUE;
}

bool_t get_timestamps_1_svc(timesync_stamps_args args, timesync_stamps *result, struct svc_req *rq)
{
	memset(result, 0, sizeof(*result));
	if (!ts_valid(args.ts1)) {
		svcerr_decode(rq->rq_xprt);
		return FALSE;
	}
	result->ts1 = args.ts1;
	result->ts2 = svc_message_call(rq)->arrival;
	svc_message_stamp_tx(rq, TS3_OFFSET);
	return TRUE;
}

bool_t get_timestamps_interleaved_1_svc(timesync_interleaved_args args,
					timesync_interleaved *result, struct svc_req *rq)
{
	memset(result, 0, sizeof(*result));
	if (!ts_valid(args.ts1) || !ts_valid(args.prev_ts2)) {
		svcerr_decode(rq->rq_xprt);
		return FALSE;
	}
	result->ts1 = args.ts1;
	result->ts2 = svc_message_call(rq)->arrival;
	result->prev_tx = svc_message_tx_stamp(rq, args.prev_ts2);
	svc_message_remember(rq);
	svc_message_stamp_tx(rq, TS3_OFFSET);
	return TRUE;
}

/* A reference has no leap seconds, and a damaged file is none: the system clock is served then. */
static void quality_of(const struct service *s, struct clock_quality *q)
{
	if (clock_quality(s->clock, q) != 0) {
		*q = (struct clock_quality){ .leap = CLOCK_LEAP_UNKNOWN };
	}
	if (s->local && !q->synchronised && clock_check(s->clock) == 0) {
		*q = (struct clock_quality){ .synchronised = true,
					     .max_error = s->local_error,
					     .leap = CLOCK_LEAP_NONE };
	}
}

bool_t get_time_1_svc(timesync_time *result, struct svc_req *rq)
{
	struct clock_quality q;

	memset(result, 0, sizeof(*result));
	quality_of(service_of(rq), &q);
	result->max_error = q.max_error;
	result->sync = q.synchronised ? TIMESYNC_SYNCHRONISED : TIMESYNC_UNSYNCHRONISED;
	result->leap = leap_to_wire(q.leap);
	svc_message_stamp_tx(rq, TIME_OFFSET);
	return TRUE;
}

/* Results hold nothing that was allocated. The dispatcher calls this even when there is no result.
 */
int timesync_prog_1_freeresult(SVCXPRT *xprt, xdrproc_t decode, caddr_t result)
{
	(void)xprt;
	(void)decode;
	(void)result;
	return TRUE;
}
