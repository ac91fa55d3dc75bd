/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same work on several things side by side, each in a thread: for calls that block, on sockets
 * of their own.
 */
#ifndef OS_THREADS_H
#define OS_THREADS_H

#include <stddef.h>

/* Threads that work at a time, the caller's included. */
#define THREADS_MAX 64

/*
 * Work on one item. Nothing else may be written by two of them without a lock. (libtirpc's
 * xdr_opaque drops padding into static memory that nobody reads: the one race that ThreadSanitizer
 * sees.)
 */
typedef void threads_fn(void *item);

/*
 * Call `fn` for each of the `n` items of `size` octets at `items`, THREADS_MAX at a time, and
 * return when all have returned. 0; or the -errno for which no further thread could be had: then
 * those there were, at least the caller's, have done all the work, and it may have taken longer.
 * Signals come to the threads as to the caller.
 */
int threads_run(void *items, size_t n, size_t size, threads_fn *fn);

#endif
