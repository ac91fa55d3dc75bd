/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A diagnosis: the state of a host as a time server, its faults, and their remedies.
 */
#ifndef CLIENT_DOCTOR_DIAGNOSIS_H
#define CLIENT_DOCTOR_DIAGNOSIS_H

#include <stddef.h>

enum diagnosis_state {
	DIAGNOSIS_OK,
	DIAGNOSIS_WARNING, /* clients can use the host, but not in every way, or not well */
	DIAGNOSIS_FAILURE, /* clients cannot use the host, or it must be mended */
};

#define DIAGNOSIS_TEXT_MAX 512

struct diagnosis_check {
	const char *name; /* of the step; there may be several of a name */
	enum diagnosis_state state;
	char text[DIAGNOSIS_TEXT_MAX];   /* the finding, as a sentence without a full stop */
	char advice[DIAGNOSIS_TEXT_MAX]; /* what to do, as a sentence; "" if nothing */
};

#define DIAGNOSIS_MAX_CHECKS 128

struct diagnosis {
	size_t n;
	struct diagnosis_check checks[DIAGNOSIS_MAX_CHECKS]; /* in the order of a client's steps */
};

/* Add a check with its text. When there is no room for one more it replaces the last. */
struct diagnosis_check *diagnosis_add(struct diagnosis *d, const char *name,
				      enum diagnosis_state state, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Add what to do to a check. */
void diagnosis_advise(struct diagnosis_check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Add to the end of a text, as far as there is room. */
void diagnosis_append(char text[DIAGNOSIS_TEXT_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* How many checks came out so. */
size_t diagnosis_count(const struct diagnosis *d, enum diagnosis_state state);

/* "ok", "warning" or "failure". */
const char *diagnosis_state_name(enum diagnosis_state state);

#endif
