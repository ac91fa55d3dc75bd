/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "server/daemon.h"
#include "server/settings.h"
#include "os/stdio.h"

#define STATUS_USAGE 2

int main(int argc, char **argv)
{
	struct settings settings;

	if (!stdio_begin("timesyncd")) {
		return EXIT_FAILURE;
	}
	switch (settings_parse(&settings, argc, argv)) {
	case OPTIONS_RUN:
		return daemon_run(&settings);
	case OPTIONS_DONE:
		return stdio_end("timesyncd") ? EXIT_SUCCESS : EXIT_FAILURE;
	case OPTIONS_WRONG:
		break;
	}
	return STATUS_USAGE;
}
