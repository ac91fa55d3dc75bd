/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The drift file: the rate of a clock, kept from one run to the next.
 *
 * One line, "-12.345 ppm +/- 0.020": the rate in parts per million, which is the loss of the
 * uncorrected clock, and its standard deviation. Files of other programs can be read too
 * (core/drift_text.h). A symbolic link is followed: the file that
 * it leads to is the drift file, and is the one to be replaced.
 */
#ifndef TRACK_DRIFT_FILE_H
#define TRACK_DRIFT_FILE_H

#include <stdint.h>

struct drift_file_rate {
	int64_t ppb, chance_ppb;
};

/*
 * 0; -ENOENT when there is none; -ENODATA when nothing is in it; -EBADMSG when it is not a drift
 * file; -EMEDIUMTYPE when it is not a regular file, such as a FIFO, which is not waited for; or
 * -errno.
 */
int drift_file_read(const char *path, struct drift_file_rate *rate);

/* Whether it could be written there: 0 or -errno. */
int drift_file_try(const char *path);

/* Replace it, all at once. 0 or -errno, as of file_replace. */
int drift_file_write(const char *path, const struct drift_file_rate *rate);

#endif
