/* SPDX-License-Identifier: BSD-3-Clause */
/* A daemon's processes and the calls that they have had, for people and for programs. */
#ifndef CLIENT_VERBS_COUNTERS_REPORT_H
#define CLIENT_VERBS_COUNTERS_REPORT_H

#include <jansson.h>

#include "rpc/status.h"

/* Print it on stdout, in 80 columns. */
void counters_report_print(const struct status *s);

/* A JSON object, with a key for each counter (counter_name). */
json_t *counters_report_json(const struct status *s);

#endif
