/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_rate.h"

#include <errno.h>

#include "os/exit_status.h"
#include "os/files.h"
#include "track/track_say.h"

static void warn(struct track_rate *r, int error)
{
	if (error != 0 && error != r->complained) {
		track_complain(r->program,
			       "%s: %s; the clock is still kept, but its rate is not saved",
			       r->path, file_error_text(error));
	}
	r->complained = error;
}

/* The message about the result of drift_file_read. */
static void judge(struct track_rate *r, int rc)
{
	switch (rc) {
	case -ENODATA:
		track_complain(r->program,
			       "'%s' holds no rate: it is empty, or damaged by a crash; starting "
			       "without a rate",
			       r->path);
		break;
	case -EBADMSG:
		r->foreign = true;
		track_complain(r->program,
			       "'%s' is not a drift file and is left alone: starting without a "
			       "rate, and saving none; remove it, or name another file",
			       r->path);
		break;
	case 0:
	case -ENOENT:
		break;
	default:
		r->foreign = true; /* perhaps: it cannot be read */
		warn(r, rc);
	}
}

int track_rate_begin(struct track_rate *r, const char *program, const char *path, bool *known,
		     struct drift_file_rate *rate)
{
	int rc;

	*r = (struct track_rate){ .program = program, .path = path };
	*known = false;
	if (!path) {
		return STATUS_DONE;
	}
	rc = drift_file_read(path, rate);
	if (rc == -EMEDIUMTYPE) {
		track_complain(program, "'%s' is not a regular file: name another one", path);
		return STATUS_USAGE;
	}
	*known = rc == 0;
	judge(r, rc);
	if (!r->foreign) { /* better told now than when it is to be saved */
		warn(r, drift_file_try(path));
	}
	return STATUS_DONE;
}

void track_rate_save(struct track_rate *r, const struct drift_file_rate *rate)
{
	if (r->path && !r->foreign) {
		warn(r, drift_file_write(r->path, rate));
	}
}
