/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/client/call.h"
#include "rpc/leap.h"
#include "timesync.h"

_Static_assert(EXCHANGE_PROGRAM == TIMESYNC_PROG && EXCHANGE_VERSION == TIMESYNC_V1,
	       "rpc/client/exchange.h names the program of timesync.x");

struct exchange {
	CLIENT *client;
	uint32_t key_id; /* of calls that are authenticated; 0: they are not */
	struct call_counts forgotten;
	struct rpc_err error; /* of the last failure */
	bool interleaved;     /* transmit stamps are asked for */
	struct sample last;   /* of the interleaved mode; t2 is 0 if there is none */
	struct exchange_unknown unknown;
	bool no_stamps;    /* the last failure was that this machine gives no transmit stamps */
	char nonsense[80]; /* if the server's answer was at fault: which part */
};

int exchange_open(struct exchange **out, const struct address *server, int socktype,
		  struct clock *clock, dur_ns timeout, const struct keys *keys)
{
	const struct call_target target = {
		.to = *server,
		.socktype = socktype,
		.prog = TIMESYNC_PROG,
		.vers = TIMESYNC_V1,
		.keys = keys,
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
	x->key_id = keys ? keys->key[0].id : 0;
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
	x->nonsense[0] = '\0';
	x->no_stamps = false;
	if (status == RPC_SUCCESS) {
		return 0;
	}
	clnt_geterr(x->client, &x->error);
	return call_error(x->client);
}

/* A forger that does not see the call cannot know the echo. */
static int check_echo(struct exchange *x, ts_ns echo)
{
	if (echo == call_departed(x->client)) {
		return 0;
	}
	snprintf(x->nonsense, sizeof(x->nonsense), "repeated a ts1 that was not sent");
	return -EBADMSG;
}

static int check_range(struct exchange *x, const char *name, ts_ns t)
{
	if (ts_valid(t)) {
		return 0;
	}
	snprintf(x->nonsense, sizeof(x->nonsense),
		 "gave a %s that is out of range (%" PRId64 " ns)", name, t);
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
	call_stamp_tx(x->client, 0);
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
	rc = check_echo(x, res.ts1);
	if (rc == 0) {
		rc = check_range(x, "ts2", res.ts2);
	}
	return rc == 0 ? check_range(x, "ts3", res.ts3) : rc;
}

/* The sample of the last exchange, now that the server has told when its reply left. */
static int complete(struct exchange *x, ts_ns departed, struct sample *out)
{
	*out = x->last;
	out->t3 = departed;
	if (x->last.t2 == 0) { /* there was none */
		return -EAGAIN;
	}
	x->unknown.replies += departed == 0;
	x->unknown.calls += x->last.t1 == 0;
	if (departed == 0 || x->last.t1 == 0 || sample_check(out) == SAMPLE_OUT_OF_RANGE) {
		return -EAGAIN;
	}
	return 0;
}

struct exchange_unknown exchange_unknown(const struct exchange *x)
{
	return x->unknown;
}

int exchange_interleaved(struct exchange *x, struct sample *out)
{
	timesync_interleaved_args args = { .ts1 = 0, .prev_ts2 = x->last.t2 };
	timesync_interleaved res;
	int rc = x->interleaved ? 0 : call_enable_transmit_stamps(x->client);

	if (rc != 0) {
		x->error = (struct rpc_err){ .re_status = RPC_CANTSEND, .re_errno = -rc };
		x->nonsense[0] = '\0';
		x->no_stamps = rc != -EOPNOTSUPP;
		return rc;
	}
	x->interleaved = true;
	memset(&res, 0, sizeof(res));
	call_stamp_tx(x->client, 0);
	rc = outcome(x, get_timestamps_interleaved_1(args, &res, x->client));
	if (rc != 0) {
		return rc;
	}
	rc = check_echo(x, res.ts1);
	if (rc == 0) {
		rc = check_range(x, "ts2", res.ts2);
	}
	if (rc != 0) {
		return rc;
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
		.leap = leap_from_wire(res.leap),
	};
	rc = check_range(x, "time", res.time);
	return rc == 0 ? check_range(x, "maximum error", res.max_error) : rc;
}

/* The names and meanings of auth_stat (RFC 5531, section 9). */
static const char *auth_text(enum auth_stat why)
{
	switch ((int)why) {
	case AUTH_BADCRED:
		return "AUTH_BADCRED (it calls the credentials malformed)";
	case AUTH_REJECTEDCRED:
		return "AUTH_REJECTEDCRED (it accepts only other credentials)";
	case AUTH_BADVERF:
		return "AUTH_BADVERF (it calls the verifier malformed)";
	case AUTH_REJECTEDVERF:
		return "AUTH_REJECTEDVERF (it does not accept the verifier)";
	case AUTH_TOOWEAK:
		return "AUTH_TOOWEAK (it answers authenticated calls only: give its key, --key "
		       "FILE)";
	case AUTH_FAILED:
		return "AUTH_FAILED (it gives no reason)";
	default:
		return NULL;
	}
}

/* The same of a server that was called under a key, whose answers are not authentic. */
static void explain_key(enum auth_stat why, uint32_t key_id, char buf[EXCHANGE_WHY_MAX])
{
	switch ((int)why) {
	case AUTH_REJECTEDCRED:
		strcpy(buf, "has no key: it refuses authenticated calls (AUTH_REJECTEDCRED); start "
			    "timesyncd there with --key FILE");
		break;
	case AUTH_BADCRED:
		snprintf(buf, EXCHANGE_WHY_MAX,
			 "has no key of id %" PRIu32 " (AUTH_BADCRED): its key file differs, or it "
			 "read the file before that key was added",
			 key_id);
		break;
	case AUTH_BADVERF:
		snprintf(buf, EXCHANGE_WHY_MAX,
			 "has another key of id %" PRIu32
			 " (AUTH_BADVERF), or the call was changed "
			 "on the way: give both the same key file",
			 key_id);
		break;
	case AUTH_INVALIDRESP:
		snprintf(buf, EXCHANGE_WHY_MAX,
			 "gave answers that are not authentic under key %" PRIu32 ": they are "
			 "forged or changed on the way",
			 key_id);
		break;
	default:
		snprintf(buf, EXCHANGE_WHY_MAX, "refused the authenticated call: auth_stat %d",
			 (int)why);
	}
}

static void explain_refusal(const struct rpc_err *e, char buf[EXCHANGE_WHY_MAX])
{
	const char *auth = e->re_status == RPC_AUTHERROR ? auth_text(e->re_why) : NULL;

	switch ((int)e->re_status) {
	case RPC_AUTHERROR:
		if (auth) {
			snprintf(buf, EXCHANGE_WHY_MAX, "refused the call: %s", auth);
		} else {
			snprintf(buf, EXCHANGE_WHY_MAX, "refused the call: auth_stat %d",
				 (int)e->re_why);
		}
		break;
	case RPC_VERSMISMATCH:
		snprintf(buf, EXCHANGE_WHY_MAX,
			 "refused the call: RPC_MISMATCH (it speaks versions %lu to %lu of RPC, "
			 "not 2)",
			 (unsigned long)e->re_vers.low, (unsigned long)e->re_vers.high);
		break;
	case RPC_PROGUNAVAIL:
		snprintf(buf, EXCHANGE_WHY_MAX,
			 "answered, but not as a timesync server (PROG_UNAVAIL: it has no "
			 "program %d)",
			 EXCHANGE_PROGRAM);
		break;
	case RPC_PROCUNAVAIL:
		strcpy(buf, "refused the call: PROC_UNAVAIL (it has no such procedure)");
		break;
	case RPC_CANTDECODEARGS:
		strcpy(buf, "refused the call: GARBAGE_ARGS (it could not decode the arguments)");
		break;
	case RPC_SYSTEMERROR:
		strcpy(buf, "refused the call: SYSTEM_ERR (an internal error)");
		break;
	default:
		snprintf(buf, EXCHANGE_WHY_MAX, "answered, but not as a timesync server (%s)",
			 clnt_sperrno(e->re_status));
	}
}

/* A clause about the server: "refused the call: ...", or "timed out". Returns `buf`. */
static const char *error_text(const struct rpc_err *e, uint32_t key_id, char buf[EXCHANGE_WHY_MAX])
{
	if (key_id != 0 && e->re_status == RPC_AUTHERROR) {
		explain_key(e->re_why, key_id, buf);
		return buf;
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
			 e->re_vers.low <= EXCHANGE_VERSION && e->re_vers.high >= EXCHANGE_VERSION
				 ? "claims to serve versions %lu to %lu of the protocol, but "
				   "refuses %d"
				 : "serves versions %lu to %lu of the protocol, not %d",
			 (unsigned long)e->re_vers.low, (unsigned long)e->re_vers.high,
			 EXCHANGE_VERSION);
		return buf;
	case RPC_CANTDECODERES:
		return strcpy(buf, "sent a reply of the wrong length, or a malformed one");
	case RPC_FAILED:
		snprintf(buf, EXCHANGE_WHY_MAX,
			 "answered with a status that RPC does not define (%lu)",
			 (unsigned long)e->re_lb.s2);
		return buf;
	default:
		explain_refusal(e, buf);
		return buf;
	}
}

const char *exchange_why(struct exchange *x, char buf[EXCHANGE_WHY_MAX])
{
	if (x->no_stamps) {
		snprintf(buf, EXCHANGE_WHY_MAX,
			 "this machine takes no transmit timestamps (%s): measure without "
			 "--interleaved",
			 strerror(x->error.re_errno));
		return buf;
	}
	if (x->nonsense[0] != '\0') {
		return strcpy(buf, x->nonsense);
	}
	return error_text(&x->error, x->key_id, buf);
}

bool exchange_is_about_keys(const struct exchange *x)
{
	return x->nonsense[0] == '\0' && x->error.re_status == RPC_AUTHERROR &&
	       (x->key_id != 0 || x->error.re_why == AUTH_TOOWEAK);
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
