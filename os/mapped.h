/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mapped files that others may cut off.
 *
 * Touching a mapping past the end of its file raises SIGBUS, so anybody who may write to the file
 * could kill all processes that have it mapped by truncating it. A handler of that signal puts
 * a page of zeros in the place of a mapping that has lost its file. The process goes on and finds
 * zeros.
 */
#ifndef OS_MAPPED_H
#define OS_MAPPED_H

#include <stddef.h>

#define MAPPED_MOST 16 /* a process has one clock file mapped, or two, and the page of a bound */

/* Guard a mapping of `size` bytes, at most a page, that begins at `start`. 0 or -errno. */
int mapped_guard(const void *start, size_t size);

/* Guard it no longer: before it is unmapped. */
void mapped_let_go(const void *start);

#endif
