#include "rpc/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timesync.h"

_Static_assert(EXCHANGE_PROGRAM == TIMESYNC_PROG && EXCHANGE_VERSION == TIMESYNC_V1,
	       "rpc/exchange.h names the program of timesync.x");

struct exchange {
	CLIENT *client;
	struct call_counts forgotten;
	struct rpc_err error; /* of the last failure */
	bool interleaved;     /* transmit stamps are asked for */
	struct sample last;   /* of the interleaved mode; t2 is 0 if there is none */
	bool nonsense;        /* the last failure was in what the server said */
	bool no_stamps;       /* it was that this machine gives no transmit stamps */
};

int exchange_open(struct exchange **out, const struct address *server, int socktype,
		  struct clock *clock, dur_ns timeout)
{
	const struct call_target target = {
		.to = *server,
		.socktype = socktype,
		.prog = TIMESYNC_PROG,
		.vers = TIMESYNC_V1,
	};
	struct exchange *x = calloc(1, sizeof(*x));
	int rc;

	if (!x) {
		return -ENOMEM;
	}
	rc = call_open(&x->client, &target, clock, timeout);
	if (rc != 0) {
		free(x);
		return rc;
	}
	*out = x;
	return 0;
}

void exchange_close(struct exchange *x)
{
	if (x) {
		clnt_destroy(x->client);
		free(x);
	}
}

void exchange_set_timeout(struct exchange *x, dur_ns timeout)
{
	call_set_timeout(x->client, timeout);
}

/* Note how a call ended. 0 or -errno. */
static int outcome(struct exchange *x, enum clnt_stat status)
{
	x->nonsense = false;
	x->no_stamps = false;
	if (status == RPC_SUCCESS) {
		return 0;
	}
	clnt_geterr(x->client, &x->error);
	switch ((int)status) {
	case RPC_TIMEDOUT:
		return -ETIMEDOUT;
	case RPC_CANTSEND:
	case RPC_CANTRECV:
		return x->error.re_errno ? -x->error.re_errno : -EIO;
	case RPC_PROGVERSMISMATCH:
		return -EPROTONOSUPPORT;
	case RPC_PROCUNAVAIL:
		return -EOPNOTSUPP;
	default:
		return -EBADMSG;
	}
}

static int refuse_nonsense(struct exchange *x)
{
	x->nonsense = true;
	return -EBADMSG;
}

int exchange_null(struct exchange *x)
{
	char nothing;

	return outcome(x, timesyncproc_null_1(&nothing, x->client));
}

int exchange_timestamps(struct exchange *x, struct sample *out)
{
	timesync_stamps_args args = { .ts1 = 0 }; /* stamped when it is sent */
	timesync_stamps res;
	int rc;

	memset(&res, 0, sizeof(res));
	call_stamp_departure(x->client, 0);
	rc = outcome(x, get_timestamps_1(args, &res, x->client));
	if (rc != 0) {
		return rc;
	}
	*out = (struct sample){
		.kind = SAMPLE_TIMESTAMPS,
		.t1 = call_departed(x->client),
		.t2 = res.ts2,
		.t3 = res.ts3,
		.t4 = call_arrived(x->client),
	};
	/* The echo is what a forger, who does not see the call, cannot know. */
	if (res.ts1 != out->t1 || sample_check(out) == SAMPLE_OUT_OF_RANGE) {
		return refuse_nonsense(x);
	}
	return 0;
}

/* The sample of the last exchange, now that the server has told when its reply left. */
static int complete(const struct exchange *x, ts_ns departed, struct sample *out)
{
	*out = x->last;
	out->t3 = departed;
	if (departed == 0 || x->last.t1 == 0 || sample_check(out) == SAMPLE_OUT_OF_RANGE) {
		return -EAGAIN;
	}
	return 0;
}

int exchange_interleaved(struct exchange *x, struct sample *out)
{
	timesync_interleaved_args args = { .ts1 = 0, .prev_ts2 = x->last.t2 };
	timesync_interleaved res;
	int rc = x->interleaved ? 0 : call_enable_transmit_stamps(x->client);

	if (rc != 0) {
		x->error = (struct rpc_err){ .re_status = RPC_CANTSEND, .re_errno = -rc };
		x->nonsense = false;
		x->no_stamps = rc != -EOPNOTSUPP;
		return rc;
	}
	x->interleaved = true;
	memset(&res, 0, sizeof(res));
	call_stamp_departure(x->client, 0);
	rc = outcome(x, get_timestamps_interleaved_1(args, &res, x->client));
	if (rc != 0) {
		return rc;
	}
	if (res.ts1 != call_departed(x->client) || !ts_valid(res.ts2)) {
		return refuse_nonsense(x);
	}
	rc = complete(x, res.prev_tx, out);
	x->last = (struct sample){
		.kind = SAMPLE_TIMESTAMPS,
		.t1 = call_transmitted(x->client),
		.t2 = res.ts2,
		.t4 = call_arrived(x->client),
	};
	return rc;
}

static enum clock_leap leap_of(timesync_leap leap)
{
	switch (leap) {
	case TIMESYNC_LEAP_NONE:
		return CLOCK_LEAP_NONE;
	case TIMESYNC_LEAP_INSERT:
		return CLOCK_LEAP_INSERT;
	case TIMESYNC_LEAP_DELETE:
		return CLOCK_LEAP_DELETE;
	case TIMESYNC_LEAP_IN_PROGRESS:
		return CLOCK_LEAP_IN_PROGRESS;
	case TIMESYNC_LEAP_UNKNOWN:
		break;
	}
	return CLOCK_LEAP_UNKNOWN;
}

int exchange_time(struct exchange *x, struct sample *out, struct clock_quality *quality)
{
	timesync_time res;
	int rc;

	memset(&res, 0, sizeof(res));
	rc = outcome(x, get_time_1(&res, x->client));
	if (rc != 0) {
		return rc;
	}
	*out = (struct sample){
		.kind = SAMPLE_TIME,
		.t1 = call_departed(x->client),
		.t2 = res.time,
		.t3 = res.time,
		.t4 = call_arrived(x->client),
	};
	*quality = (struct clock_quality){
		.synchronised = res.sync == TIMESYNC_SYNCHRONISED,
		.max_error = res.max_error,
		.leap = leap_of(res.leap),
	};
	if (sample_check(out) == SAMPLE_OUT_OF_RANGE || !ts_valid(res.max_error)) {
		return refuse_nonsense(x);
	}
	return 0;
}

const char *exchange_why(struct exchange *x, char buf[EXCHANGE_WHY_MAX])
{
	const struct rpc_err *e = &x->error;

	if (x->no_stamps) {
		snprintf(buf, EXCHANGE_WHY_MAX,
			 "this machine does not stamp what it sends (%s): measure without "
			 "--interleaved",
			 strerror(e->re_errno));
		return buf;
	}
	if (x->nonsense) {
		return strcpy(buf, "answered with timestamps that cannot be");
	}
	switch ((int)e->re_status) {
	case RPC_TIMEDOUT:
		return strcpy(buf, "timed out");
	case RPC_CANTSEND:
	case RPC_CANTRECV:
		snprintf(buf, EXCHANGE_WHY_MAX, "%s", call_error_text(e->re_errno));
		return buf;
	case RPC_PROGVERSMISMATCH:
		snprintf(buf, EXCHANGE_WHY_MAX,
			 "serves versions %lu to %lu of the protocol, not %d",
			 (unsigned long)e->re_vers.low, (unsigned long)e->re_vers.high,
			 EXCHANGE_VERSION);
		return buf;
	case RPC_PROCUNAVAIL:
		return strcpy(buf, "has no such procedure: it is an older timesyncd");
	default:
		snprintf(buf, EXCHANGE_WHY_MAX, "answered, but not as a timesync server (%s)",
			 clnt_sperrno(e->re_status));
		return buf;
	}
}

static struct call_counts minus(struct call_counts a, const struct call_counts *b)
{
	a.sent -= b->sent;
	a.received -= b->received;
	a.lost -= b->lost;
	a.late -= b->late;
	a.duplicate -= b->duplicate;
	a.stray -= b->stray;
	return a;
}

struct call_counts exchange_counts(struct exchange *x)
{
	return minus(call_counts(x->client), &x->forgotten);
}

void exchange_forget_counts(struct exchange *x)
{
	x->forgotten = call_counts(x->client);
}
