/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "client/verbs.h"
#include "os/options.h"
#include "rpc/keys.h"

static int keygen(const char *program, const char *about, int argc, char **argv)
{
	const struct options options = {
		.program = program,
		.operands = "FILE",
		.about = about,
		.scope = 1,
	};
	char **operands;
	int rc, status = verbs_parse(&options, argc, argv, &operands);

	if (status != STATUS_GO_ON) {
		return status;
	}
	rc = keys_create(operands[0]);
	if (rc == 0) {
		return STATUS_DONE;
	}
	return verbs_refuse(program, false, rc == -EEXIST ? STATUS_USAGE : verbs_status(rc),
			    "%s: %s", operands[0],
			    rc == -EEXIST ? "exists already, and was left as it is"
					  : strerror(-rc));
}

int cmd_keygen(int argc, char **argv)
{
	return keygen(
		"timesync keygen",
		"Create a key file, for timesyncd --key and its clients. Copy it over a secure "
		"channel.",
		argc, argv);
}

int cmd_group_keygen(int argc, char **argv)
{
	return keygen("timesync group keygen",
		      "Create a key file. Copy it to all members over a secure channel.", argc,
		      argv);
}
