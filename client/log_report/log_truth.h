/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The true offset at the instants of a log. It is known if the clock that the server served is at
 * hand and has not been adjusted since, and the log has the readings of the system clock. The user
 * names the clock that the server served.
 */
#ifndef CLIENT_LOG_REPORT_LOG_TRUTH_H
#define CLIENT_LOG_REPORT_LOG_TRUTH_H

#include <jansson.h>
#include <stddef.h>

#include "os/clock.h"

struct log_truth {
	struct clock *clock; /* null: nothing is known */
	ts_ns since;         /* when it was adjusted last, by the system clock */
};

/* The server served the clock file of that name, or "system". As clock_file_open. */
int log_truth_open(struct log_truth *t, const char *name, const char **why);
void log_truth_close(struct log_truth *t);

/*
 * Server's clock minus local clock when the local clock showed `at`, and the system clock
 * `system_at`, 0 if that is not known. False if it cannot be known.
 */
bool log_truth_at(const struct log_truth *t, ts_ns at, ts_ns system_at, dur_ns *offset);

/* Measured offsets beside the true ones. Begin with zeros. */
struct log_truth_sum {
	size_t n, beyond; /* measurements, and those that were wrong by more than their bound */
	dur_ns furthest;  /* the true offset of greatest size */
	dur_ns error;     /* the error of greatest size: measured minus true */
	double squares;   /* of the true offsets, in s^2 */
};

void log_truth_add(struct log_truth_sum *sum, dur_ns truth, dur_ns offset, dur_ns max_error);

/* For people, lines whose heads have that width; and for programs. */
void log_truth_print(const struct log_truth_sum *sum, size_t all, int width);
json_t *log_truth_json(const struct log_truth_sum *sum);

#endif
