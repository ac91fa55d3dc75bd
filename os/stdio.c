/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "core/printable.h"
#include "os/journal.h"

/* More than two of the longest paths. */
#define MESSAGE_SIZE 8192
#define CUT_OFF      "..."

bool stdio_begin(const char *program)
{
	/* The other way round, so that use of a closed stream fails as it would have. */
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The lowest number that is free is given, which is this one. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) < 0) {
			stdio_complain(program, "/dev/null: %s", strerror(errno));
			return false;
		}
	}
	return true;
}

bool stdio_end(const char *program)
{
	const char *why = ferror(stdout) ? "some of it is lost" : NULL;

	if (fclose(stdout) != 0) {
		why = strerror(errno);
	}
	if (why) {
		stdio_complain(program, "cannot write to standard output: %s", why);
	}
	return !why;
}

void stdio_complain(const char *program, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	const char *text;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (length >= MESSAGE_SIZE) {
		strcpy(message + MESSAGE_SIZE - sizeof(CUT_OFF), CUT_OFF);
	}
	text = length < 0 ? format : printable_mask(message);
	if (journal_has_stderr()) {
		fprintf(stderr, "<%d>%s\n", LOG_WARNING, text);
	} else {
		fprintf(stderr, "%s: %s\n", program, text);
	}
}
