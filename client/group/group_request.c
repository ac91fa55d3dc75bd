/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/group/group_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "measure/target.h"
#include "client/verbs.h"
#include "core/host_hint.h"
#include "rpc/local.h"
#include "os/clock_system.h"
#include "os/stdio.h"

#define TIMEOUT (5 * NS_PER_SEC)
/* Where members are that are named without a port: the low half of the program's number. */
#define DEFAULT_PORT 21319

#define ASKING (GROUP_SCOPE_STATUS | GROUP_SCOPE_CHANGE)

#define AT(member) .place = offsetof(struct group_request, member)

static const struct option_row rows[] = {
	{ "socket", '\0', "PATH", "ask the timesyncd of this local socket", ASKING, OPTION_TEXT,
	  AT(socket) },
	{ "at", '\0', "HOST", "ask the member at HOST[:PORT] instead", ASKING, OPTION_TEXT,
	  AT(at) },
	{ "key", '\0', "FILE", "the group's key file, for other hosts", ASKING, OPTION_TEXT,
	  AT(key) },
	{ "json", '\0', NULL, "print a JSON object", GROUP_SCOPE_STATUS, OPTION_FLAG, AT(json) },
	{ "max-spread", '\0', "DUR", "degraded if the clocks are further apart than this",
	  GROUP_SCOPE_STATUS, OPTION_DURATION, AT(max_spread), .least = 1, .most = INT64_MAX },
	{ "yes", 'y', NULL, "do not ask", GROUP_SCOPE_RECOVER, OPTION_FLAG, AT(yes) },
	{ "watch", '\0', NULL, "print it again every second, until interrupted", GROUP_SCOPE_STATUS,
	  OPTION_FLAG, AT(watch) },
};

int group_request_complain(const struct group_request *r, int status, const char *what,
			   const char *why)
{
	return verbs_refuse(r->program, r->json, status, "%s%s%s", what, why[0] ? ": " : "", why);
}

/* STATUS_GO_ON, or the status to exit with. */
static int read_key(struct group_request *r)
{
	struct keys keys;
	const char *why;
	int rc;

	if (!r->key) {
		return STATUS_GO_ON;
	}
	rc = keys_read(&keys, r->key, &why);
	if (rc != 0) {
		return group_request_complain(r, verbs_status(rc), r->key, why);
	}
	rc = mac_open(&r->mac, &keys, GROUP_MAC_LABEL);
	keys_forget(&keys);
	return rc == 0 ? STATUS_GO_ON
		       : group_request_complain(r, STATUS_USAGE, r->key, strerror(-rc));
}

/* Parse the options and the operand, called `operand` if there has to be one. As above. */
int group_request_parse(struct group_request *r, unsigned scope, const char *program,
			const char *operand, const char *about, int argc, char **argv)
{
	const struct options options = {
		.program = program,
		.operands = operand,
		.about = about,
		.scope = scope,
		.parts = { OPTION_PART(rows, r) },
	};
	char **operands;
	int status;

	*r = (struct group_request){ .program = program };
	status = verbs_parse(&options, argc, argv, &operands);
	if (status != STATUS_GO_ON) {
		return status;
	}
	r->operand = operands[0];
	return read_key(r);
}

/* --- the member to ask --- */

/* STATUS_GO_ON, or the status to exit with. */
int group_request_resolve(const struct group_request *r, const char *text, struct address *out)
{
	const struct target_options options = { .socktype = SOCK_DGRAM, .port = DEFAULT_PORT };
	char why[TARGET_WHY_MAX];
	struct parse_host host;
	struct target target;

	if (parse_host(text, &host) != 0) {
		char hint[HOST_HINT_MAX], must[2 * HOST_HINT_MAX];

		snprintf(must, sizeof(must), "must be HOST, HOST:PORT or [V6]:PORT: %s",
			 host_hint(text, hint));
		return group_request_complain(r, STATUS_USAGE, text, must);
	}
	if (target_resolve(&target, &host, &options, why) != 0 ||
	    target_locate(out, &target, 0, clock_system(), TIMEOUT, why) != 0) {
		return group_request_complain(r, STATUS_NO_ANSWER, why, "");
	}
	return STATUS_GO_ON;
}

static bool local_path(struct address *out, const char *path, bool root)
{
	struct address base;
	char with_suffix[ADDRESS_TEXT_MAX + sizeof(".group")];
	char text[ADDRESS_TEXT_MAX];

	if (path ? !address_unix(&base, path) : !local_default_path(&base, root)) {
		return false;
	}
	snprintf(with_suffix, sizeof(with_suffix), "%s.group", address_text(&base, text));
	return address_unix(out, with_suffix);
}

/* Nobody has answered: the reason, with a remedy. Returns `buf`. */
static const char *why_silent(const struct group_request *r, int error, char *buf, size_t size)
{
	snprintf(buf, size, "%s; %s", strerror(-error),
		 r->at ? "is timesyncd --group running there, at that port?"
		 : r->socket
			 ? "is timesyncd --group running with this --socket?"
			 : "is timesyncd --group running here? Name its --socket, or a member by "
			   "--at and --key");
	return buf;
}

int group_request_fail(const struct group_request *r, const struct group_asker *asker, int error)
{
	char place[ADDRESS_TEXT_MAX], what[2 * ADDRESS_TEXT_MAX], silent[200];
	const bool refused = error == -EACCES || error == -ECONNRESET;

	snprintf(what, sizeof(what), "no answer from a group's member at %s",
		 address_text(&asker->at, place));
	return group_request_complain(
		r, refused ? STATUS_NO_PERMISSION : STATUS_NO_ANSWER, what,
		error == -EACCES ? (r->mac ? "it refuses the call: is --key the key of its group?"
					   : "it refuses the call: its group needs a --key")
		: error == -ECONNRESET ? "only root and the daemon's own user are answered"
		: error == -EBADMSG    ? "its answer is not authenticated with this key"
				       : why_silent(r, error, silent, sizeof(silent)));
}

/* Find the member to ask, and ask it for the first page. As above. */
int group_request_begin(const struct group_request *r, struct group_asker *asker,
			struct group_status *s)
{
	const bool orders[] = { geteuid() == 0, true };
	int rc = -ENOENT;

	*asker = (struct group_asker){ .clock = clock_system(), .timeout = TIMEOUT };
	if (r->at) {
		int status = group_request_resolve(r, r->at, &asker->at);

		asker->mac = r->mac;
		rc = status == STATUS_GO_ON ? group_ask_status(s, asker, 0) : 0;
		return status != STATUS_GO_ON ? status
		       : rc == 0              ? STATUS_GO_ON
					      : group_request_fail(r, asker, rc);
	}
	for (size_t i = 0; i < (r->socket ? 1 : 2) && rc != 0; i++) {
		if (local_path(&asker->at, r->socket, orders[i])) {
			rc = group_ask_status(s, asker, 0);
		}
	}
	return rc == 0 ? STATUS_GO_ON : group_request_fail(r, asker, rc);
}
