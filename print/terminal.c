/* SPDX-License-Identifier: BSD-3-Clause */
#include "print/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_set(const char *value)
{
	return value && value[0] != '\0';
}

bool terminal_is(FILE *stream)
{
	const char *type = getenv("TERM");

	return isatty(fileno(stream)) && is_set(type) && strcmp(type, "dumb") != 0;
}

static bool has_styles(FILE *stream)
{
	return terminal_is(stream) && !is_set(getenv("NO_COLOR"));
}

const char *terminal_begin(FILE *stream, enum terminal_style style)
{
	if (!has_styles(stream)) {
		return "";
	}
	return style == TERMINAL_STRONG ? "\033[1m" : "\033[31m";
}

const char *terminal_end(FILE *stream)
{
	return has_styles(stream) ? "\033[0m" : "";
}

struct terminal_size terminal_size(FILE *stream)
{
	struct winsize w;

	if (ioctl(fileno(stream), TIOCGWINSZ, &w) != 0 || w.ws_col == 0 || w.ws_row == 0) {
		return (struct terminal_size){ .columns = 80, .rows = 24 };
	}
	return (struct terminal_size){ .columns = w.ws_col, .rows = w.ws_row };
}
