/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/doctor/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct diagnosis_check *diagnosis_add(struct diagnosis *d, const char *name,
				      enum diagnosis_state state, const char *format, ...)
{
	struct diagnosis_check *check;
	va_list arguments;

	if (d->n < DIAGNOSIS_MAX_CHECKS) {
		d->n++;
	}
	check = &d->checks[d->n - 1];
	check->name = name;
	check->state = state;
	check->advice[0] = '\0';
	va_start(arguments, format);
	vsnprintf(check->text, sizeof(check->text), format, arguments);
	va_end(arguments);
	return check;
}

void diagnosis_advise(struct diagnosis_check *check, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(check->advice, sizeof(check->advice), format, arguments);
	va_end(arguments);
}

void diagnosis_append(char text[DIAGNOSIS_TEXT_MAX], const char *format, ...)
{
	const size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, DIAGNOSIS_TEXT_MAX - used, format, arguments);
	va_end(arguments);
}

size_t diagnosis_count(const struct diagnosis *d, enum diagnosis_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		n += d->checks[i].state == state;
	}
	return n;
}

const char *diagnosis_state_name(enum diagnosis_state state)
{
	switch (state) {
	case DIAGNOSIS_OK:
		return "ok";
	case DIAGNOSIS_WARNING:
		return "warning";
	case DIAGNOSIS_FAILURE:
		break;
	}
	return "failure";
}
