/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The servers that track follows, and the ways to them, which stay open. It uses one address of
 * each name while that answers, even if the name resolves to others meanwhile, and looks the name
 * up again when it stops answering.
 */
#ifndef TRACK_TRACK_SERVERS_H
#define TRACK_TRACK_SERVERS_H

#include "measure/measure_all.h"

/* Polls in a row without an answer before the name is looked up again. */
#define TRACK_SERVERS_PATIENCE 3

/*
 * A server is asked again after so long how good its clock is. Meanwhile its claim ages by 15 ppm
 * (RFC 5905, PHI); it may have become worse, for which a longer time would be too long.
 */
#define TRACK_SERVERS_ASK_AFTER (90 * NS_PER_SEC)

struct track_server {
	struct target target; /* while it is followed: of one address, the one that answers */
	bool followed;        /* else it is to be looked up */
	unsigned unanswered;  /* polls in a row */
	struct address last;  /* that was followed; of length 0 if none was */
	struct measure_kept kept;
	bool heard;                   /* how good its clock is: */
	struct clock_quality quality; /* as the server said */
	struct mono asked;            /* when it was asked */
};

/* A poll: how it is to be done. */
struct track_servers_poll {
	struct measure_options measure;
	bool thorough; /* also ask every server how good its clock is */
};

struct track_servers {
	const char *program; /* for messages */
	const struct parse_host *hosts;
	size_t n;
	const struct target_options *how;
	struct track_server *servers;
};

/* Begin with names alone; all that is pointed to must outlive it. 0 or -ENOMEM. */
int track_servers_open(struct track_servers *s, const char *program, const struct parse_host *hosts,
		       size_t n, const struct target_options *how);

/*
 * Measure all servers at the same time, as measure_all does. How good its clock is, each is asked
 * now and then only; in between its last answer counts, and the error grows. A new address of a
 * name is reported on stderr.
 */
struct measure_job *track_servers_measure(struct track_servers *s,
					  const struct track_servers_poll *poll);

void track_servers_close(struct track_servers *s);

#endif
