/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/clock_file_map.h"
#include "os/clock_file_private.h"
#include "os/clock_lock.h"
#include "os/clock_system.h"

static const struct clock_ops file_ops;

static struct clock_file *file_of(struct clock *c)
{
	return (struct clock_file *)c;
}

/* --- reading ---------------------------------------------------------------------------------- */

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

static int file_check(struct clock *c)
{
	const struct clock_file *f = file_of(c);
	struct clock_line line;

	return f->fd < 0 ? clock_file_read_checked(f->image, &line) : clock_file_check(f);
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

	snapshot(c, &line);
	*ppb = line.frequency_ppb;
	return 0;
}

static int64_t file_frequency_slew(struct clock *c)
{
	struct clock_line line;

	snapshot(c, &line);
	return line.slew_ppb;
}

static int64_t file_max_frequency(struct clock *c)
{
	(void)c;
	return DRIFT_CORRECTABLE_PPB;
}

static int64_t file_rate(struct clock *c)
{
	struct clock_line line;

	snapshot(c, &line);
	return line.drift_ppb + line.frequency_ppb;
}

static int file_quality(struct clock *c, struct clock_quality *out)
{
	(void)c;
	*out = (struct clock_quality){ .synchronised = false, .leap = CLOCK_LEAP_NONE };
	return 0;
}

void clock_file_state(struct clock *c, struct clock_file_state *out)
{
	struct clock_line line;
	ts_ns real = snapshot(c, &line);

	*out = (struct clock_file_state){
		.offset = clock_line_reading(&line, real) - real,
		.drift_ppb = line.drift_ppb,
		.frequency_ppb = line.frequency_ppb,
		.slew_left = clock_line_slew_left(&line, real),
		.at = real,
	};
}

/* --- among others ----------------------------------------------------------------------------- */

static int file_mark(struct clock *c, struct clock_mark *out)
{
	out->generation = clock_file_generation(file_of(c)->image);
	return clock_check(c);
}

static int file_unchanged(struct clock *c, const struct clock_mark *since)
{
	return clock_file_moved_on(file_of(c)->image, since->generation) ? -ESTALE : 0;
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

/* --- opening and closing ---------------------------------------------------------------------- */

static void file_close(struct clock *c)
{
	struct clock_file *f = file_of(c);

	clock_file_unmap(f->image);
	if (f->fd >= 0) {
		close(f->fd);
	}
	free(f);
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
	f->clock.ops = &file_ops;
	*out = &f->clock;
	return 0;
}

static const struct clock_ops file_ops = {
	.now = file_now,
	.mono = file_mono,
	.mark = file_mark,
	.unchanged = file_unchanged,
	.step = clock_file_step,
	.slew = clock_file_slew,
	.slew_left = file_slew_left,
	.set_frequency = clock_file_set_frequency,
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
