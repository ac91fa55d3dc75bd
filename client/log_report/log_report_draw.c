/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/log_report/log_choice.h"
#include "client/draw/scatter.h"
#include "print/terminal.h"
#include "print/words.h"

/* Fewer points than this make no picture that tells anything. */
#define DRAWN_FROM 3

static ts_ns first_time(const struct log_choice *c)
{
	ts_ns first = summary_time(c->polls[0]);

	for (size_t i = 1; i < c->n; i++) {
		const ts_ns t = summary_time(c->polls[i]);

		first = t < first ? t : first;
	}
	return first;
}

static void print_picture(const struct log_choice *c, const struct scatter_point *points,
			  ts_ns first)
{
	const struct terminal_size size = terminal_size(stdout);
	/* Room for the line above and for the shell's prompt. */
	const unsigned rows = size.rows > 2 ? size.rows - 2 : 0;
	char title[SCATTER_MIN_COLUMNS + 1], date[WORDS_MAX];
	const struct scatter_x time = { .title = title, .is_time = true };
	struct scatter s;

	snprintf(title, sizeof(title), "time since %.28s", words_date(first, date));
	scatter_draw(&s, points, c->n, &time, size.columns, rows);
	printf("\n%c measured, %c estimated while holding over, %c both; %s\n", SCATTER_ONE,
	       SCATTER_OTHER, SCATTER_BOTH, c->all ? "all" : "since convergence (-a: all)");
	for (unsigned i = 0; i < s.rows; i++) {
		puts(s.line[i]);
	}
}

static int draw(const struct log_choice *c)
{
	struct scatter_point *points = calloc(c->n, sizeof(*points));
	ts_ns first;

	if (!points) {
		return -ENOMEM;
	}
	first = first_time(c) / NS_PER_SEC * NS_PER_SEC;
	for (size_t i = 0; i < c->n; i++) {
		const struct summary_poll *p = c->polls[i];

		points[i] = (struct scatter_point){ summary_time(p) - first, log_offset(p),
						    !log_is_measured(p) };
	}
	print_picture(c, points, first);
	free(points);
	return 0;
}

int log_report_draw(const struct log_report *r)
{
	struct log_choice c;
	int rc = log_choose(&c, r);

	if (rc == 0 && c.n >= DRAWN_FROM) {
		rc = draw(&c);
	}
	log_choice_free(&c);
	return rc;
}
