/* SPDX-License-Identifier: BSD-3-Clause */
/* chronyd's figures, from a file. */
#ifndef TESTS_SIM_TRACKING_CHRONYD_H
#define TESTS_SIM_TRACKING_CHRONYD_H

#include <stdbool.h>

#define CHRONYD_FILE "tests/sim/tracking/chronyd.txt"

struct chronyd_figures {
	double rms[2];       /* us: every 16 s, and by default */
	double rate[2];      /* ppb; negative: not measured */
	double mean_rate[2]; /* ppb, over 64 s */
};

/* Of that world. False if the file does not have them. */
bool chronyd_find(struct chronyd_figures *out, const char *path, const char *world);

#endif
