/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tracker's knowledge of its clock and its servers, as the local socket tells it. It lies in
 * memory that processes share, as words of 64 bits.
 */
#ifndef RPC_TRACKING_H
#define RPC_TRACKING_H

#include "core/ts.h"

#define TRACKING_NAME_MAX    16 /* of a phase, an event, an action, a verdict, a leap second */
#define TRACKING_SERVERS_MAX 64
#define TRACKING_HOST_MAX    264 /* "[HOST]:PORT" */
#define TRACKING_ADDRESS_MAX 112
#define TRACKING_WHY_MAX     200

struct tracking_server {
	char host[TRACKING_HOST_MAX];       /* as it was named */
	char address[TRACKING_ADDRESS_MAX]; /* with its port; "": none was found */
	char verdict[TRACKING_NAME_MAX];    /* of the last poll */
	char why[TRACKING_WHY_MAX];         /* it was not measured; "" if it was */
	uint64_t reach;                     /* of the last eight polls, a bit each: it answered */
	int64_t measured;                   /* it was, ever; and then the last time: */
	struct mono at;
	dur_ns offset;        /* remote minus local */
	dur_ns max_error;     /* of the measurement */
	dur_ns delay;         /* of the best exchange */
	int64_t synchronised; /* by its own word: */
	dur_ns claimed;       /* its clock is within this of UTC */
};

struct tracking {
	int64_t polls; /* since the tracker was started; 0: nothing else is valid */
	char phase[TRACKING_NAME_MAX];
	char event[TRACKING_NAME_MAX];
	char action[TRACKING_NAME_MAX];
	char leap[TRACKING_NAME_MAX]; /* as the servers announce it */
	struct mono at;               /* the end of the last poll */
	ts_ns time;                   /* what the clock showed then */
	struct mono next;             /* poll */
	dur_ns interval;              /* between the last two polls; 0: there was one */
	int64_t measured;             /* the servers were, ever; and then, at the last poll: */
	dur_ns offset;                /* remote minus local */
	dur_ns max_error;             /* of that; INT64_MAX if not known */
	dur_ns reference_error;       /* of the servers' clocks; INT64_MAX if not known */
	int64_t rate_known;
	int64_t rate_ppb;          /* what the clock loses when nobody corrects it */
	int64_t skew_ppb;          /* by how much that is likely to be wrong */
	int64_t frequency_ppb;     /* the correction in force, */
	int64_t slew_ppb;          /* and a slew on top of it, */
	struct mono slew_end;      /* until then */
	int64_t used;              /* measurements that this comes from */
	int64_t agreeing, counted; /* servers, and how many different ones have a vote */
	int64_t n;                 /* that were named */
	struct tracking_server servers[TRACKING_SERVERS_MAX];
};

_Static_assert(sizeof(struct tracking) % sizeof(uint64_t) == 0, "it is shared word by word");

#endif
