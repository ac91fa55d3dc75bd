/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The facts that a diagnosis is made from, and what can be read from them. client/doctor/probe.h
 * finds them out.
 */
#ifndef CLIENT_DOCTOR_FACTS_H
#define CLIENT_DOCTOR_FACTS_H

#include "measure/target.h"
#include "core/estimate.h"
#include "rpc/client/exchange.h"
#include "rpc/client/rpcbind.h"

#define DIAGNOSIS_PROBES        20
#define DIAGNOSIS_MAX_ENTRIES   16
#define DIAGNOSIS_MAX_ENDPOINTS (2 * TARGET_MAX_ADDRESSES)

/* The findings at one address over one transport. Errors are 0 or -errno. */
struct diagnosis_endpoint {
	struct address at; /* with the server's port, as soon as it is known; else 0 */
	int socktype;

	/* rpcbind there, asked over the same transport; not if the port was given */
	bool rpcbind_connected; /* at least, over TCP */
	int rpcbind;            /* of a NULL call */
	dur_ns rpcbind_took;
	int list; /* of asking for the registrations, if `rpcbind` is 0 */
	size_t n_entries;
	struct rpcbind_entry entries[DIAGNOSIS_MAX_ENTRIES]; /* of our program, any version */
	struct address named; /* where its answer to a client places the server; len 0: nowhere */
	uint16_t group_port;  /* of a group's member there; 0: none is registered */

	/* the server there, if there is a port */
	bool connected;     /* at least, over TCP */
	bool answered_late; /* than it was waited for, the first call */
	int server;         /* of a NULL call of our version */
	dur_ns server_took;
	char why[EXCHANGE_WHY_MAX]; /* if `server` is not 0: the same in words */
	bool other_key; /* why that failed, or the last refusal: we and it have not the same key */

	/* probes of that server, if `server` is 0 */
	struct call_counts counts;
	unsigned stepped;               /* of those answered, discarded because a clock stepped */
	unsigned refused;               /* answered in a way that no server does, or refused */
	char refusal[EXCHANGE_WHY_MAX]; /* the last of these, in words */
	size_t n;
	struct sample samples[DIAGNOSIS_PROBES];
	bool quality_known;
	struct clock_quality quality;
	struct sample time;              /* of GET_TIME, if `quality_known` */
	char time_why[EXCHANGE_WHY_MAX]; /* else why not; "" if it was not asked */
	struct address group; /* where a group's member answers on that host; len 0: nowhere */
};

/* A measurement, as query makes it. */
struct diagnosis_measurement {
	bool made;                /* a server answered, so that it was tried */
	int rc;                   /* as of measure() */
	char why[TARGET_WHY_MAX]; /* if rc is not 0 */
	struct address server;
	struct estimate estimate;
};

struct diagnosis_facts {
	struct parse_host host; /* as it was typed, with the port from the option if need be */
	int family;             /* that was asked for; or AF_UNSPEC */
	int64_t max_drift_ppb;  /* by how much the two clocks may drift apart */
	bool resolved;          /* its addresses are known; else: */
	char why[TARGET_WHY_MAX];
	struct target target;
	size_t n; /* each address over UDP, then over TCP */
	struct diagnosis_endpoint endpoints[DIAGNOSIS_MAX_ENDPOINTS];
	struct diagnosis_measurement over_udp,
		over_tcp; /* the latter if the former brings nothing */
};

/* "udp" or "tcp". */
const char *diagnosis_transport(const struct diagnosis_endpoint *e);

/* Whether the port came from rpcbind. */
static inline bool diagnosis_by_rpcbind(const struct diagnosis_facts *f)
{
	return f->host.port == 0;
}

static inline bool diagnosis_rpcbind_answers(const struct diagnosis_endpoint *e)
{
	return e->rpcbind_connected && e->rpcbind == 0;
}

static inline bool diagnosis_server_answers(const struct diagnosis_endpoint *e)
{
	return e->connected && e->server == 0;
}

/* The best sample of an endpoint that has any. */
const struct sample *diagnosis_best(const struct diagnosis_endpoint *e);

/* Whether the two samples' offsets differ by more than they may if they are of the same clocks. */
bool diagnosis_contradict(const struct sample *a, const struct sample *b, int64_t max_drift_ppb);

/* The first endpoint of that family (or AF_UNSPEC) and transport whose server answers, or null. */
const struct diagnosis_endpoint *diagnosis_working(const struct diagnosis_facts *f, int family,
						   int socktype);

/*
 * Where rpcbind says that our program is served, for an endpoint of `facts`: of our version if
 * there is one, else of any. Null when rpcbind knows of none there, or none answered.
 */
const struct rpcbind_entry *diagnosis_entry(const struct diagnosis_facts *facts,
					    const struct diagnosis_endpoint *e);

#endif
