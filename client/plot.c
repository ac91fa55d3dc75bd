#include "client/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/axis.h"
#include "client/words.h"

enum plot_kind plot_kind(const char *path)
{
	const char *end = strrchr(path, '.');

	if (end && strcmp(end, ".svg") == 0) {
		return PLOT_SVG;
	}
	return end && strcmp(end, ".png") == 0 ? PLOT_PNG : PLOT_UNKNOWN;
}

/* --- what gnuplot is told --- */

static void write_points(FILE *out, const struct sample *samples, size_t n, dur_ns zero,
			 enum sample_kind kind)
{
	char delay[WORDS_MAX], offset[WORDS_MAX];

	for (size_t i = 0; i < n; i++) {
		if (samples[i].kind == kind) {
			fprintf(out, "%s %s\n", words_seconds(sample_delay(&samples[i]), delay),
				words_seconds(sample_offset(&samples[i]) - zero, offset));
		}
	}
	fputs("e\n", out);
}

/* One unit for both axes, so that half the delay is a line of slope 1/2. */
static struct axis delays_of(const struct sample *samples, size_t n)
{
	dur_ns most = 0;

	for (size_t i = 0; i < n; i++) {
		most = sample_delay(&samples[i]) > most ? sample_delay(&samples[i]) : most;
	}
	return axis_make(0, most, 100, 10);
}

static void write_script(FILE *out, enum plot_kind kind, const struct sample *samples, size_t n,
			 dur_ns zero, const char *zero_name)
{
	const struct axis a = delays_of(samples, n);

	fprintf(out, "set terminal %s size 1000,625\n", kind == PLOT_SVG ? "svg" : "pngcairo");
	fprintf(out, "set xlabel 'delay, there and back (%s)'\n", a.unit_name);
	fprintf(out, "set ylabel 'local clock slower (+) or faster (-) than %s (%s)'\n", zero_name,
		a.unit_name);
	fprintf(out, "set key top left\nset grid\nset xrange [0:]\nf = 1e9 / %" PRId64 "\n",
		a.unit);
	fputs("plot '-' using ($1*f):($2*f) with points pt 6 title 'GET\\_TIMESTAMPS', "
	      "'-' using ($1*f):($2*f) with points pt 2 title 'GET\\_TIME', "
	      "x/2 with lines lc 'gray' title 'half the delay, the greatest error of one', "
	      "-x/2 with lines lc 'gray' notitle\n",
	      out);
	write_points(out, samples, n, zero, SAMPLE_TIMESTAMPS);
	write_points(out, samples, n, zero, SAMPLE_TIME);
}

/* --- how it is run --- */

/* A file in memory. The descriptor, or -errno. */
static int memory_file(void)
{
	const int fd = memfd_create("plot", MFD_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

/* Run gnuplot, without a shell, from one file to another. 0, -errno, or its status if it failed. */
static int run_gnuplot(int script, int picture)
{
	static char name[] = "gnuplot", no_init_files[] = "-d";
	char *const argv[] = { name, no_init_files, NULL };
	posix_spawn_file_actions_t actions;
	int rc, status;
	pid_t pid;

	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0) {
		return -rc;
	}
	rc = posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO);
	rc = rc == 0 ? posix_spawn_file_actions_adddup2(&actions, picture, STDOUT_FILENO) : rc;
	rc = rc == 0 ? posix_spawnp(&pid, name, &actions, NULL, argv, environ) : rc;
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		return -rc;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	return status;
}

static int draw(int script, int picture, char why[PLOT_WHY_MAX])
{
	const int rc = lseek(script, 0, SEEK_SET) == 0 ? run_gnuplot(script, picture) : -errno;

	if (rc == -ENOENT) {
		snprintf(why, PLOT_WHY_MAX,
			 "there is no gnuplot here: install the Debian package gnuplot-nox");
	} else if (rc < 0) {
		snprintf(why, PLOT_WHY_MAX, "gnuplot cannot be run: %s", strerror(-rc));
	} else if (rc > 0) {
		snprintf(why, PLOT_WHY_MAX, "gnuplot failed");
	}
	return rc > 0 ? -EIO : rc;
}

/* The picture into its place. */
static int keep(int picture, const char *path, char why[PLOT_WHY_MAX])
{
	const off_t size = lseek(picture, 0, SEEK_END);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	off_t done = 0;
	int rc = fd < 0 || size < 0 ? -errno : 0;

	while (rc == 0 && done < size) {
		const ssize_t sent = sendfile(fd, picture, &done, (size_t)(size - done));

		rc = sent > 0 ? 0 : sent < 0 ? -errno : -EIO;
	}
	if (fd >= 0 && close(fd) != 0 && rc == 0) {
		rc = -errno;
	}
	if (rc != 0) {
		snprintf(why, PLOT_WHY_MAX, "cannot be written: %s", strerror(-rc));
	}
	return rc;
}

int plot_write(const char *path, const struct sample *samples, size_t n, dur_ns zero,
	       const char *zero_name, char why[PLOT_WHY_MAX])
{
	const int script = memory_file(), picture = memory_file();
	FILE *out = script >= 0 ? fdopen(dup(script), "w") : NULL;
	int rc = -ENOMEM;

	snprintf(why, PLOT_WHY_MAX, "out of memory");
	if (out) {
		write_script(out, plot_kind(path), samples, n, zero, zero_name);
		rc = fclose(out) == 0 && picture >= 0 ? draw(script, picture, why) : -ENOMEM;
	}
	rc = rc == 0 ? keep(picture, path, why) : rc;
	if (script >= 0) {
		close(script);
	}
	if (picture >= 0) {
		close(picture);
	}
	return rc;
}
