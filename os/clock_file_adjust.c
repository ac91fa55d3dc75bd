/* SPDX-License-Identifier: BSD-3-Clause */
/* Adjusting a clock file, while other writers are kept out. */
#include <errno.h>
#include <sys/stat.h>

#include "os/clock_file_private.h"
#include "os/clock_lock.h"
#include "os/clock_system.h"

/* Change a line, based at the present instant, by `amount`. 0 or -ERANGE. */
typedef int change_fn(struct clock_line *line, int64_t amount);

/* Whether a correction that was measured at a mark may be applied: 0, -ESTALE or -EBUSY. */
static int check_mark(const struct clock_file *f, const struct clock_mark *since)
{
	struct clock_keeper other;

	if (clock_lock_kept(f->fd, &other)) {
		return -EBUSY;
	}
	return clock_file_moved_on(f->image, since->generation) ? -ESTALE : 0;
}

int clock_file_check(const struct clock_file *f)
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
	return (size_t)st.st_size < sizeof(*f->image) ? -EBADMSG
						      : clock_file_read_checked(f->image, &line);
}

/* Change the clock while other writers are kept out. */
static int adjust_alone(struct clock_file *f, change_fn *change, int64_t amount,
			struct clock_mark *since)
{
	struct clock_line line;
	int err = clock_file_check(f);

	if (!err) {
		err = clock_file_read_checked(f->image, &line);
	}
	if (!err && since) {
		err = check_mark(f, since);
	}
	if (!err) {
		line = clock_line_rebase(&line, clock_now(clock_system()));
		err = change(&line, amount);
	}
	if (!err) {
		clock_file_publish(f->image, &line);
	}
	if (!err && since) {
		since->generation = clock_file_generation(f->image);
	}
	return err;
}

static int adjust(struct clock *c, change_fn *change, int64_t amount, struct clock_mark *since)
{
	struct clock_file *f = (struct clock_file *)c;
	int err;

	if (f->fd < 0) {
		return -EROFS;
	}
	err = clock_lock_writers(f->fd);
	if (err) {
		return err;
	}
	err = adjust_alone(f, change, amount, since);
	clock_unlock_writers(f->fd);
	return err;
}

static int change_value(struct clock_line *line, int64_t add)
{
	if (!clock_can_add(line->base_value, add)) {
		return -ERANGE;
	}
	line->base_value += add;
	line->slew_left = 0;
	return 0;
}

static int change_slew(struct clock_line *line, int64_t add)
{
	if (!clock_can_add(line->base_value, add)) {
		return -ERANGE;
	}
	line->slew_left = add;
	return 0;
}

static int change_offset(struct clock_line *line, int64_t offset)
{
	if (!clock_can_add(line->base_real, offset)) {
		return -ERANGE;
	}
	line->base_value = line->base_real + offset;
	line->slew_left = 0;
	return 0;
}

static int change_drift(struct clock_line *line, int64_t drift_ppb)
{
	line->drift_ppb = drift_ppb;
	return clock_line_valid(line) ? 0 : -ERANGE;
}

static int change_frequency(struct clock_line *line, int64_t ppb)
{
	line->frequency_ppb = ppb;
	return clock_line_valid(line) ? 0 : -ERANGE;
}

int clock_file_step(struct clock *c, dur_ns add, struct clock_mark *since)
{
	return adjust(c, change_value, add, since);
}

int clock_file_slew(struct clock *c, dur_ns add, struct clock_mark *since)
{
	return adjust(c, change_slew, add, since);
}

int clock_file_set_frequency(struct clock *c, int64_t ppb, struct clock_mark *since)
{
	return adjust(c, change_frequency, ppb, since);
}

int clock_file_set_offset(struct clock *c, dur_ns offset)
{
	return adjust(c, change_offset, offset, NULL);
}

int clock_file_set_drift(struct clock *c, int64_t drift_ppb)
{
	return adjust(c, change_drift, drift_ppb, NULL);
}
