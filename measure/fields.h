/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fields of the JSON objects that several verbs print: the same thing has the same name everywhere.
 *
 * jansson takes a part that could not be made (null) as a failure of the whole.
 */
#ifndef MEASURE_FIELDS_H
#define MEASURE_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "measure/combine.h"
#include "core/policy.h"

/*
 * A duration or an offset as a number of seconds, and a rate as one of parts per million. A reader
 * that rounds to a double loses nothing: 15 digits are printed, which is exact to the nanosecond up
 * to 10^6 s. Instants have no such form: they are integers of nanoseconds.
 */
json_t *fields_seconds(dur_ns d);
json_t *fields_ppm(int64_t ppb);

/* Text of others, such as a path, as core/printable.h shows it: JSON has to be UTF-8. */
json_t *fields_text(const char *raw);

/* The four timestamps of an exchange, in ns, with the offset and delay. */
json_t *fields_sample(const struct sample *s);

/*
 * The packet counts of one server and of `n` servers; the quality of the server's clock as it
 * reports it; and the verdicts on several servers.
 */
json_t *fields_rounds(const struct measurement *m);
json_t *fields_rounds_of_all(const struct measure_job *jobs, size_t n);
json_t *fields_server(const struct measurement *m);
json_t *fields_verdicts(const struct combination *c, const struct measure_job *jobs);

/* The names in these, static: of a leap second, and of the verdict on job `i`. */
const char *fields_leap_name(enum clock_leap leap);
const char *fields_verdict_name(const struct combination *c, const struct measure_job *jobs,
				size_t i);

/* Add to `object`: where the server is; an estimate; a decision. */
void fields_add_address(json_t *object, const struct measurement *m);
void fields_add_estimate(json_t *object, const struct estimate *e);
void fields_add_decision(json_t *object, const struct policy_decision *d);

/* The object as a line, without its end, to be freed; null when out of memory. */
char *fields_dump(const json_t *object);

/* Print the object as a line on stdout and release it. */
void fields_print(json_t *object);

/* Print an object with the error that is reported on stderr too. */
void fields_print_error(const char *why);

#endif
