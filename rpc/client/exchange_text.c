/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/exchange_text.h"
#include "rpc/client/call.h"

#include <stdio.h>
#include <string.h>

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
		return "AUTH_TOOWEAK (the credentials are too weak for it)";
	case AUTH_FAILED:
		return "AUTH_FAILED (it gives no reason)";
	default:
		return NULL;
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

const char *exchange_error_text(const struct rpc_err *e, char buf[EXCHANGE_WHY_MAX])
{
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
