/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A software clock that lives in a small mapped file: every process that opens the file sees, and
 * with write permission adjusts, the same clock. It is a linear map of CLOCK_REALTIME (base
 * instant, offset, rate, a slew in progress), so kernel packet timestamps convert exactly.
 *
 * Readers never block. Writers wait for each other, processes that inherited an open clock through
 * fork included; of one process, one thread may adjust clock files. The file is a valid clock
 * after a kill at any instant.
 *
 * Its keeper publishes its quality (os/bound_publisher). Without a keeper nothing disciplines such
 * a clock: it is not synchronised, and its maximum error of 0 means nothing. It has no leap
 * seconds.
 *
 * Replace a file that is in use by renaming another over it, never by writing to it. One that is
 * cut off or damaged while it is open fails clock_check, shows the system clock's time, and cannot
 * be adjusted; nobody dies of it.
 */
#ifndef OS_CLOCK_FILE_H
#define OS_CLOCK_FILE_H

#include "os/clock.h"

/* The state of a clock file as people describe it. */
struct clock_file_state {
	dur_ns offset;         /* this clock minus CLOCK_REALTIME, at the instant `at` */
	int64_t drift_ppb;     /* its own error: how much faster than CLOCK_REALTIME it runs */
	int64_t frequency_ppb; /* the correction of that by clock_set_frequency: it is added */
	dur_ns slew_left;      /* the rest of the slew in progress; 0 if none */
	ts_ns at;              /* CLOCK_REALTIME when this was read */
	ts_ns set_at;          /* CLOCK_REALTIME when it was adjusted last, or made */
};

/*
 * Make a new clock file that is `offset` ahead of the system clock and drifts by `drift_ppb`. The
 * file appears complete or not at all (but where the file system knows neither hard links nor
 * RENAME_NOREPLACE), with the permissions that the umask leaves. 0, -EEXIST when the name is taken
 * (nothing is touched), -ERANGE for an offset or drift outside what a clock can show, or -errno.
 */
int clock_file_create(const char *path, dur_ns offset, int64_t drift_ppb);

/*
 * Open a clock file, for reading and, if `writable`, adjusting. The caller releases it with
 * clock_close. 0 with *why null, or -errno with *why set to a static clause for people with the
 * fault of the file and its remedy: -ENOENT, -EACCES, -EISDIR, -EMEDIUMTYPE (not a clock file, or
 * of another format version), -EBADMSG (truncated or damaged), ... A file that is refused is never
 * written to.
 */
int clock_file_open(struct clock **out, const char *path, bool writable, const char **why);

/* The state now of a clock that clock_file_open made. */
void clock_file_state(struct clock *c, struct clock_file_state *out);

/* Put it `offset` ahead of the system clock at once; a slew in progress ends. Errors as clock_step.
 */
int clock_file_set_offset(struct clock *c, dur_ns offset);

/*
 * Change its natural rate from now on; its time does not jump, and an earlier clock_set_frequency
 * stays in force. Errors as clock_step.
 */
int clock_file_set_drift(struct clock *c, int64_t drift_ppb);

#endif
