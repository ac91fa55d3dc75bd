/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request of a verb of 'timesync group': its options, from one table, and the member that it
 * asks.
 */
#ifndef CLIENT_GROUP_GROUP_REQUEST_H
#define CLIENT_GROUP_GROUP_REQUEST_H

#include "group/wire/ask.h"
#include "os/options.h"

/* Which verb's options are valid: the scope of os/options.h. */
enum group_scope {
	GROUP_SCOPE_STATUS = 1,
	GROUP_SCOPE_CHANGE = 2,
	GROUP_SCOPE_RECOVER = 4,
};

struct group_request {
	const char *program; /* for messages */
	const char *socket, *at, *key;
	bool json, watch, yes;
	dur_ns max_spread; /* 0: none */
	const char *operand;
	struct mac *mac; /* null: no key was given */
};

/*
 * Parse a verb's command line, with the operand that --help calls `operand`, or none if that is
 * null; `about` is the sentence of its --help. STATUS_GO_ON, or the status to exit with at once.
 * Keeps pointers into argv. The caller closes r->mac.
 */
int group_request_parse(struct group_request *r, unsigned scope, const char *program,
			const char *operand, const char *about, int argc, char **argv);

/* Find the member that is typed so. STATUS_GO_ON, or the status to exit with after saying why. */
int group_request_resolve(const struct group_request *r, const char *text, struct address *out);

/* Find the member to ask, and ask it for the first page of the status. As above. */
int group_request_begin(const struct group_request *r, struct group_asker *asker,
			struct group_status *s);

/* Report the error on stderr; returns `status`. */
int group_request_complain(const struct group_request *r, int status, const char *what,
			   const char *why);

/* The same about asking, which failed with -errno. The status to exit with. */
int group_request_fail(const struct group_request *r, const struct group_asker *asker, int error);

#endif
