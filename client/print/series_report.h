/* SPDX-License-Identifier: BSD-3-Clause */
/* The summary of a series of measurements: at the end of `query --interval`, and in `report`. */
#ifndef CLIENT_PRINT_SERIES_REPORT_H
#define CLIENT_PRINT_SERIES_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "measure/series.h"

/* For people: for each server its packets, and a table of round trips and offsets. */
void series_print(FILE *out, struct series *s);

/* For programs: an array with an object for each server. */
json_t *series_json(struct series *s);

/* A spread of durations: "n", "mean_s", "deviation_s" (null of one), ...; null of none. */
json_t *series_spread_json(struct series_numbers *numbers);

#endif
