/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_feed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "track/chrony_sock.h"
#include "rpc/address.h"
#include "track/track_say.h"

int track_feed_open(struct track_feed *f, const char *program, const char *path,
		    bool allow_unsynchronised)
{
	struct address at;

	*f = (struct track_feed){ .program = program,
				  .path = path,
				  .allow_unsynchronised = allow_unsynchronised,
				  .fd = -1 };
	if (!address_unix(&at, path)) {
		return -ENAMETOOLONG;
	}
	f->fd = chrony_sock_open();
	return f->fd < 0 ? f->fd : 0;
}

/* More than half of the truechimers are synchronised. */
static bool is_synchronised(const struct combination *c, const struct measure_job *jobs)
{
	size_t believed = 0, synchronised = 0;

	for (size_t i = 0; i < c->named; i++) {
		const struct measurement *m = &jobs[i].measured;

		if (jobs[i].rc == 0 && c->select.verdict[i] == SELECT_TRUECHIMER) {
			believed++;
			synchronised += m->quality_known && m->quality.synchronised;
		}
	}
	return 2 * synchronised > believed;
}

static enum track_fed send_sample(struct track_feed *f, const struct combination *c,
				  enum clock_leap leap, int *error)
{
	*error = chrony_sock_send(f->fd, f->path, c->estimate.at, c->estimate.offset, leap);
	switch (*error) {
	case 0:
		f->fed++;
		return TRACK_FED;
	case -ENOENT:
	case -ECONNREFUSED:
		return TRACK_FED_NO_CHRONYD;
	case -EAGAIN:
	case -ENOBUFS:
		return TRACK_FED_QUEUE_FULL;
	default:
		return TRACK_FED_FAILED;
	}
}

static enum track_fed feed(struct track_feed *f, const struct combination *c,
			   const struct measure_job *jobs, int *error)
{
	const enum clock_leap leap = combine_leap(c, jobs);
	const struct feed_poll poll = {
		.synchronised = is_synchronised(c, jobs),
		.leap_known = chrony_sock_has_leap(leap),
		.max_error = c->estimate.max_error,
	};

	switch (feed_judge(&f->feed, &poll, f->allow_unsynchronised)) {
	case FEED_UNSYNCHRONISED:
		return TRACK_FED_UNSYNCHRONISED;
	case FEED_LEAP_UNKNOWN:
		return TRACK_FED_LEAP_UNKNOWN;
	case FEED_WIDE:
		return TRACK_FED_WIDE;
	case FEED_SEND:
		break;
	}
	return send_sample(f, c, leap, error);
}

/* Report when chronyd can no longer be fed, with the reason, and when it can again. */
static void say(struct track_feed *f, enum track_fed fed, int error)
{
	if (fed == TRACK_FED_NOT_MEASURED || fed == TRACK_FED_WIDE || fed == f->said) {
		return; /* each poll's own line says it; or it was told */
	}
	f->said = fed;
	switch (fed) {
	case TRACK_FED:
		track_complain(f->program, "%s: chronyd is fed again", f->path);
		break;
	case TRACK_FED_UNSYNCHRONISED:
	case TRACK_FED_LEAP_UNKNOWN:
		track_complain(f->program,
			       "%s, so nothing is fed to chronyd; --allow-unsynchronised feeds it "
			       "nevertheless",
			       fed == TRACK_FED_LEAP_UNKNOWN
				       ? "the servers do not know the leap second status"
				       : "no majority of the servers is synchronised");
		break;
	case TRACK_FED_NO_CHRONYD:
		track_complain(f->program,
			       "%s: %s: no chronyd listens there; waiting for it, with 'refclock "
			       "SOCK %s' in its configuration",
			       f->path, strerror(-error), f->path);
		break;
	case TRACK_FED_QUEUE_FULL:
		track_complain(f->program,
			       "%s: chronyd does not read its samples; samples that do not fit are "
			       "dropped",
			       f->path);
		break;
	case TRACK_FED_FAILED:
	case TRACK_FED_NOT_MEASURED:
	case TRACK_FED_WIDE:
		track_complain(f->program, "%s: %s; trying again with each poll", f->path,
			       strerror(-error));
	}
}

enum track_fed track_feed_poll(struct track_feed *f, const struct combination *c,
			       const struct measure_job *jobs)
{
	int error = 0;
	const enum track_fed fed = c->rc == 0 ? feed(f, c, jobs, &error) : TRACK_FED_NOT_MEASURED;

	say(f, fed, error);
	return fed;
}

static const struct {
	const char *text, *name;
} outcomes[] = {
	[TRACK_FED] = { "fed to chronyd", "fed" },
	[TRACK_FED_NOT_MEASURED] = { "nothing to feed", "not-measured" },
	[TRACK_FED_UNSYNCHRONISED] = { "not fed: the servers are not synchronised",
				       "unsynchronised" },
	[TRACK_FED_LEAP_UNKNOWN] = { "not fed: leap seconds are not known", "leap-unknown" },
	[TRACK_FED_WIDE] = { "not fed: the bound is far above the usual one", "wide" },
	[TRACK_FED_NO_CHRONYD] = { "not fed: there is no chronyd", "no-chronyd" },
	[TRACK_FED_QUEUE_FULL] = { "not fed: chronyd does not read", "queue-full" },
	[TRACK_FED_FAILED] = { "not fed: it could not be sent", "failed" },
};

const char *track_fed_text(enum track_fed fed)
{
	return outcomes[fed].text;
}

const char *track_fed_name(enum track_fed fed)
{
	return outcomes[fed].name;
}

void track_feed_close(struct track_feed *f)
{
	if (f->fd >= 0) {
		close(f->fd);
	}
	f->fd = -1;
}
