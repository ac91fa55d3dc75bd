/* SPDX-License-Identifier: BSD-3-Clause */
/* The tracking of timesyncd --upstream, for people and for programs. */
#ifndef CLIENT_VERBS_TRACKING_REPORT_H
#define CLIENT_VERBS_TRACKING_REPORT_H

#include <jansson.h>

#include "rpc/status.h"

/* Print it on stdout, in 80 columns. */
void tracking_report_print(const struct tracked *t);

/* A JSON object. */
json_t *tracking_report_json(const struct tracked *t);

#endif
