#include "sys/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool stdio_begin(const char *program)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The lowest number that is free is given, which is this one. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) {
			fprintf(stderr, "%s: /dev/null: %s\n", program, strerror(errno));
			return false;
		}
	}
	return true;
}

bool stdio_end(const char *program)
{
	const char *why = ferror(stdout) ? "some of it could not be written" : NULL;

	if (fclose(stdout) != 0) {
		why = strerror(errno);
	}
	if (why) {
		fprintf(stderr, "%s: the output is incomplete: %s\n", program, why);
	}
	return !why;
}
