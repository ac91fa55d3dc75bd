/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text of a drift file, in the formats of timesync, ntpd and chronyd.
 */
#ifndef CORE_DRIFT_TEXT_H
#define CORE_DRIFT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Read a rate, in ppb by how much the clock loses when nobody corrects it, from `len` octets:
 *
 *     -12.345                    parts per million, as ours and ntpd's files have it (a correction,
 *                                which is the loss); digits after the third are rounded
 *     7.5 ppm                    the same
 *     7.5 ppm +/- 0.020          the same, and its standard deviation: ours
 *     -2.123456   0.012345       chronyd's: by how much the clock gains, and how far that may be
 *                                wrong; so the sign is turned
 *
 * with blanks and ends of lines of any kind before and after, and a byte order mark.
 *
 * *chance_ppb becomes the standard deviation, at least 1; DRIFT_WANDER_PPB where there is none.
 *
 * 0; -ENODATA when nothing is there: no octet, only blanks, or NULs at the end, which is what a
 * crash can leave of a file; -EINVAL when something else is there, also a number of other form or
 * of more than 100,000 ppm.
 */
int drift_text_read(const char *text, size_t len, int64_t *rate_ppb, int64_t *chance_ppb);

#endif
