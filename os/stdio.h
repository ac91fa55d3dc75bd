/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The three standard streams of a program that opens files: there at the start, written at the end.
 * And what a program that people started says on stderr: no other module writes messages there,
 * but for os/log, which is for the daemon.
 */
#ifndef OS_STDIO_H
#define OS_STDIO_H

#include <stdbool.h>

/*
 * Before anything is opened: put /dev/null where a standard descriptor is closed. Without that the
 * next file opened would get its number, and be written to by what is meant for people. Writing to
 * a stdout that was closed fails nevertheless (EBADF), so that stdio_end notices it. False, with
 * the reason on stderr behind the name of the program, if that cannot be done.
 */
bool stdio_begin(const char *program);

/*
 * When all is said: write out stdout and close it. False, with the reason on stderr behind the
 * name of the program, if any of what was printed, now or before, could not be written.
 */
bool stdio_end(const char *program);

/*
 * Say what is wrong: "PROGRAM: MESSAGE" on stderr, printf-style, without a newline. Whoever's words
 * are in it, it is one line, and does nothing to a terminal (core/printable.h). What is longer than
 * about 8000 octets ends in "...".
 */
void stdio_complain(const char *program, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
