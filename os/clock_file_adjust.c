/* SPDX-License-Identifier: BSD-3-Clause */
/* Adjusting a clock file, while other writers are kept out. */
#include <errno.h>
#include <sys/stat.h>

#include "core/drift.h"
#include "os/clock_file_private.h"
#include "os/clock_lock.h"
#include "os/clock_system.h"

/* What is done to a clock: by how much, in ns or ppb, and how much of that is a slew. */
struct change {
	int64_t amount;
	int64_t slew_ppb; /* of change_frequency */
};

/* Make a change to a line whose base is the present instant. 0 or -ERANGE. */
typedef int change_fn(struct clock_line *line, const struct change *by);

/* Whether what was measured at a mark may be done to the clock: 0, -ESTALE or -EBUSY. */
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
	/* What is written past the end of the file is lost. */
	return (size_t)st.st_size < sizeof(*f->image) ? -EBADMSG
						      : clock_file_read_checked(f->image, &line);
}

/* Change the clock while other writers are kept out. */
static int adjust_alone(struct clock_file *f, change_fn *change, const struct change *by,
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
	struct clock_file *f = (struct clock_file *)c;
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
	line->slew_ppb = by->slew_ppb;
	return clock_line_valid(line) ? 0 : -ERANGE;
}

int clock_file_step(struct clock *c, dur_ns add, struct clock_mark *since)
{
	return adjust(c, change_value, &(struct change){ .amount = add }, since);
}

int clock_file_slew(struct clock *c, dur_ns add, struct clock_mark *since)
{
	return adjust(c, change_slew, &(struct change){ .amount = add }, since);
}

int clock_file_set_frequency(struct clock *c, int64_t ppb, int64_t slew_ppb,
			     struct clock_mark *since)
{
	const struct change by = { drift_add(ppb, slew_ppb), slew_ppb };

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
