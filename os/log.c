/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "core/printable.h"
#include "os/journal.h"

#define MESSAGE_SIZE 900
#define NAME_SIZE    65
#define LINE_SIZE    1000
#define CUT_OFF      "..."

static struct {
	const char *ident; /* null: log_open was not called */
	enum log_level up_to;
	bool to_syslog;
} settings = { .up_to = LOG_LEVEL_INFO };

void log_open(const char *ident, enum log_level up_to, bool to_syslog)
{
	settings.ident = ident;
	settings.up_to = up_to;
	settings.to_syslog = to_syslog;
	if (to_syslog) {
		openlog(ident, LOG_PID, LOG_DAEMON);
	}
}

void log_up_to(enum log_level level)
{
	settings.up_to = level;
}

__attribute__((format(printf, 2, 0))) static void write_message(char message[MESSAGE_SIZE],
								const char *format, va_list args)
{
	int length = vsnprintf(message, MESSAGE_SIZE, format, args);

	if (length < 0) {
		snprintf(message, MESSAGE_SIZE, "a message that cannot be formatted: %s", format);
	} else if (length >= MESSAGE_SIZE) {
		strcpy(message + MESSAGE_SIZE - sizeof(CUT_OFF), CUT_OFF);
	}
	printable_mask(message);
}

static int syslog_priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARNING:
		return LOG_WARNING;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		break;
	}
	return LOG_DEBUG;
}

static void write_line(enum log_level level, const char *message)
{
	const char *ident = settings.ident ? settings.ident : program_invocation_short_name;
	char name[NAME_SIZE], line[LINE_SIZE];
	int length;

	if (journal_has_stderr()) {
		length = snprintf(line, sizeof(line), "<%d>%s\n", syslog_priority(level), message);
	} else {
		length = snprintf(line, sizeof(line), "%s: %s\n",
				  printable_copy(name, sizeof(name), ident), message);
	}
	/* One write, so that the lines of several processes do not mix. */
	if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0) {
		return; /* and nowhere to say so */
	}
}

void log_at(enum log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char message[MESSAGE_SIZE];
	va_list args;

	if (level > settings.up_to) {
		return;
	}
	va_start(args, format);
	write_message(message, format, args);
	va_end(args);
	if (settings.to_syslog) {
		syslog(syslog_priority(level), "%s", message);
	} else {
		write_line(level, message);
	}
	errno = saved_errno;
}
