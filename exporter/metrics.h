/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The watched state, as text for Prometheus (its exposition format, version 0.0.4).
 */
#ifndef EXPORTER_METRICS_H
#define EXPORTER_METRICS_H

#include "exporter/watch.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The text, for the caller to free, and its length; null if there is no memory. */
char *metrics_text(const struct watch *w, size_t *length);

#endif
