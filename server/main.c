/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "server/daemon.h"
#include "server/settings.h"
#include "os/exit_status.h"
#include "os/stdio.h"

int main(int argc, char **argv)
{
	struct settings settings;
	int status = STATUS_USAGE;

	if (!stdio_begin("timesyncd")) {
		return EXIT_FAILURE;
	}
	switch (settings_parse(&settings, argc, argv)) {
	case OPTIONS_RUN:
		status = daemon_run(&settings, argc, argv);
		break;
	case OPTIONS_DONE:
		status = stdio_end("timesyncd") ? EXIT_SUCCESS : EXIT_FAILURE;
		break;
	case OPTIONS_WRONG:
		break;
	}
	settings_free(&settings);
	return status;
}
