/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/draw/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/files.h"

enum plot_kind plot_kind(const char *path)
{
	const char *end = strrchr(path, '.');

	if (end && strcmp(end, ".svg") == 0) {
		return PLOT_SVG;
	}
	return end && strcmp(end, ".png") == 0 ? PLOT_PNG : PLOT_UNKNOWN;
}

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
	const int fd = file_open_regular(path, O_WRONLY | O_CREAT, 0666);
	off_t done = 0;
	int rc = fd < 0 ? fd : size < 0 || ftruncate(fd, 0) < 0 ? -errno : 0;

	while (rc == 0 && done < size) {
		const ssize_t sent = sendfile(fd, picture, &done, (size_t)(size - done));

		rc = sent > 0 ? 0 : sent < 0 ? -errno : -EIO;
	}
	if (fd >= 0 && close(fd) != 0 && rc == 0) {
		rc = -errno;
	}
	if (rc != 0) {
		snprintf(why, PLOT_WHY_MAX, "cannot be written: %s", file_error_text(rc));
	}
	return rc;
}

int plot_write(const char *path, plot_script_fn *write_script, const void *context,
	       char why[PLOT_WHY_MAX])
{
	const int script = memory_file(), picture = memory_file();
	FILE *out = script >= 0 ? fdopen(dup(script), "w") : NULL;
	int rc = -ENOMEM;

	snprintf(why, PLOT_WHY_MAX, "out of memory");
	if (out) {
		fprintf(out, "set terminal %s size 1000,625\n",
			plot_kind(path) == PLOT_SVG ? "svg" : "pngcairo");
		write_script(out, context);
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

bool plot_read_option(const struct option_given *given)
{
	*(const char **)option_place(given) = given->text;
	return plot_kind(given->text) != PLOT_UNKNOWN ||
	       option_bad(given, "a name that ends in .svg or .png");
}
