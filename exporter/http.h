/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The HTTP server, by libmicrohttpd: one thread that never waits for a client, a limit for the time
 * of each connection, and a new one in place of the oldest when there are many. So clients that are
 * slow or many do not keep others out.
 */
#ifndef EXPORTER_HTTP_H
#define EXPORTER_HTTP_H

#include "exporter/settings.h"

struct http;

/* Begin to serve. 0, or -errno after logging why. The settings must outlive it. */
int http_open(struct http **out, const struct exporter_settings *s);

/* Where it serves. */
const struct address *http_address(const struct http *h);

/* Close the connections that last for too long; to be called about every second. */
void http_expire(struct http *h);

/* End and release it; null is fine. */
void http_close(struct http *h);

#endif
