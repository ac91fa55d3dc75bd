/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/admission.h"

#include <string.h>

_Static_assert(sizeof(struct host) + 1 == RATELIMIT_KEY_SIZE,
	       "a host and a transport are a key of the rate limiter");

bool admission_allows(const struct admission *admission, const struct host *host)
{
	if (!access_allows(admission->access, host)) {
		counters_count(admission->counters, COUNTER_DENIED);
		return false;
	}
	return true;
}

/* fe80::/10: all neighbours have their addresses in the same /64. */
static bool is_link_local(const struct host *host)
{
	return host->octets[0] == 0xfe && (host->octets[1] & 0xc0) == 0x80;
}

/* A host with one IPv6 address most often has the whole /64. */
struct host admission_client(const struct host *host)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct host client = *host;

	if (memcmp(host->octets, mapped, sizeof(mapped)) != 0 && !is_link_local(host)) {
		memset(client.octets + 8, 0, 8);
	}
	return client;
}

/*
 * Whether that host may call now. The address of a datagram can be forged, so a share of the calls
 * over the limit is let through. The address of a connection cannot.
 */
static bool admits(const struct admission *admission, int socktype, const struct host *host)
{
	const bool forgeable = socktype == SOCK_DGRAM;
	uint8_t key[RATELIMIT_KEY_SIZE];
	struct host client;

	if (!admission->limiter) {
		return true;
	}
	client = admission_client(host);
	memcpy(key, client.octets, sizeof(client));
	key[sizeof(client)] = forgeable;
	return ratelimit_take(admission->limiter, key, clock_mono(admission->clock)) ||
	       (forgeable && ratelimit_leak(admission->limiter));
}

static enum counter counter_of(int socktype, const struct svc_reply *reply)
{
	switch (reply->outcome) {
	case SVC_NO_CALL:
		return COUNTER_MALFORMED;
	case SVC_CREDENTIALS:
		return COUNTER_CREDENTIALS;
	case SVC_RESULT:
		if (reply->proc < COUNTERS_PROCEDURES) {
			return (socktype == SOCK_DGRAM ? COUNTER_UDP_NULL : COUNTER_TCP_NULL) +
			       reply->proc;
		}
		break;
	case SVC_ERROR:
		break;
	}
	return COUNTER_ERRORS;
}

bool admission_answer(const struct admission *admission, int socktype, const struct host *host,
		      const struct svc_call *call, struct svc_reply *reply)
{
	const bool is_call = svc_message_begin(admission->message, call, reply);
	bool answered;

	if (is_call && !admits(admission, socktype, host)) {
		counters_count(admission->counters, COUNTER_RATE_LIMITED);
		return false;
	}
	answered = is_call && svc_message_finish(admission->message);
	counters_count(admission->counters, counter_of(socktype, reply));
	if (answered && reply->mac) {
		counters_count(admission->counters, COUNTER_AUTHENTICATED);
	}
	return answered;
}
