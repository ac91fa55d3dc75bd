/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/options_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/files.h"
#include "os/stdio.h"

#define FILE_MAX  65536
#define WHERE_MAX 4200 /* there is a path in it */

static void complain(const struct options *o, const char *message)
{
	if (o->say) {
		o->say(o->program, message);
	} else {
		stdio_complain(o->program, "%s", message);
	}
}

/* Say why there are no options to be had from the file. Returns `rc`. */
static int refuse(const struct options *o, const char *path, int rc, const char *why)
{
	char message[WHERE_MAX];

	snprintf(message, sizeof(message), "cannot read the configuration file '%s': %s", path,
		 why);
	complain(o, message);
	return rc;
}

/* All of a file, as a string; its size, or -errno. */
static ssize_t read_all(int fd, char *text)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = read(fd, text + have, FILE_MAX - have);
		have += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && have < FILE_MAX) || (n < 0 && errno == EINTR));
	if (n < 0) {
		return -errno;
	}
	text[have] = '\0';
	return (ssize_t)have;
}

static int load(const struct options *o, const char *path, char *text)
{
	const int fd = file_open_regular(path, O_RDONLY, 0);
	ssize_t n;

	if (fd < 0) {
		return refuse(o, path, fd, file_error_text(fd));
	}
	n = read_all(fd, text);
	close(fd);
	if (n < 0) {
		return refuse(o, path, (int)n, strerror((int)-n));
	}
	if (n == FILE_MAX) {
		return refuse(o, path, -EFBIG, "it has 64 KiB or more");
	}
	return strlen(text) == (size_t)n ? 0 : refuse(o, path, -EBADMSG, "it is no text");
}

/* Cut the blanks around a text off. */
static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r", text[n - 1])) {
		text[--n] = '\0';
	}
	return text;
}

static bool take_line(const struct options *o, const char *path, unsigned number, char *line)
{
	char where[WHERE_MAX], *name = trim(line), *text;

	if (name[0] == '\0' || name[0] == '#') {
		return true;
	}
	text = name + strcspn(name, " \t");
	if (*text != '\0') {
		*text++ = '\0';
	}
	snprintf(where, sizeof(where), "%s:%u: ", path, number);
	return options_take(o, where, name, trim(text));
}

int options_file_read(const struct options *o, const char *path, char **text)
{
	char *all = malloc(FILE_MAX + 1), *next = all;
	int rc = all ? load(o, path, all) : -ENOMEM;

	for (unsigned number = 1; rc == 0 && next; number++) {
		char *line = strsep(&next, "\n");

		rc = take_line(o, path, number, line) ? 0 : -EBADMSG;
	}
	if (rc != 0) {
		free(all);
		all = NULL;
	}
	*text = all;
	return rc;
}
