/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/arith.h"

/* Longer than any line of track's: 64 servers with the longest names are a third of it. */
#define LINE_MAX_OCTETS 65536

/* --- the collected polls --- */

/* Room for one more of `n` elements. Null when there is no memory: the old ones stay. */
static void *grow(void *array, size_t n, size_t *room, size_t size)
{
	const size_t more = *room < 64 ? 64 : *room * 2;
	void *grown;

	if (n < *room) {
		return array;
	}
	grown = reallocarray(array, more, size);
	*room = grown ? more : *room;
	return grown;
}

static int add_poll(struct track_log *log, const struct summary_poll *poll)
{
	struct summary_poll *polls = grow(log->polls, log->n, &log->room, sizeof(*polls));

	if (!polls) {
		return -ENOMEM;
	}
	log->polls = polls;
	log->polls[log->n++] = *poll;
	return 0;
}

static void add_rounds(struct track_log *log, const struct track_line *line)
{
	struct track_rounds *sum = &log->rounds;
	const struct track_rounds *r = &line->rounds;

	if (!line->rounds_known) {
		log->without_rounds++;
		return;
	}
	sum->sent = arith_add(sum->sent, r->sent);
	sum->received = arith_add(sum->received, r->received);
	sum->lost = arith_add(sum->lost, r->lost);
	sum->late = arith_add(sum->late, r->late);
	sum->duplicate = arith_add(sum->duplicate, r->duplicate);
	sum->discarded = arith_add(sum->discarded, r->discarded);
}

static int add_servers(struct track_log *log, const struct track_line *line)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < line->n_verdicts; i++) {
		rc = track_log_servers_add(&log->servers, log->lines, &line->verdicts[i]);
	}
	return rc;
}

static int add_line(struct track_log *log, const struct track_line *line)
{
	const int rc = add_poll(log, &line->poll);

	add_rounds(log, line);
	return rc == 0 ? add_servers(log, line) : rc;
}

static void add_damage(struct track_log *log, const char *why)
{
	if (log->damaged < TRACK_LOG_DAMAGES) {
		log->damages[log->damaged] = (struct track_log_damage){ log->lines, why };
	}
	log->damaged++;
}

static int take_line(struct track_log *log, const struct lines *line)
{
	struct track_line read;
	const char *why = "is too long";
	int rc;

	log->lines = line->number;
	if (line->complete && lines_is_blank(line)) {
		return 0;
	}
	if (line->len > LINE_MAX_OCTETS || !track_line_read(&read, line->text, line->len, &why)) {
		add_damage(log, line->complete ? why : "is the last and was cut off");
		return 0;
	}
	rc = add_line(log, &read);
	track_line_free(&read);
	return rc;
}

int track_log_read(struct track_log *out, struct lines *in)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	while (rc == 0 && lines_next(in)) {
		rc = take_line(out, in);
	}
	out->lines = in->number;
	return rc == 0 ? in->error : rc;
}

void track_log_free(struct track_log *log)
{
	free(log->polls);
	track_log_servers_free(&log->servers);
	memset(log, 0, sizeof(*log));
}
