/* SPDX-License-Identifier: BSD-3-Clause */
#include "print/wrap.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "print/terminal.h"

/* The columns that a text takes. */
static size_t width_of(const char *text, size_t n)
{
	size_t width = 0;
	bool style = false;

	for (size_t i = 0; i < n; i++) {
		const unsigned char c = (unsigned char)text[i];

		style |= c == '\033';
		width += !style && (c & 0xc0) != 0x80; /* of UTF-8 the first octet counts */
		style &= c != 'm';
	}
	return width;
}

void wrap_print_within(FILE *out, unsigned columns, unsigned indent, const char *line)
{
	size_t column = 0;
	bool begun = false; /* there is a word in the line */

	while (*line) {
		const size_t blanks = strspn(line, " "), word = strcspn(line + blanks, " ");
		const size_t width = width_of(line + blanks, word);

		if (begun && word > 0 && column + blanks + width > columns) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else {
			fprintf(out, "%*s", (int)blanks, "");
			column += blanks;
		}
		fprintf(out, "%.*s", (int)word, line + blanks);
		column += width;
		begun |= word > 0;
		line += blanks + word;
	}
	fputc('\n', out);
}

void wrap_print(FILE *out, unsigned indent, const char *line)
{
	wrap_print_within(out, terminal_is(out) ? terminal_size(out).columns : UINT_MAX, indent,
			  line);
}
