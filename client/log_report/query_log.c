/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/log_report/query_log.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "measure/fields_read.h"
#include "core/arith.h"

static json_t *parse(const struct lines *line)
{
	return json_loadb(line->text, line->len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

/* Whether it is one of query's, of a server or of several together. */
static bool is_ours(const json_t *object)
{
	return json_object_get(object, "number") && json_object_get(object, "system_ns");
}

bool query_log_begins(struct lines *in)
{
	json_t *object;
	bool ours;

	do {
		if (!lines_next(in)) {
			return false;
		}
	} while (lines_is_blank(in));
	object = parse(in);
	ours = is_ours(object);
	json_decref(object);
	lines_back(in);
	return ours;
}

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

static int add_point(struct query_log *log, const struct query_log_point *point)
{
	struct query_log_point *points =
		grow(log->points, log->n_points, &log->points_room, sizeof(*points));

	if (!points) {
		return -ENOMEM;
	}
	log->points = points;
	points[log->n_points++] = *point;
	return 0;
}

static int add_round(struct query_log *log, const struct query_log_round *round)
{
	struct query_log_round *rounds =
		grow(log->rounds, log->n_rounds, &log->rounds_room, sizeof(*rounds));

	if (!rounds) {
		return -ENOMEM;
	}
	log->rounds = rounds;
	rounds[log->n_rounds++] = *round;
	return 0;
}

/* --- one line --- */

/* A line of one server, as it is read before any of it is used. */
struct line {
	struct query_log_point point;
	int64_t place, port;
	struct parse_host host;
	struct series_counts counts;
	const json_t *samples; /* null: it was not measured */
};

static bool read_counts(const json_t *object, struct series_counts *c)
{
	const json_t *rounds = json_object_get(object, "rounds");

	return fields_read_count(rounds, "sent", &c->sent) &&
	       fields_read_count(rounds, "received", &c->received) &&
	       fields_read_count(rounds, "lost", &c->lost) &&
	       fields_read_count(rounds, "late", &c->late) &&
	       fields_read_count(rounds, "duplicate", &c->duplicate) &&
	       fields_read_count(rounds, "discarded", &c->discarded);
}

static bool read_sample(const json_t *sample, struct query_log_round *out)
{
	return fields_read_time(sample, "t4_ns", &out->at) &&
	       fields_read_size(sample, "delay_s", &out->delay);
}

static bool read_samples(const json_t *samples)
{
	struct query_log_round round;

	for (size_t i = 0; i < json_array_size(samples); i++) {
		if (!read_sample(json_array_get(samples, i), &round)) {
			return false;
		}
	}
	return json_is_array(samples);
}

static bool read_measurement(const json_t *object, struct line *out)
{
	out->point.measured = json_object_get(object, "offset_s") != NULL;
	if (!out->point.measured) {
		return true;
	}
	out->samples = json_object_get(object, "samples");
	return fields_read_seconds(object, "offset_s", &out->point.offset) &&
	       fields_read_size(object, "max_error_s", &out->point.max_error) &&
	       read_samples(out->samples);
}

static bool read_line(const json_t *object, struct line *out)
{
	memset(out, 0, sizeof(*out));
	/* Text that is not a host name is not shown on a terminal. */
	return parse_host(fields_read_name(object, "host"), &out->host) == 0 &&
	       out->host.port == 0 && fields_read_count(object, "port", &out->port) &&
	       out->port <= UINT16_MAX && fields_read_count(object, "place", &out->place) &&
	       fields_read_time(object, "time_ns", &out->point.at) &&
	       fields_read_time(object, "system_ns", &out->point.system_at) &&
	       read_counts(object, &out->counts) && read_measurement(object, out);
}

static void add_counts(struct series_counts *sum, const struct series_counts *c)
{
	sum->sent = arith_add(sum->sent, c->sent);
	sum->received = arith_add(sum->received, c->received);
	sum->lost = arith_add(sum->lost, c->lost);
	sum->late = arith_add(sum->late, c->late);
	sum->duplicate = arith_add(sum->duplicate, c->duplicate);
	sum->discarded = arith_add(sum->discarded, c->discarded);
}

static int take_rounds(struct query_log *log, struct series_server *server, const struct line *line)
{
	for (size_t i = 0; i < json_array_size(line->samples); i++) {
		struct query_log_round round = { .server = line->point.server };

		if (!read_sample(json_array_get(line->samples, i), &round)) {
			continue; /* none is: they have been read before */
		}
		if (!series_add(&server->round_trips, round.delay) || add_round(log, &round) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int use(struct query_log *log, struct line *line)
{
	struct series_server *server =
		series_find(&log->series, line->host.name, (size_t)line->place);

	if (!server) {
		return -ENOMEM;
	}
	line->point.server = (size_t)(server - log->series.servers);
	series_note(&log->series, server, line->point.at);
	add_counts(&server->counts, &line->counts);
	server->port = line->port != 0 ? (uint16_t)line->port : server->port;
	if (line->point.measured) {
		server->measured++;
		if (!series_add(&server->offsets, line->point.offset) ||
		    take_rounds(log, server, line) != 0) {
			return -ENOMEM;
		}
	}
	return add_point(log, &line->point);
}

static void add_damage(struct query_log *log, const char *why)
{
	if (log->damaged < TRACK_LOG_DAMAGES) {
		log->damages[log->damaged] = (struct track_log_damage){ log->lines, why };
	}
	log->damaged++;
}

/* Use an object; why it is none of ours in *why, else null. */
static int take_object(struct query_log *log, const json_t *object, const char **why)
{
	struct line line;

	*why = NULL;
	if (is_ours(object) && json_object_get(object, "servers")) {
		return 0; /* several together: that is not summed up */
	}
	if (!read_line(object, &line)) {
		*why = object ? "is not a measurement of timesync query" : "is no JSON";
		return 0;
	}
	if (log->series.n >= QUERY_LOG_SERVERS &&
	    !series_known(&log->series, line.host.name, (size_t)line.place)) {
		*why = "is one of too many servers";
		return 0;
	}
	return use(log, &line);
}

static int take_line(struct query_log *log, const struct lines *line)
{
	const char *why = "is too long";
	json_t *object;
	int rc = 0;

	log->lines = line->number;
	if (line->complete && lines_is_blank(line)) {
		return 0;
	}
	if (!line->too_long) {
		object = parse(line);
		rc = take_object(log, object, &why);
		json_decref(object);
	}
	if (why) {
		add_damage(log, line->complete ? why : "is the last and was cut off");
	}
	return rc;
}

int query_log_read(struct query_log *out, struct lines *in)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	while (rc == 0 && lines_next(in)) {
		rc = take_line(out, in);
	}
	out->lines = in->number;
	return rc == 0 ? in->error : rc;
}

void query_log_free(struct query_log *log)
{
	series_free(&log->series);
	free(log->points);
	free(log->rounds);
	memset(log, 0, sizeof(*log));
}
