/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a path to the checked and mapped image of a clock file.
 */
#ifndef OS_CLOCK_FILE_MAP_H
#define OS_CLOCK_FILE_MAP_H

#include "os/clock_file_format.h"

/*
 * Map the clock file `path`; the caller releases *image with clock_file_unmap. With `writable` it
 * may be written to, and *fd is a descriptor of the file to lock it by, which the caller closes;
 * without, *fd is -1. One that is cut off later reads as zeros (os/mapped), which is a damaged
 * image (clock_file_read_checked). 0 with *why null, or -errno with *why as in clock_file_open.
 */
int clock_file_map(const char *path, bool writable, struct clock_file_image **image, int *fd,
		   const char **why);

void clock_file_unmap(struct clock_file_image *image);

#endif
