/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process that answers Prometheus.
 */
#ifndef EXPORTER_EXPORTER_H
#define EXPORTER_EXPORTER_H

#include "exporter/settings.h"

/* Serve until SIGTERM or SIGINT. The exit status. */
int exporter_run(const struct exporter_settings *s);

#endif
