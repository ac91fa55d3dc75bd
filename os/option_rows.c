/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/option_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/parse.h"

const struct option_row option_help_row = { "help", 'h',
					    NULL,   "print this and exit",
					    ~0U,    .type = OPTION_FLAG };

/* The row of that number, through all tables, and at last --help; null behind it. */
const struct option_row *option_row_at(const struct options *o, size_t number, void **record)
{
	for (size_t i = 0; i < OPTION_PARTS; i++) {
		if (number < o->parts[i].n) {
			*record = o->parts[i].record;
			return &o->parts[i].rows[number];
		}
		number -= o->parts[i].n;
	}
	*record = NULL;
	return number == 0 ? &option_help_row : NULL;
}

/* The next valid row from *number on, which is moved behind it; null when there is none. */
const struct option_row *option_row_next(const struct options *o, size_t *number, void **record)
{
	const struct option_row *row = option_row_at(o, *number, record);

	while (row && !(row->scope & o->scope)) {
		row = option_row_at(o, ++*number, record);
	}
	++*number;
	return row;
}

bool option_takes_duration(const struct option_row *row)
{
	return row->argument && strstr(row->argument, "DUR");
}

/* The size of the place of a number. */
static size_t size_of(enum option_type type)
{
	switch ((int)type) {
	case OPTION_FLAG:
	case OPTION_NO:
		return sizeof(bool);
	case OPTION_SET:
	case OPTION_CHOICE:
		return sizeof(int);
	case OPTION_UNSIGNED:
		return sizeof(unsigned);
	case OPTION_SIZE:
		return sizeof(size_t);
	case OPTION_PORT:
		return sizeof(uint16_t);
	case OPTION_INT:
	case OPTION_DURATION:
	case OPTION_PPM:
		return sizeof(int64_t);
	case OPTION_RANGE:
		return 2 * sizeof(dur_ns);
	default:
		return 0;
	}
}

bool option_differs(const struct option_row *row, const void *a, const void *b)
{
	const char *x = (const char *)a + row->place, *y = (const char *)b + row->place;

	if (row->type == OPTION_TEXT) {
		const char *one, *other;

		memcpy(&one, x, sizeof(one));
		memcpy(&other, y, sizeof(other));
		return one && other ? strcmp(one, other) != 0 : one != other;
	}
	return memcmp(x, y, size_of(row->type)) != 0;
}

/* "1h", "10min", "60s", "500ms". */
const char *option_duration_text(dur_ns d, char buf[OPTION_TEXT_MAX])
{
	static const struct {
		dur_ns size;
		const char *name;
	} units[] = {
		{ 3600 * NS_PER_SEC, "h" }, { 60 * NS_PER_SEC, "min" }, { NS_PER_SEC, "s" },
		{ NS_PER_MS, "ms" },        { NS_PER_US, "us" },        { 1, "ns" },
	};
	size_t i = 0;

	while (d % units[i].size != 0 ||
	       (units[i].size == 60 * NS_PER_SEC && d == 60 * NS_PER_SEC)) {
		i++;
	}
	snprintf(buf, OPTION_TEXT_MAX, "%" PRId64 "%s", d / units[i].size, units[i].name);
	return buf;
}

/* "udp or tcp". */
const char *option_choices_text(const struct option_choice *choices, char buf[OPTION_TEXT_MAX])
{
	size_t len = 0;

	buf[0] = '\0';
	for (const struct option_choice *c = choices; c->name && len < OPTION_TEXT_MAX; c++) {
		len += (size_t)snprintf(buf + len, OPTION_TEXT_MAX - len, "%s%s",
					c == choices ? ""
					: c[1].name  ? ", "
						     : " or ",
					c->name);
	}
	return buf;
}

bool option_has_default(const struct option_row *row)
{
	return row->standard != 0 || row->type == OPTION_CHOICE;
}

/* " (default: 1s)"; "" where there is none. */
static const char *default_text(const struct option_row *row, char buf[OPTION_TEXT_MAX])
{
	char value[OPTION_TEXT_MAX / 2], most[OPTION_TEXT_MAX];

	if (!option_has_default(row)) {
		return "";
	}
	switch ((int)row->type) {
	case OPTION_DURATION:
		snprintf(value, sizeof(value), "%s", option_duration_text(row->standard, buf));
		break;
	case OPTION_RANGE:
		snprintf(value, sizeof(value), "%s..%s", option_duration_text(row->standard, buf),
			 option_duration_text(row->standard_most, most));
		break;
	case OPTION_PPM:
		snprintf(value, sizeof(value), "%" PRId64, row->standard / NS_PER_US);
		break;
	case OPTION_CHOICE:
		for (const struct option_choice *c = row->choices; c->name; c++) {
			if (c->value == row->standard) {
				snprintf(value, sizeof(value), "%s", c->name);
			}
		}
		break;
	default:
		snprintf(value, sizeof(value), "%" PRId64, row->standard);
	}
	snprintf(buf, OPTION_TEXT_MAX, " (default: %s)", value);
	return buf;
}

/* The column where texts begin, behind the options; and where lines end. */
#define TEXT_COLUMN 30
#define LAST_COLUMN 79

#define HELP_TEXT_MAX 800

/* A line under way: its length, and where the lines that follow it begin. */
struct line {
	int column, indent;
};

/* Print words, up to the end of a line of the text, in as many lines as they need. */
static void print_words(struct line *line, const char *text)
{
	for (const char *word = text + strspn(text, " "); *word && *word != '\n';) {
		const int len = (int)strcspn(word, " \n");

		if (line->column > line->indent && line->column + 1 + len > LAST_COLUMN) {
			line->column = printf("\n%*s", line->indent, "") - 1;
		}
		line->column += printf("%s%.*s", line->column > 0 ? " " : "", len, word);
		word += len;
		word += strspn(word, " ");
	}
}

/* The text behind the next end of a line; null if that was the last one. */
static const char *next_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? end + 1 : NULL;
}

/* Print a text behind an option. */
static void print_column(const char *left, const char *text)
{
	struct line line = { .indent = TEXT_COLUMN };

	line.column = printf("  %-*s", TEXT_COLUMN - 2, left);
	for (; text; text = next_line(text)) {
		print_words(&line, text);
	}
	putchar('\n');
}

/* Print paragraphs: lines are joined, but those that are indented or empty stay as they are. */
static void print_paragraphs(const char *text)
{
	struct line line = { .indent = 0 };

	for (; text; text = next_line(text)) {
		const bool fixed = *text == ' ' || *text == '\n' || *text == '\0';

		if (fixed && line.column > 0) {
			putchar('\n');
			line.column = 0;
		}
		if (fixed) {
			printf("%.*s\n", (int)strcspn(text, "\n"), text);
		} else {
			print_words(&line, text);
		}
	}
	fputs(line.column > 0 ? "\n\n" : "\n", stdout);
}

static void print_row(const struct option_row *row)
{
	char left[64], choices[OPTION_TEXT_MAX], standard[OPTION_TEXT_MAX], text[HELP_TEXT_MAX];
	char brief[8] = "    ";

	if (row->letter) {
		snprintf(brief, sizeof(brief), "-%c, ", row->letter);
	}
	snprintf(left, sizeof(left), "%s--%s%s%s", brief, row->name, row->argument ? " " : "",
		 row->argument ? row->argument : "");
	snprintf(text, sizeof(text), "%s%s",
		 row->help ? row->help : option_choices_text(row->choices, choices),
		 default_text(row, standard));
	print_column(left, text);
}

void options_print_help(const struct options *o)
{
	const struct option_row *row;
	bool durations = false;
	size_t number = 0;
	void *record;

	printf("Usage: %s [OPTION]...%s%s\n", o->program, o->operands ? " " : "",
	       o->operands ? o->operands : "");
	print_paragraphs(o->about);
	while ((row = option_row_next(o, &number, &record)) != NULL) {
		print_row(row);
		durations |= option_takes_duration(row);
	}
	if (durations) {
		puts("\nDUR is a number with a unit: " PARSE_DURATION_UNITS
		     "; without one, seconds.");
	}
	if (o->ending) {
		printf("\n%s\n", o->ending);
	}
}
