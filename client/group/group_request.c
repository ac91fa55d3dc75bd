/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/group/group_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/print/fields.h"
#include "client/measure/target.h"
#include "client/verbs.h"
#include "core/host_hint.h"
#include "rpc/local.h"
#include "os/clock_system.h"
#include "os/stdio.h"

#define TIMEOUT (5 * NS_PER_SEC)
/* Where members are that are named without a port: the low half of the program's number. */
#define DEFAULT_PORT 21319

enum option_index { OPT_SOCKET, OPT_AT, OPT_KEY, OPT_JSON, OPT_WATCH, OPT_HELP, N_OPTIONS };

static const struct option_spec option_table[N_OPTIONS] = {
	[OPT_SOCKET] = { "socket", '\0', "PATH", "ask the timesyncd of this local socket",
			 GROUP_SCOPE_STATUS | GROUP_SCOPE_CHANGE },
	[OPT_AT] = { "at", '\0', "HOST", "ask the member at HOST[:PORT] instead",
		     GROUP_SCOPE_STATUS | GROUP_SCOPE_CHANGE },
	[OPT_KEY] = { "key", '\0', "FILE", "the group's key file, for other hosts",
		      GROUP_SCOPE_STATUS | GROUP_SCOPE_CHANGE },
	[OPT_JSON] = { "json", '\0', NULL, "print a JSON object", GROUP_SCOPE_STATUS },
	[OPT_WATCH] = { "watch", '\0', NULL, "print it again every second, until interrupted",
			GROUP_SCOPE_STATUS },
	[OPT_HELP] = { "help", 'h', NULL, "print this and exit",
		       GROUP_SCOPE_STATUS | GROUP_SCOPE_CHANGE | GROUP_SCOPE_KEYGEN },
};

static bool apply(void *context, size_t index, const char *argument)
{
	struct group_request *r = context;

	switch ((enum option_index)index) {
	case OPT_SOCKET:
		r->socket = argument;
		return true;
	case OPT_AT:
		r->at = argument;
		return true;
	case OPT_KEY:
		r->key = argument;
		return true;
	case OPT_JSON:
		r->json = true;
		return true;
	case OPT_WATCH:
		r->watch = true;
		return true;
	case OPT_HELP:
		r->help = true;
		return true;
	case N_OPTIONS:
		break;
	}
	return false;
}

int group_request_complain(const struct group_request *r, int status, const char *what,
			   const char *why)
{
	const char *const colon = why[0] ? ": " : "";

	stdio_complain(r->options.program, "%s%s%s", what, colon, why);
	if (r->json) {
		char text[2 * TARGET_WHY_MAX];

		snprintf(text, sizeof(text), "%s%s%s", what, colon, why);
		fields_print_error(text);
	}
	return status;
}

/* -1 to go on, or the status to exit with. */
static int read_key(struct group_request *r)
{
	struct keys keys;
	const char *why;
	int rc;

	if (!r->key) {
		return -1;
	}
	rc = keys_read(&keys, r->key, &why);
	if (rc != 0) {
		return group_request_complain(
			r, rc == -EPERM || rc == -EACCES ? STATUS_NO_PERMISSION : STATUS_USAGE,
			r->key, why);
	}
	rc = seal_open(&r->seal, &keys);
	keys_forget(&keys);
	return rc == 0 ? -1 : group_request_complain(r, STATUS_USAGE, r->key, strerror(-rc));
}

/* Parse the options and the operand, called `operand` if there has to be one. As above. */
int group_request_parse(struct group_request *r, enum group_scope scope, const char *program,
			const char *operand, const char *about, int argc, char **argv)
{
	int first;

	memset(r, 0, sizeof(*r));
	r->options = (struct options){ program, option_table, N_OPTIONS, scope };
	first = options_parse(&r->options, argc, argv, apply, r);
	if (first < 0) {
		return STATUS_USAGE;
	}
	if (r->help) {
		printf("Usage: %s [OPTION]...%s%s\n%s\n\n", program, operand ? " " : "",
		       operand ? operand : "", about);
		options_help(&r->options, stdout);
		verbs_print_page(program);
		return STATUS_DONE;
	}
	if (argc - first != (operand ? 1 : 0) || (operand && argv[first][0] == '\0')) {
		stdio_complain(program,
			       operand ? "one %s is needed; see '%s --help'"
				       : "there are no operands%s; see '%s --help'",
			       operand ? operand : "", program);
		return STATUS_USAGE;
	}
	r->operand = operand ? argv[first] : NULL;
	return read_key(r);
}

/* --- the member to ask --- */

/* -1 to go on, or the status to exit with. */
int group_request_resolve(const struct group_request *r, const char *text, struct address *out)
{
	const struct target_options options = { .socktype = SOCK_DGRAM,
						.port = DEFAULT_PORT,
						.cancel_fd = -1 };
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
	return -1;
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
		error == -EACCES ? (r->seal ? "it refuses the call: is --key the key of its group?"
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

		asker->seal = r->seal;
		rc = status < 0 ? group_ask_status(s, asker, 0) : 0;
		return status >= 0 ? status : rc == 0 ? -1 : group_request_fail(r, asker, rc);
	}
	for (size_t i = 0; i < (r->socket ? 1 : 2) && rc != 0; i++) {
		if (local_path(&asker->at, r->socket, orders[i])) {
			rc = group_ask_status(s, asker, 0);
		}
	}
	return rc == 0 ? -1 : group_request_fail(r, asker, rc);
}
