/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of a tracker: on stderr after the name of the program; without a name (null) in the
 * daemon's log (os/log).
 */
#ifndef TRACK_TRACK_SAY_H
#define TRACK_TRACK_SAY_H

/* A complaint: a warning in the log. */
void track_complain(const char *program, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* News: an ordinary line in the log. */
void track_tell(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
