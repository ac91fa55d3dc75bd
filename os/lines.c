/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4096

/* Room for one more octet, unless the line is too long. 0 or -ENOMEM. */
static int grow(struct lines *l)
{
	const size_t more = l->room == 0 ? FIRST_ROOM : 2 * l->room;
	char *grown;

	if (l->len < l->room || l->room >= LINES_MAX) {
		return 0;
	}
	grown = realloc(l->text, more);
	if (!grown) {
		return -ENOMEM;
	}
	l->text = grown;
	l->room = more;
	return 0;
}

static bool append(struct lines *l, int c)
{
	l->error = grow(l);
	if (l->error != 0) {
		return false;
	}
	if (l->len < l->room) {
		l->text[l->len++] = (char)c;
	} else {
		l->too_long = true;
	}
	return true;
}

bool lines_next(struct lines *l)
{
	int c;

	if (l->is_ahead || l->error != 0) {
		l->is_ahead = false;
		return l->error == 0;
	}
	errno = 0;
	c = getc_unlocked(l->in);
	l->len = 0;
	l->too_long = false;
	if (c == EOF) {
		l->error = !ferror(l->in) ? 0 : errno != 0 ? -errno : -EIO;
		return false;
	}
	l->number++;
	for (; c != EOF && c != '\n'; c = getc_unlocked(l->in)) {
		if (!append(l, c)) {
			return false;
		}
	}
	l->complete = c == '\n';
	return true;
}

void lines_back(struct lines *l)
{
	l->is_ahead = true;
}

bool lines_is_blank(const struct lines *l)
{
	for (size_t i = 0; i < l->len; i++) {
		if (l->text[i] == '\0' || !strchr(" \t\r", l->text[i])) {
			return false;
		}
	}
	return true;
}

void lines_free(struct lines *l)
{
	free(l->text);
	l->text = NULL;
	l->room = 0;
}
