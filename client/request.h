/* SPDX-License-Identifier: BSD-3-Clause */
/* A request of a measuring verb: its options, from one table. */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include <stdbool.h>

#include "measure/measure.h"
#include "measure/target.h"
#include "core/policy.h"
#include "os/options.h"

/* Nobody asks a server anything more often than that, of his own accord. */
#define REQUEST_MIN_INTERVAL (250 * NS_PER_MS)

enum request_format {
	FORMAT_PEOPLE,
	FORMAT_JSON,
	FORMAT_CLASSIC,
	FORMAT_TABLE, /* these only for query */
	FORMAT_LINE,
	FORMAT_CSV,
};

/* Which verb's options are valid: the scope of os/options.h. */
enum request_scope {
	SCOPE_QUERY = 1,
	SCOPE_SYNC = 2,
	SCOPE_COMPARE = 4,
	SCOPE_TRACK = 16,
	SCOPE_DOCTOR = 32,
	SCOPE_DISCOVER = 64,
	SCOPE_CHECK = 128,
};

struct request {
	const char *program; /* for messages: "timesync query" */
	struct target_options target;
	struct measure_options measure; /* except the clock */
	unsigned poll_rounds;           /* of track, at each poll; 0: as many as are needed */
	struct policy_limits limits;    /* max_unsynchronised too, for the system clock */
	bool allow_unsynchronised; /* servers that are not synchronised are believed all the same */
	bool dry_run;
	bool force; /* keep a system clock that something else steers */
	enum request_format format;
	bool format_given, transport_given, rounds_given;
	const char *clock_file; /* null: the system clock */
	const char *key_file;   /* null: none */
	struct keys keys;       /* of that file */
	const char *truth;      /* the server's own clock, see measure/truth.h; null: unknown */
	dur_ns wait;            /* for servers that are looked for */
	size_t n_hosts;
	struct parse_host *hosts; /* at least one; discover has none */
};

/* The clock file that $TIMESYNC_CLOCK names, or null. */
const char *request_clock_from_environment(void);

/*
 * Parse a verb's command line; `about` is the sentence of its --help. STATUS_GO_ON, or the status
 * to exit with at once. Keeps pointers into argv. The caller releases it with request_close.
 */
int request_parse(struct request *r, enum request_scope scope, const char *program,
		  const char *about, int argc, char **argv);

/* The work of a verb on a request whose clock is open. Returns the exit status. */
typedef int request_fn(struct request *r);

/* All of a verb that adjusts nothing: parse, open the clock, run, release. The exit status. */
int request_run(enum request_scope scope, const char *program, const char *about, request_fn *run,
		int argc, char **argv);

/* The same as request_parse for a verb with options of its own. */
int request_parse_with(struct request *r, enum request_scope scope, const char *program,
		       const char *about, int argc, char **argv, const struct option_part *own);

/*
 * Open the clock that the request is about, for adjusting if `writable`; put it into r->measure.
 * The permission to adjust it is checked here, before anything is measured. STATUS_GO_ON, or the
 * exit status after reporting the error.
 */
int request_open_clock(struct request *r, bool writable);

/*
 * Check that no other program keeps the clock; and the same for a verb that keeps it from now on,
 * beside which nothing else may steer it. STATUS_GO_ON, or the exit status after naming the other.
 */
int request_leave_to_keeper(const struct request *r);
int request_keep_clock(const struct request *r, enum clock_keeper_kind as);

/* That `by` keeps the clock, as a sentence. Returns `buf`. */
#define REQUEST_WHY_MAX 4500 /* there is a path in it */
const char *request_kept_text(const struct request *r, const struct clock_keeper *by,
			      char buf[REQUEST_WHY_MAX]);

/*
 * Say that the file at `path` cannot be used, and why, on stderr and to programs. The status to
 * exit with.
 */
int request_refuse_file(const struct request *r, const char *path, int error, const char *what);

/* Say why there is nothing else to say, on stderr and to programs. Returns `status`. */
int request_refuse(const struct request *r, const char *why, int status);

/* Release everything that the functions above have made. */
void request_close(struct request *r);

#endif
