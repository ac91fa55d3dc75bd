/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A discovery: the servers on this machine's networks, found by broadcast and measured.
 */
#ifndef MEASURE_DISCOVERY_H
#define MEASURE_DISCOVERY_H

#include "measure/measure_all.h"
#include "rpc/client/broadcast.h"

struct discovery_server {
	struct address at;
	bool indirect;                 /* its rpcbind answers indirect calls */
	char name[PARSE_HOST_MAX + 1]; /* "" if it has none, or finding it took too long */
};

struct discovery {
	int networks;        /* that were asked, or -errno */
	int error;           /* 0 or -errno: none of them could be */
	bool indirect_known; /* else the servers' `indirect` says nothing */
	size_t rpcbinds;     /* that answered, whether they know a server or not */
	size_t found;        /* servers; the first MEASURE_MAX_SERVERS are taken: */
	size_t n;
	struct discovery_server servers[MEASURE_MAX_SERVERS]; /* by address */
	struct measure_job *jobs; /* of each of them; null when out of memory */
};

/*
 * Find servers for `wait` ns (a second more if somebody holds it up), measure them all at the same
 * time, and look their names up for at most two seconds. 0, or -errno when the questions could not
 * even be asked. To be released by discovery_free in any case.
 */
int discovery_make(struct discovery *out, dur_ns wait, const struct measure_options *options);

void discovery_free(struct discovery *d);

/*
 * Put the answers to both questions together: all but the names and the jobs. A plain answer comes
 * from the host that it is about. An indirect one only names an address, so it tells of a host that
 * has answered the plain question too that it answers both, and finds none by itself.
 */
void discovery_merge(struct discovery *out, const struct broadcast_answers *indirect,
		     const struct broadcast_answers *plain);

#endif
