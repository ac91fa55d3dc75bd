/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include "client/verbs.h"
#include "os/stdio.h"

static const struct verb verbs[] = {
	{ "query", "measure against servers and print; never sets anything", cmd_query },
	{ "sync", "measure against a server and adjust the clock", cmd_sync },
	{ "track", "keep the clock with its servers, in offset and in rate", cmd_track },
	{ "report", "sum up and draw a log that track has written", cmd_report },
	{ "compare", "every method on the same samples, side by side", cmd_compare },
	{ "clock", "make, show and adjust clock files", cmd_clock },
	{ "doctor", "say what is wrong with a server, and what to do about it", cmd_doctor },
	{ "discover", "find the servers on this network, and measure them", cmd_discover },
	{ "status", "what the timesyncd of this machine has done", cmd_status },
	{ "group", "a group's members, leader and last cycle, and changes to it", cmd_group },
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
