/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/tracking/chronyd.h"

#include <stdio.h>
#include <string.h>

static bool read_line(struct chronyd_figures *out, const char *line, const char *world)
{
	struct chronyd_figures f = { .rate = { -1, -1 }, .mean_rate = { -1, -1 } };
	char name[64];
	const int n = sscanf(line, "%63s %lf %lf %lf %lf %lf %lf", name, &f.rms[0], &f.rms[1],
			     &f.rate[0], &f.rate[1], &f.mean_rate[0], &f.mean_rate[1]);

	if ((n != 3 && n != 7) || strcmp(name, world) != 0) {
		return false;
	}
	*out = f;
	return true;
}

bool chronyd_find(struct chronyd_figures *out, const char *path, const char *world)
{
	FILE *in = fopen(path, "r");
	char line[256];
	bool found = false;

	while (in && !found && fgets(line, sizeof(line), in)) {
		found = read_line(out, line, world);
	}
	if (in) {
		fclose(in);
	}
	return found;
}
