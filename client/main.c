/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include "client/verbs.h"
#include "os/stdio.h"

static const struct verb verbs[] = {
	{ "query", "measure against servers and print; never sets anything", cmd_query },
	{ "sync", "measure against a server and adjust the clock", cmd_sync },
	{ "track", "keep the clock correct, in offset and rate", cmd_track },
	{ "report", "sum up and draw a log of track or query", cmd_report },
	{ "now", "print the true time between two limits", cmd_now },
	{ "wait", "wait until the clock is good enough", cmd_wait },
	{ "check", "judge the clock in one line, as a monitoring plugin", cmd_check },
	{ "compare", "apply every method to the same rounds", cmd_compare },
	{ "clock", "create, show and adjust clock files", cmd_clock },
	{ "doctor", "find the fault of a server, and its remedy", cmd_doctor },
	{ "discover", "find the servers on this network, and measure them", cmd_discover },
	{ "status", "print the counters of the local timesyncd", cmd_status },
	{ "keygen", "make a key file", cmd_keygen },
	{ "group", "show a group and change its members", cmd_group },
	{ NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	int status = STATUS_USAGE;

	if (stdio_begin("timesync")) {
		status = verbs_run(verbs, "timesync", "Clock synchronisation over ONC RPC.", argc,
				   argv);
	}
	return stdio_end("timesync") || status != STATUS_DONE ? status : STATUS_USAGE;
}
