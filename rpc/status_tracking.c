/* SPDX-License-Identifier: BSD-3-Clause */
/* GET_TRACKING and GET_TRACKED_SERVER of the program TIMESYNC_STATUS_PROG, from both ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/arith.h"
#include "rpc/client/call.h"
#include "rpc/status.h"
#include "timesync_status.h"

#define COPY(to, from)                                                            \
	do {                                                                      \
		_Static_assert(sizeof(to) == sizeof(from), "one text, one size"); \
		memcpy(to, from, sizeof(to));                                     \
		(to)[sizeof(to) - 1] = '\0';                                      \
	} while (0)

/* --- the server's end ------------------------------------------------------------------------- */

static void put(timesync_tracking *out, const struct tracked *in)
{
	const struct tracking *t = &in->tracking;

	*out = (timesync_tracking){
		.polls = t->polls,
		.age = mono_since(in->now, t->at),
		.clock = t->time,
		.next = mono_since(t->next, in->now),
		.interval = t->interval,
		.measured = t->measured != 0,
		.offset = t->offset,
		.max_error = t->max_error,
		.reference_error = t->reference_error,
		.rate_known = t->rate_known != 0,
		.rate_ppb = t->rate_ppb,
		.skew_ppb = t->skew_ppb,
		.frequency_ppb = t->frequency_ppb,
		.slew_ppb = t->slew_ppb,
		.slew_left = mono_since(t->slew_end, in->now),
		.used = t->used,
		.agreeing = t->agreeing,
		.counted = t->counted,
		.synchronised = in->served.synchronised,
		.claimed = in->served.max_error,
		.servers = (u_int)arith_between(t->n, 0, TRACKING_SERVERS_MAX),
	};
	COPY(out->phase, t->phase);
	COPY(out->event, t->event);
	COPY(out->action, t->action);
	COPY(out->leap, t->leap);
}

static void put_server(timesync_tracked_server *out, const struct tracking_server *in,
		       struct mono now)
{
	*out = (timesync_tracked_server){
		.reach = (u_int)in->reach,
		.measured = in->measured != 0,
		.age = mono_since(now, in->at),
		.offset = in->offset,
		.max_error = in->max_error,
		.delay = in->delay,
		.synchronised = in->synchronised != 0,
		.claimed = in->claimed,
	};
	COPY(out->host, in->host);
	COPY(out->address, in->address);
	COPY(out->verdict, in->verdict);
	COPY(out->why, in->why);
}

/* The state of the tracking, to be freed; null, after answering, when out of memory. */
static struct tracked *look(struct svc_req *rq, bool *there)
{
	const struct status_source *source = svc_message_context(rq);
	struct tracked *tracked = calloc(1, sizeof(*tracked));

	if (!tracked) {
		svcerr_systemerr(rq->rq_xprt);
		return NULL;
	}
	*there = source->tracked && source->tracked(source->arg, tracked);
	return tracked;
}

/* The only element of an array in a result, allocated until the reply has been encoded. */
static void *element(u_int *len, size_t size)
{
	void *one = calloc(1, size);

	*len = one ? 1 : 0;
	return one;
}

bool_t get_tracking_1_svc(timesync_trackings *result, struct svc_req *rq)
{
	bool there;
	struct tracked *tracked = look(rq, &there);

	memset(result, 0, sizeof(*result));
	if (!tracked) {
		return FALSE;
	}
	if (there) {
		result->tracking.tracking_val =
			element(&result->tracking.tracking_len, sizeof(timesync_tracking));
	}
	if (result->tracking.tracking_val) {
		put(result->tracking.tracking_val, tracked);
	}
	free(tracked);
	return TRUE;
}

bool_t get_tracked_server_1_svc(u_int i, timesync_tracked_servers *result, struct svc_req *rq)
{
	bool there;
	struct tracked *tracked = look(rq, &there);

	memset(result, 0, sizeof(*result));
	if (!tracked) {
		return FALSE;
	}
	if (there && i < TRACKING_SERVERS_MAX && (int64_t)i < tracked->tracking.n) {
		result->server.server_val =
			element(&result->server.server_len, sizeof(timesync_tracked_server));
	}
	if (result->server.server_val) {
		put_server(result->server.server_val, &tracked->tracking.servers[i], tracked->now);
	}
	free(tracked);
	return TRUE;
}

/* --- the client's ----------------------------------------------------------------------------- */

static void take(struct tracked *out, const timesync_tracking *in)
{
	struct tracking *t = &out->tracking;

	*t = (struct tracking){
		.polls = in->polls,
		.at = mono_add(out->now, -in->age),
		.time = in->clock,
		.next = mono_add(out->now, in->next),
		.interval = in->interval,
		.measured = in->measured,
		.offset = in->offset,
		.max_error = in->max_error,
		.reference_error = in->reference_error,
		.rate_known = in->rate_known,
		.rate_ppb = in->rate_ppb,
		.skew_ppb = in->skew_ppb,
		.frequency_ppb = in->frequency_ppb,
		.slew_ppb = in->slew_ppb,
		.slew_end = mono_add(out->now, in->slew_left),
		.used = in->used,
		.agreeing = in->agreeing,
		.counted = in->counted,
		.n = arith_min(in->servers, TRACKING_SERVERS_MAX),
	};
	COPY(t->phase, in->phase);
	COPY(t->event, in->event);
	COPY(t->action, in->action);
	COPY(t->leap, in->leap);
	out->served.synchronised = in->synchronised;
	out->served.max_error = in->claimed;
}

static void take_server(struct tracking_server *out, const timesync_tracked_server *in,
			struct mono now)
{
	*out = (struct tracking_server){
		.reach = in->reach,
		.measured = in->measured,
		.at = mono_add(now, -in->age),
		.offset = in->offset,
		.max_error = in->max_error,
		.delay = in->delay,
		.synchronised = in->synchronised,
		.claimed = in->claimed,
	};
	COPY(out->host, in->host);
	COPY(out->address, in->address);
	COPY(out->verdict, in->verdict);
	COPY(out->why, in->why);
}

static int ask_tracking(struct tracked *out, CLIENT *client, struct clock *clock)
{
	timesync_trackings in = { .tracking = { .tracking_len = 0 } };
	const enum clnt_stat stat = get_tracking_1(&in, client);
	int rc = 0;

	out->now = clock_mono(clock);
	if (stat == RPC_PROCUNAVAIL || (stat == RPC_SUCCESS && in.tracking.tracking_len == 0)) {
		rc = -ENODATA;
	} else if (stat == RPC_SUCCESS) {
		take(out, in.tracking.tracking_val);
	} else {
		rc = call_error(client);
	}
	clnt_freeres(client, (xdrproc_t)xdr_timesync_trackings, (char *)&in);
	return rc;
}

/* One that is not there any more is left empty: it is another tracker's turn meanwhile. */
static int ask_server(struct tracked *out, u_int i, CLIENT *client)
{
	timesync_tracked_servers in = { .server = { .server_len = 0 } };
	int rc = 0;

	if (get_tracked_server_1(i, &in, client) != RPC_SUCCESS) {
		rc = call_error(client);
	} else if (in.server.server_len == 1) {
		take_server(&out->tracking.servers[i], in.server.server_val, out->now);
	}
	clnt_freeres(client, (xdrproc_t)xdr_timesync_tracked_servers, (char *)&in);
	return rc;
}

int status_ask_tracking(struct tracked *out, const struct address *at, struct clock *clock,
			dur_ns timeout)
{
	const struct call_target target = {
		.to = *at,
		.socktype = SOCK_STREAM,
		.prog = TIMESYNC_STATUS_PROG,
		.vers = TIMESYNC_STATUS_V1,
	};
	const struct mono end = mono_add(clock_mono(clock), timeout);
	CLIENT *client;
	int rc = call_open(&client, &target, clock, timeout);

	if (rc != 0) {
		return rc;
	}
	call_set_deadline(client, end);
	memset(out, 0, sizeof(*out));
	rc = ask_tracking(out, client, clock);
	for (u_int i = 0; rc == 0 && i < (u_int)out->tracking.n; i++) {
		rc = ask_server(out, i, client);
	}
	clnt_destroy(client);
	return rc;
}
