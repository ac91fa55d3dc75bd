/*
 * From a path to the checked and mapped image of a clock file.
 */
#ifndef SYS_CLOCK_FILE_MAP_H
#define SYS_CLOCK_FILE_MAP_H

#include "sys/clock_file_format.h"

/*
 * Map the clock file `path`; the caller releases *image with munmap. With `writable` it may be
 * written to, and *fd is a descriptor of the file to lock it by, which the caller closes; without,
 * *fd is -1. 0 with *why null, or -errno with *why as in clock_file_open.
 */
int clock_file_map(const char *path, bool writable, struct clock_file_image **image, int *fd,
		   const char **why);

#endif
