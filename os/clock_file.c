/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arith.h"
#include "os/bound_reader.h"
#include "os/clock_file_format.h"
#include "os/clock_file_map.h"
#include "os/clock_lock.h"
#include "os/clock_system.h"
#include "os/suspend.h"

struct clock_file {
	struct clock clock;
	struct clock_file_image *image; /* mapped; not to be written to unless `fd` is open */
	int fd;                         /* to lock the file with, -1 when opened read-only */
	char bound_path[PATH_MAX];      /* of the page of its bound, absolute; "": none */
};

static const struct clock_ops file_ops;

static struct clock_file *file_of(struct clock *c)
{
	return (struct clock_file *)c;
}

/* --- reading -------------------------------------------------------------------------------- */

/*
 * The present line and an instant of CLOCK_REALTIME at which it was in force. A file that has been
 * damaged since it was opened has no line: then it is the system clock's.
 */
static ts_ns snapshot(struct clock *c, struct clock_line *line)
{
	const struct clock_file_image *image = file_of(c)->image;
	uint64_t generation;
	ts_ns real;
	int err;

	do {
		generation = clock_file_generation(image);
		err = clock_file_read_checked(image, line);
		real = clock_now(clock_system());
	} while (err == 0 && clock_file_moved_on(image, generation));
	if (err) {
		*line = (struct clock_line){ .base_real = real, .base_value = real };
	}
	return real;
}

/*
 * Whether others can read the changes to a clock that was opened for adjusting: 0, -EBADMSG (the
 * file is damaged or too short) or -ENOENT (it no longer has a name).
 */
static int check_linked(const struct clock_file *f)
{
	struct clock_line line;
	struct stat st;

	if (fstat(f->fd, &st) < 0) {
		return -errno;
	}
	if (st.st_nlink == 0) { /* another file may have its name now */
		return -ENOENT;
	}
	/* A write past the end of the file is lost. */
	return (uint64_t)st.st_size < clock_file_size(f->image)
		       ? -EBADMSG
		       : clock_file_read_checked(f->image, &line);
}

static int file_check(struct clock *c)
{
	const struct clock_file *f = file_of(c);
	struct clock_line line;

	return f->fd < 0 ? clock_file_read_checked(f->image, &line) : check_linked(f);
}

static ts_ns file_now(struct clock *c)
{
	struct clock_line line;
	ts_ns real = snapshot(c, &line);

	return clock_line_reading(&line, real);
}

static struct mono file_mono(struct clock *c)
{
	(void)c;
	return clock_mono(clock_system());
}

static ts_ns file_from_kernel(struct clock *c, ts_ns kernel)
{
	struct clock_line line;

	snapshot(c, &line);
	return clock_line_reading(&line, kernel);
}

static int file_slew_left(struct clock *c, dur_ns *left)
{
	struct clock_line line;
	ts_ns real = snapshot(c, &line);

	*left = clock_line_slew_left(&line, real);
	return 0;
}

static int file_frequency(struct clock *c, int64_t *ppb)
{
	struct clock_line line;

	ts_ns real = snapshot(c, &line);

	*ppb = line.frequency_ppb + clock_line_slew(&line, real);
	return 0;
}

static int64_t file_frequency_slew(struct clock *c)
{
	struct clock_line line;
	ts_ns real = snapshot(c, &line);

	return clock_line_slew(&line, real);
}

static bool file_ends_slews(struct clock *c)
{
	return clock_file_ends_slews(file_of(c)->image);
}

static int64_t file_max_frequency(struct clock *c)
{
	(void)c;
	return DRIFT_CORRECTABLE_PPB;
}

static int64_t file_rate(struct clock *c)
{
	struct clock_line line;
	ts_ns real = snapshot(c, &line);

	return line.drift_ppb + line.frequency_ppb + clock_line_slew(&line, real);
}

/*
 * The quality of the clock, as its keeper publishes it. The page is looked for each time, as it may
 * come, go and be replaced.
 */
static int file_quality(struct clock *c, struct clock_quality *out)
{
	struct bound_interval before, after;
	struct bound_reader reader;
	ts_ns shown;

	*out = (struct clock_quality){ .synchronised = false, .leap = CLOCK_LEAP_NONE };
	if (bound_reader_open(&reader, file_of(c)->bound_path) != 0) {
		return 0;
	}
	before = bound_reader_now(&reader);
	shown = clock_now(c);
	after = bound_reader_now(&reader);
	bound_reader_close(&reader);
	if (before.state != BOUND_UNKNOWN && after.state != BOUND_UNKNOWN && !before.of_servers &&
	    !after.of_servers) {
		out->synchronised = true;
		out->max_error = arith_max(arith_distance(shown, before.earliest),
					   arith_distance(after.latest, shown));
	}
	return 0;
}

void clock_file_state(struct clock *c, struct clock_file_state *out)
{
	struct clock_line line;
	ts_ns real = snapshot(c, &line);

	*out = (struct clock_file_state){
		.offset = clock_line_reading(&line, real) - real,
		.drift_ppb = line.drift_ppb,
		.frequency_ppb = line.frequency_ppb + clock_line_slew(&line, real),
		.slew_left = clock_line_slew_left(&line, real),
		.at = real,
		.set_at = line.base_real,
	};
}

/* --- among others --------------------------------------------------------------------------- */

static int file_mark(struct clock *c, struct clock_mark *out)
{
	out->generation = clock_file_generation(file_of(c)->image);
	out->asleep = suspend_total();
	return clock_check(c);
}

static bool is_stale(const struct clock_file *f, const struct clock_mark *since)
{
	return clock_file_moved_on(f->image, since->generation) || suspend_since(since->asleep);
}

static int file_unchanged(struct clock *c, const struct clock_mark *since)
{
	return is_stale(file_of(c), since) ? -ESTALE : 0;
}

static int file_may_adjust(struct clock *c)
{
	return file_of(c)->fd < 0 ? -EROFS : 0;
}

static int file_keep(struct clock *c, enum clock_keeper_kind as, struct clock_keeper *other)
{
	const int fd = file_of(c)->fd;

	return fd < 0 ? -EROFS : clock_lock_keep(fd, as, other);
}

static bool file_kept(struct clock *c, struct clock_keeper *by)
{
	const int fd = file_of(c)->fd;

	return fd >= 0 && clock_lock_kept(fd, by);
}

/* --- adjusting, while other writers are kept out -------------------------------------------- */

/* A change of a clock: by how much, in ns or ppb, and with which slew. */
struct change {
	int64_t amount;
	struct clock_slew slew; /* of change_frequency */
};

/* Make a change to a line whose base is the present instant. 0 or -ERANGE. */
typedef int change_fn(struct clock_line *line, const struct change *by);

/* Whether a correction that was measured at a mark may be applied: 0, -ESTALE or -EBUSY. */
static int check_mark(const struct clock_file *f, const struct clock_mark *since)
{
	struct clock_keeper other;

	if (clock_lock_kept(f->fd, &other)) {
		return -EBUSY;
	}
	return is_stale(f, since) ? -ESTALE : 0;
}

/* Change the clock while other writers are kept out. */
static int adjust_alone(struct clock_file *f, change_fn *change, const struct change *by,
			struct clock_mark *since)
{
	struct clock_line line;
	int err = check_linked(f);

	if (!err) {
		err = clock_file_read_checked(f->image, &line);
	}
	if (!err && since) {
		err = check_mark(f, since);
	}
	if (!err) {
		line = clock_line_rebase(&line, clock_now(clock_system()));
		err = change(&line, by);
	}
	if (!err) {
		clock_file_publish(f->image, &line);
	}
	if (!err && since) {
		since->generation = clock_file_generation(f->image);
	}
	return err;
}

static int adjust(struct clock *c, change_fn *change, const struct change *by,
		  struct clock_mark *since)
{
	struct clock_file *f = file_of(c);
	int err;

	if (f->fd < 0) {
		return -EROFS;
	}
	err = clock_lock_writers(f->fd);
	if (err) {
		return err;
	}
	err = adjust_alone(f, change, by, since);
	clock_unlock_writers(f->fd);
	return err;
}

static int change_value(struct clock_line *line, const struct change *by)
{
	if (!clock_can_add(line->base_value, by->amount)) {
		return -ERANGE;
	}
	line->base_value += by->amount;
	line->slew_left = 0;
	return 0;
}

static int change_slew(struct clock_line *line, const struct change *by)
{
	if (!clock_can_add(line->base_value, by->amount)) {
		return -ERANGE;
	}
	line->slew_left = by->amount;
	return 0;
}

static int change_offset(struct clock_line *line, const struct change *by)
{
	if (!clock_can_add(line->base_real, by->amount)) {
		return -ERANGE;
	}
	line->base_value = line->base_real + by->amount;
	line->slew_left = 0;
	return 0;
}

static int change_drift(struct clock_line *line, const struct change *by)
{
	line->drift_ppb = by->amount;
	return clock_line_valid(line) ? 0 : -ERANGE;
}

static int change_frequency(struct clock_line *line, const struct change *by)
{
	line->frequency_ppb = by->amount;
	line->slew_ppb = by->slew.ppb;
	line->slew_until = 0;
	if (by->slew.ppb != 0) {
		line->slew_until =
			arith_between(arith_add(line->base_real, by->slew.lasts), 0, TS_LIMIT - 1);
	}
	return clock_line_valid(line) ? 0 : -ERANGE;
}

static int file_step(struct clock *c, dur_ns add, struct clock_mark *since)
{
	return adjust(c, change_value, &(struct change){ .amount = add }, since);
}

static int file_slew(struct clock *c, dur_ns add, struct clock_mark *since)
{
	return adjust(c, change_slew, &(struct change){ .amount = add }, since);
}

static int file_set_frequency(struct clock *c, int64_t ppb, const struct clock_slew *slew,
			      struct clock_mark *since)
{
	const struct change by = { ppb, *slew };

	return adjust(c, change_frequency, &by, since);
}

int clock_file_set_offset(struct clock *c, dur_ns offset)
{
	return adjust(c, change_offset, &(struct change){ .amount = offset }, NULL);
}

int clock_file_set_drift(struct clock *c, int64_t drift_ppb)
{
	return adjust(c, change_drift, &(struct change){ .amount = drift_ppb }, NULL);
}

/* --- opening and closing -------------------------------------------------------------------- */

static void file_close(struct clock *c)
{
	struct clock_file *f = file_of(c);

	clock_file_unmap(f->image);
	if (f->fd >= 0) {
		close(f->fd);
	}
	free(f);
}

/* A daemon changes its directory after it has opened its clock. */
static void name_bound(struct clock_file *f, const char *path)
{
	char directory[PATH_MAX] = "", absolute[PATH_MAX];
	const bool relative = path[0] != '/';
	int n = -1;

	if (!relative || getcwd(directory, sizeof(directory))) {
		n = snprintf(absolute, sizeof(absolute), "%s%s%s", directory, relative ? "/" : "",
			     path);
	}
	if (n < 0 || (size_t)n >= sizeof(absolute) ||
	    bound_page_path(absolute, f->bound_path, sizeof(f->bound_path)) != 0) {
		f->bound_path[0] = '\0';
	}
}

int clock_file_open(struct clock **out, const char *path, bool writable, const char **why)
{
	struct clock_file *f = calloc(1, sizeof(*f));
	int err;

	if (!f) {
		*why = "there is not enough memory";
		return -ENOMEM;
	}
	err = clock_file_map(path, writable, &f->image, &f->fd, why);
	if (err) {
		free(f);
		return err;
	}
	name_bound(f, path);
	f->clock.ops = &file_ops;
	*out = &f->clock;
	return 0;
}

static const struct clock_ops file_ops = {
	.now = file_now,
	.mono = file_mono,
	.mark = file_mark,
	.unchanged = file_unchanged,
	.step = file_step,
	.slew = file_slew,
	.slew_left = file_slew_left,
	.set_frequency = file_set_frequency,
	.ends_slews = file_ends_slews,
	.frequency = file_frequency,
	.frequency_slew = file_frequency_slew,
	.may_adjust = file_may_adjust,
	.keep = file_keep,
	.kept = file_kept,
	.check = file_check,
	.max_frequency = file_max_frequency,
	.rate = file_rate,
	.quality = file_quality,
	.from_kernel = file_from_kernel,
	.close = file_close,
};
