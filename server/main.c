#include <stdlib.h>

#include "server/daemon.h"
#include "server/settings.h"

#define STATUS_USAGE 2

int main(int argc, char **argv)
{
	struct settings settings;

	switch (settings_parse(&settings, argc, argv)) {
	case SETTINGS_RUN:
		return daemon_run(&settings);
	case SETTINGS_DONE:
		return EXIT_SUCCESS;
	case SETTINGS_WRONG:
		break;
	}
	return STATUS_USAGE;
}
