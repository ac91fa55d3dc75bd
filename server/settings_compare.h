/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which options of timesyncd differ between two readings of its command line and configuration
 * file.
 */
#ifndef SERVER_SETTINGS_COMPARE_H
#define SERVER_SETTINGS_COMPARE_H

#include "server/settings.h"

/*
 * Put the names of those into `buf`, "--port, --user", that differ and take effect at the start of
 * the daemon only; "" if there are none.
 */
void settings_compare(const struct settings *a, const struct settings *b, char *buf, size_t size);

#endif
