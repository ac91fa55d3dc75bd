/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The journal of systemd, when standard error goes there: it takes the priority of a message from
 * its beginning (sd-daemon(3)), and adds the name of the program by itself.
 */
#ifndef OS_JOURNAL_H
#define OS_JOURNAL_H

#include <stdbool.h>

/* Whether standard error goes there, which is asked each time, as it may be redirected. */
bool journal_has_stderr(void);

#endif
