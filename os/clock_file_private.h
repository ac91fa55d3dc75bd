/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by the parts of a clock file's implementation: clock_file.c (reading, opening) and
 * clock_file_adjust.c.
 */
#ifndef OS_CLOCK_FILE_PRIVATE_H
#define OS_CLOCK_FILE_PRIVATE_H

#include "os/clock_file.h"
#include "os/clock_file_format.h"

struct clock_file {
	struct clock clock;
	struct clock_file_image *image; /* mapped; not to be written to unless `fd` is open */
	int fd;                         /* to lock the file with, -1 when opened read-only */
};

/*
 * Whether others can read the changes to a clock that was opened for adjusting: 0, -EBADMSG (the
 * file is damaged or too short) or -ENOENT (it no longer has a name).
 */
int clock_file_check(const struct clock_file *f);

/* Operations of struct clock_ops. */
int clock_file_step(struct clock *c, dur_ns add, struct clock_mark *since);
int clock_file_slew(struct clock *c, dur_ns add, struct clock_mark *since);
int clock_file_set_frequency(struct clock *c, int64_t ppb, struct clock_mark *since);

#endif
