/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_say.h"

#include <stdarg.h>
#include <stdio.h>

#include "os/log.h"
#include "os/stdio.h"

#define SAY_MAX 8192 /* more than two of the longest paths */

static void say(const char *program, enum log_level level, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void say(const char *program, enum log_level level, const char *format, va_list args)
{
	char text[SAY_MAX] = "";

	(void)vsnprintf(text, sizeof(text), format, args);
	if (program) {
		stdio_complain(program, "%s", text);
	} else {
		log_at(level, "%s", text);
	}
}

void track_complain(const char *program, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(program, LOG_LEVEL_WARNING, format, args);
	va_end(args);
}

void track_tell(const char *program, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(program, LOG_LEVEL_INFO, format, args);
	va_end(args);
}
