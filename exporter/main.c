/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "exporter/exporter.h"
#include "os/stdio.h"

#define STATUS_USAGE 2

int main(int argc, char **argv)
{
	struct exporter_settings settings;

	if (!stdio_begin(EXPORTER_PROGRAM)) {
		return EXIT_FAILURE;
	}
	switch (exporter_settings_parse(&settings, argc, argv)) {
	case OPTIONS_RUN:
		return exporter_run(&settings);
	case OPTIONS_DONE:
		return stdio_end(EXPORTER_PROGRAM) ? EXIT_SUCCESS : EXIT_FAILURE;
	case OPTIONS_WRONG:
		break;
	}
	return STATUS_USAGE;
}
