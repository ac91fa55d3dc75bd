/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's diagnostics: one line a message, to stderr or to syslog; to a stderr that is the
 * journal's with its priority (os/journal.h). The one piece of mutable file-scope state in the
 * program, besides signals.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Name the program (`ident` is kept, not copied), say up to what level to log, and whether to
 * syslog (facility daemon) instead of stderr. Until then messages up to LOG_LEVEL_INFO go to
 * stderr under the name that the program was started by.
 */
void log_open(const char *ident, enum log_level up_to, bool to_syslog);

/* From now on log up to this level. */
void log_up_to(enum log_level level);

/*
 * Log one line, printf-style, without a newline: "IDENT: MESSAGE" on stderr, in one write. errno is
 * preserved. A message longer than about 900 bytes ends in "..."; unprintable characters, such as
 * controls, become '?' (core/printable.h), so that no message can look like two.
 */
void log_at(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
