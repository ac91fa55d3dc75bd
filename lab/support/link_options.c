/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/link_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/parse.h"
#include "os/stdio.h"

#define WORDS_MAX 32
#define TEXT_MAX  512

enum { TO_SERVER = 1 << RELAY_TO_SERVER, TO_CLIENT = 1 << RELAY_TO_CLIENT, BOTH = 3 };

/* --- delays --- */

/* Cut off what follows the first `separator`, which may be long. Null if there is none. */
static char *cut(char *text, const char *separator)
{
	char *at = strstr(text, separator);

	if (!at) {
		return NULL;
	}
	*at = '\0';
	return at + strlen(separator);
}

static bool read_amount(const char *text, dur_ns *out)
{
	return text && parse_duration(text, out) == 0 && *out >= 0 && *out <= FATE_DELAY_MOST;
}

/* "DUR" or "DUR..DUR". */
static bool read_uniform(char *text, struct fate_delay *out)
{
	const char *second = cut(text, "..");

	out->shape = FATE_UNIFORM;
	return read_amount(text, &out->first) &&
	       read_amount(second ? second : text, &out->second) && out->first <= out->second;
}

/* "MEAN,DEVIATION". */
static bool read_normal(char *text, struct fate_delay *out)
{
	const char *second = cut(text, ",");

	out->shape = FATE_NORMAL;
	return read_amount(text, &out->first) && read_amount(second, &out->second);
}

/* "LEAST,SCALE,TAIL". */
static bool read_pareto(char *text, struct fate_delay *out)
{
	char *second = cut(text, ",");
	const char *tail = second ? cut(second, ",") : NULL;
	char *end;

	out->shape = FATE_PARETO;
	if (!tail || !read_amount(text, &out->first) || !read_amount(second, &out->second)) {
		return false;
	}
	out->tail = strtod(tail, &end);
	return end != tail && *end == '\0' && out->tail >= 0.1 && out->tail <= 100;
}

/* 0, or why not. */
static const char *read_shape(const char *text, struct fate_delay *out)
{
	char copy[TEXT_MAX];
	bool ok;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy)) {
		return "shorter";
	}
	if (strncmp(copy, "normal:", 7) == 0) {
		ok = read_normal(copy + 7, out);
	} else if (strncmp(copy, "pareto:", 7) == 0) {
		ok = read_pareto(copy + 7, out);
	} else {
		ok = read_uniform(copy, out);
	}
	return ok ? NULL
		  : "5ms, 1ms..5ms, normal:MEAN,DEVIATION, pareto:LEAST,SCALE,TAIL or "
		    "trace:FILE, of durations up to 1min";
}

/* 0, or why not. */
static const char *read_trace(const char *path, struct fate_delay *out, char why[TEXT_MAX])
{
	size_t line = 0;
	const int rc = fate_read_trace(out, path, &line);

	switch (rc) {
	case 0:
		return NULL;
	case -EINVAL:
		snprintf(why, TEXT_MAX,
			 "a file with a duration up to 1min on each line, which "
			 "line %zu is not",
			 line);
		break;
	case -ENODATA:
		return "a file with at least one duration";
	case -EFBIG:
		return "a file with at most 1000000 durations";
	default:
		snprintf(why, TEXT_MAX, "a readable file (%s)", strerror(-rc));
	}
	return why;
}

/* `least` of the row: the ways that it holds for. Each way owns its trace. */
static bool read_delay(const struct option_given *given)
{
	struct link_options *out = given->record;
	char why[TEXT_MAX];

	for (unsigned way = 0; way < RELAY_WAYS; way++) {
		struct fate_delay delay = { 0 };
		const char *must_be = NULL;

		if (!(given->row->least & 1 << way)) {
			continue;
		}
		must_be = strncmp(given->text, "trace:", 6) == 0
				  ? read_trace(given->text + 6, &delay, why)
				  : read_shape(given->text, &delay);
		if (must_be) {
			return option_bad(given, must_be);
		}
		fate_delay_forget(&out->rules[way].delay);
		out->rules[way].delay = delay;
	}
	return true;
}

/* --- faults --- */

/* `least` of the row: the ways that it holds for; `most`: which fault. */
static bool read_percent(const struct option_given *given)
{
	struct link_options *out = given->record;
	int64_t percent;

	if (parse_int(given->text, 0, 100, &percent)) {
		return option_bad(given, "a whole number from 0 to 100");
	}
	for (unsigned way = 0; way < RELAY_WAYS; way++) {
		if (given->row->least & 1 << way) {
			out->rules[way].percent[given->row->most] = (uint64_t)percent;
		}
	}
	return true;
}

/* --- the table --- */

#define PERCENT(ways, fault) OPTION_OTHER, .read = read_percent, .least = (ways), .most = (fault)
#define DELAY(ways)          OPTION_OTHER, .read = read_delay, .least = (ways)

static const struct option_row rows[] = {
	{ "drop", '\0', "PERCENT", "lose this many of 100", 1, PERCENT(BOTH, FATE_DROP) },
	{ "drop-to-server", '\0', "PERCENT", "the same, one way only", 1,
	  PERCENT(TO_SERVER, FATE_DROP) },
	{ "drop-to-client", '\0', "PERCENT", "the same, one way only", 1,
	  PERCENT(TO_CLIENT, FATE_DROP) },
	{ "delay", '\0', "DELAY",
	  "hold each so long: 5ms, 1ms..5ms (uniform),\n"
	  "normal:MEAN,DEVIATION, pareto:LEAST,SCALE,TAIL, or\n"
	  "trace:FILE, with a duration on each line",
	  1, DELAY(BOTH) },
	{ "delay-to-server", '\0', "DELAY", "the same, one way only", 1, DELAY(TO_SERVER) },
	{ "delay-to-client", '\0', "DELAY", "the same, one way only", 1, DELAY(TO_CLIENT) },
	{ "duplicate", '\0', "PERCENT", "deliver this many of 100 twice", 1,
	  PERCENT(BOTH, FATE_DUPLICATE) },
	{ "duplicate-to-server", '\0', "PERCENT", "the same, one way only", 1,
	  PERCENT(TO_SERVER, FATE_DUPLICATE) },
	{ "duplicate-to-client", '\0', "PERCENT", "the same, one way only", 1,
	  PERCENT(TO_CLIENT, FATE_DUPLICATE) },
	{ "reorder", '\0', "PERCENT",
	  "hold this many of 100 until the next has passed, at most 1 s", 1,
	  PERCENT(BOTH, FATE_REORDER) },
	{ "reorder-to-server", '\0', "PERCENT", "the same, one way only", 1,
	  PERCENT(TO_SERVER, FATE_REORDER) },
	{ "reorder-to-client", '\0', "PERCENT", "the same, one way only", 1,
	  PERCENT(TO_CLIENT, FATE_REORDER) },
};

struct option_part link_options_part(struct link_options *out)
{
	return (struct option_part)OPTION_PART(rows, out);
}

/* Write the words to argv[1..]. How long argv is then; 0 if there are too many. */
static int split(char *text, char *argv[WORDS_MAX + 1])
{
	char *save = NULL;
	int argc = 1;

	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (argc == WORDS_MAX) {
			return 0;
		}
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	return argc;
}

bool link_options_read(struct link_options *out, char *text)
{
	const struct options options = {
		.program = "relay",
		.about = "The options of a command.",
		.scope = 1,
		.parts = { link_options_part(out) },
	};
	char program[] = "relay";
	char *argv[WORDS_MAX + 1] = { program };
	int argc;

	memset(out, 0, sizeof(*out));
	argc = split(text, argv);
	if (argc > 0 && options_parse(&options, argc, argv, NULL) == OPTIONS_RUN) {
		return true;
	}
	link_options_forget(out);
	return false;
}

void link_options_forget(struct link_options *link)
{
	for (unsigned way = 0; way < RELAY_WAYS; way++) {
		fate_delay_forget(&link->rules[way].delay);
	}
	memset(link, 0, sizeof(*link));
}
