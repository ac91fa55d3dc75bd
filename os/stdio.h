/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The three standard streams of a program that opens files: there at the start, written at the end.
 * It also writes the messages of an interactive program to stderr. No other module writes messages
 * there, except os/log, which is for the daemon.
 */
#ifndef OS_STDIO_H
#define OS_STDIO_H

#include <stdbool.h>

/*
 * Before anything is opened: put /dev/null where a standard descriptor is closed. Without that the
 * next file opened would get its number, and messages for people would be written to it. Writing to
 * a stdout that was closed fails nevertheless (EBADF), so that stdio_end notices it. False, with
 * the reason on stderr behind the name of the program, if that cannot be done.
 */
bool stdio_begin(const char *program);

/*
 * Call this at the end: flush stdout and close it. False, with the reason on stderr after the name
 * of the program, if any output could not be written, now or before.
 */
bool stdio_end(const char *program);

/*
 * Report an error: "PROGRAM: MESSAGE" on stderr, printf-style, without a newline. It is one line
 * and cannot control a terminal, whatever text it quotes (core/printable.h). A message longer than
 * about 8000 octets ends in "...". The journal gets it as a warning, without the name.
 */
void stdio_complain(const char *program, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
