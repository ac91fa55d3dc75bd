/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of a tracker: on stderr after the name of the program, or, with null as that, in the
 * daemon's log (os/log).
 */
#ifndef TRACK_TRACK_SAY_H
#define TRACK_TRACK_SAY_H

/* What is wrong: a warning in the log. */
void track_complain(const char *program, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What is not. */
void track_tell(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
