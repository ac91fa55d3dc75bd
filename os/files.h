/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of ours in directories that others may write to: there they can put a FIFO, a device or a
 * symbolic link in the place of a file. None of them is waited for, and none is written through.
 */
#ifndef OS_FILES_H
#define OS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Open a regular file as open(2) does, but never wait, and never keep it open for a program that is
 * started. A descriptor, or -errno: -EMEDIUMTYPE when it is a FIFO, a socket or a device, -EISDIR.
 * A symbolic link is followed unless `flags` has O_NOFOLLOW.
 */
int file_open_regular(const char *path, int flags, mode_t mode);

/*
 * Replace the file `path`, or make it, all at once: it is written as PATH.new, in place of anything
 * of that name but a directory, and renamed. It has exactly that mode, whatever the umask, and is
 * on the disk when this returns. 0, or -errno, and then the old one is still there: -EISDIR when
 * PATH.new is a directory.
 */
int file_replace(const char *path, const void *bytes, size_t n, mode_t mode);

/* Whether it could be: 0 or -errno. */
int file_try_replace(const char *path);

/* The reason for people, as strerror(3), with better words for the errors of these functions. */
const char *file_error_text(int error);

#endif
