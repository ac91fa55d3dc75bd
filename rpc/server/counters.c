/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/counters.h"

#include "timesync_status.h"

_Static_assert((int)COUNTER_UDP_NULL == (int)TIMESYNC_COUNT_UDP_NULL &&
		       (int)COUNTER_TCP_NULL == (int)TIMESYNC_COUNT_TCP_NULL &&
		       (int)COUNTER_ERRORS == (int)TIMESYNC_COUNT_ERRORS &&
		       (int)COUNTER_RATE_LIMITED == (int)TIMESYNC_COUNT_RATE_LIMITED &&
		       (int)COUNTER_CLOSED_EARLY == (int)TIMESYNC_COUNT_CLOSED_EARLY &&
		       (int)COUNTER_BROADCAST == (int)TIMESYNC_COUNT_BROADCAST &&
		       (int)COUNTERS == (int)TIMESYNC_COUNT_AUTHENTICATED + 1,
	       "enum counter is timesync_count");
_Static_assert((int)COUNTERS <= TIMESYNC_MAX_COUNTS, "all counters fit into a status");

const char *counter_name(enum counter what)
{
	static const char *const names[COUNTERS] = {
		[COUNTER_UDP_NULL] = "udp_null",
		[COUNTER_UDP_GET_TIMESTAMPS] = "udp_get_timestamps",
		[COUNTER_UDP_GET_TIME] = "udp_get_time",
		[COUNTER_UDP_GET_TIMESTAMPS_INTERLEAVED] = "udp_get_timestamps_interleaved",
		[COUNTER_TCP_NULL] = "tcp_null",
		[COUNTER_TCP_GET_TIMESTAMPS] = "tcp_get_timestamps",
		[COUNTER_TCP_GET_TIME] = "tcp_get_time",
		[COUNTER_TCP_GET_TIMESTAMPS_INTERLEAVED] = "tcp_get_timestamps_interleaved",
		[COUNTER_ERRORS] = "errors",
		[COUNTER_CREDENTIALS] = "credentials_refused",
		[COUNTER_MALFORMED] = "malformed",
		[COUNTER_DENIED] = "denied",
		[COUNTER_RATE_LIMITED] = "rate_limited",
		[COUNTER_ACCEPTED] = "connections_accepted",
		[COUNTER_CLOSED] = "connections_closed",
		[COUNTER_CLOSED_EARLY] = "connections_closed_early",
		[COUNTER_BROADCAST] = "broadcast",
		[COUNTER_AUTHENTICATED] = "authenticated",
	};

	return names[what];
}
