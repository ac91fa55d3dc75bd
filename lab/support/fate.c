/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/fate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/parse.h"
#include "core/splitmix.h"

#define LINE_MAX_OCTETS 128

/* --- drawing --- */

static bool chance(const struct fate_rules *rules, enum fate_fault fault, uint64_t *random)
{
	return splitmix_below(random, 100) < rules->percent[fault];
}

/* 32 random bits as a number in (0, 1]. */
static double uniform(uint32_t bits)
{
	return ((double)bits + 1) / 4294967296.0;
}

/* Box and Muller 1958, "A note on the generation of random normal deviates". */
static double normal(uint64_t bits)
{
	return sqrt(-2 * log(uniform((uint32_t)bits))) *
	       cos(2 * M_PI * uniform((uint32_t)(bits >> 32)));
}

static dur_ns within_limits(double delay)
{
	return delay > 0 ? (dur_ns)fmin(delay, (double)FATE_DELAY_MOST) : 0;
}

static dur_ns delay_of(const struct fate_delay *d, uint64_t bits, uint64_t turn)
{
	const double first = (double)d->first, second = (double)d->second;

	switch (d->shape) {
	case FATE_UNIFORM:
		return d->first + (dur_ns)(bits % ((uint64_t)(d->second - d->first) + 1));
	case FATE_NORMAL:
		return within_limits(first + second * normal(bits));
	case FATE_PARETO:
		return within_limits(first +
				     second * (pow(uniform((uint32_t)bits), -1 / d->tail) - 1));
	case FATE_TRACE:
		return d->trace[turn % d->n_trace];
	}
	return 0;
}

struct fate fate_draw(const struct fate_rules *rules, struct fate_source *source)
{
	uint64_t *random = &source->random;
	const uint64_t turn = source->drawn++;
	struct fate f;

	f.drop = chance(rules, FATE_DROP, random);
	f.duplicate = chance(rules, FATE_DUPLICATE, random);
	f.reorder = chance(rules, FATE_REORDER, random);
	f.delay = delay_of(&rules->delay, splitmix_next(random), turn);
	f.copy_delay = delay_of(&rules->delay, splitmix_next(random), turn);
	return f;
}

/* --- traces --- */

/* The delay on a line, -1 if there is none, -EINVAL. Changes the line. */
static dur_ns read_line(char *text)
{
	dur_ns delay;

	text[strcspn(text, "\r\n")] = '\0';
	if (text[0] == '\0' || text[0] == '#') {
		return -1;
	}
	return parse_duration(text, &delay) == 0 && delay >= 0 && delay <= FATE_DELAY_MOST
		       ? delay
		       : -EINVAL;
}

/* Add to the trace, which has room for a power of two. 0, -ENOMEM or -EFBIG. */
static int add(struct fate_delay *d, dur_ns delay)
{
	if (d->n_trace == FATE_TRACE_MOST) {
		return -EFBIG;
	}
	if ((d->n_trace & (d->n_trace - 1)) == 0) {
		const size_t room = d->n_trace > 0 ? 2 * d->n_trace : 1;
		dur_ns *grown = realloc(d->trace, room * sizeof(*grown));

		if (!grown) {
			return -ENOMEM;
		}
		d->trace = grown;
	}
	d->trace[d->n_trace++] = delay;
	return 0;
}

static int read_lines(struct fate_delay *d, FILE *file, size_t *line)
{
	char text[LINE_MAX_OCTETS];
	int rc = 0;

	for (*line = 1; rc == 0 && fgets(text, sizeof(text), file); ++*line) {
		const dur_ns delay = read_line(text);

		if (delay == -EINVAL) {
			return -EINVAL;
		}
		rc = delay >= 0 ? add(d, delay) : 0;
	}
	if (rc == 0 && ferror(file)) {
		return -EIO;
	}
	return rc == 0 && d->n_trace == 0 ? -ENODATA : rc;
}

int fate_read_trace(struct fate_delay *out, const char *path, size_t *line)
{
	FILE *file = fopen(path, "re");
	int rc;

	*out = (struct fate_delay){ .shape = FATE_TRACE };
	if (!file) {
		return -errno;
	}
	rc = read_lines(out, file, line);
	fclose(file);
	if (rc != 0) {
		fate_delay_forget(out);
	}
	return rc;
}

void fate_delay_forget(struct fate_delay *delay)
{
	free(delay->trace);
	*delay = (struct fate_delay){ 0 };
}
