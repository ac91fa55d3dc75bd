/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which options of timesyncd differ between two readings of its command line and configuration
 * file.
 */
#ifndef SERVER_SETTINGS_COMPARE_H
#define SERVER_SETTINGS_COMPARE_H

#include "server/settings.h"

/*
 * Some options take effect at the start of the daemon only. Put the names of those that differ into
 * `buf`: "--port, --user"; "" if there are none.
 */
void settings_compare(const struct settings *a, const struct settings *b, char *buf, size_t size);

#endif
