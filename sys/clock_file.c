#include "sys/clock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/clock_file_format.h"
#include "sys/clock_file_map.h"
#include "sys/clock_system.h"

struct clock_file {
	struct clock clock;
	struct clock_file_image *image; /* mapped; not to be written to unless `fd` is open */
	int fd;                         /* to lock the file with, -1 when opened read-only */
};

static const struct clock_ops file_ops;

static struct clock_file *file_of(struct clock *c)
{
	return (struct clock_file *)c;
}

static ts_ns real_now(void)
{
	return clock_now(clock_system());
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The present line and an instant of CLOCK_REALTIME at which it was in force. */
static ts_ns snapshot(struct clock *c, struct clock_line *line)
{
	const struct clock_file_image *image = file_of(c)->image;
	uint64_t generation;
	ts_ns real;

	do {
		generation = clock_file_read(image, line);
		real = real_now();
	} while (clock_file_moved_on(image, generation));
	return real;
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

/* --- adjusting -------------------------------------------------------------------------------- */

/*
 * A record lock belongs to a process: it ends with the process, however that dies, and does not
 * pass to its children. An flock belongs to the open file that a child inherits, would let both
 * in at once, and would outlive a killed process for as long as a relative has the file open.
 */
static int lock_writers(int fd, short type)
{
	struct flock whole_file = { .l_type = type, .l_whence = SEEK_SET };

	while (fcntl(fd, F_SETLKW, &whole_file) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* Change a line, whose base is the present instant, by `amount`. 0 or -ERANGE. */
typedef int change_fn(struct clock_line *line, int64_t amount);

static int adjust(struct clock *c, change_fn *change, int64_t amount)
{
	struct clock_file *f = file_of(c);
	struct clock_line line;
	int err;

	if (f->fd < 0) {
		return -EROFS;
	}
	err = lock_writers(f->fd, F_WRLCK);
	if (err) {
		return err;
	}
	err = clock_file_read_checked(f->image, &line);
	if (!err) {
		line = clock_line_rebase(&line, real_now());
		err = change(&line, amount);
	}
	if (!err) {
		clock_file_publish(f->image, &line);
	}
	lock_writers(f->fd, F_UNLCK);
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

static int file_step(struct clock *c, dur_ns add)
{
	return adjust(c, change_value, add);
}

static int file_slew(struct clock *c, dur_ns add)
{
	return adjust(c, change_slew, add);
}

static int file_set_frequency(struct clock *c, int64_t ppb)
{
	return adjust(c, change_frequency, ppb);
}

int clock_file_set_offset(struct clock *c, dur_ns offset)
{
	return adjust(c, change_offset, offset);
}

int clock_file_set_drift(struct clock *c, int64_t drift_ppb)
{
	return adjust(c, change_drift, drift_ppb);
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void file_close(struct clock *c)
{
	struct clock_file *f = file_of(c);

	munmap(f->image, sizeof(*f->image));
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
	.step = file_step,
	.slew = file_slew,
	.slew_left = file_slew_left,
	.set_frequency = file_set_frequency,
	.frequency = file_frequency,
	.quality = file_quality,
	.from_kernel = file_from_kernel,
	.close = file_close,
};
