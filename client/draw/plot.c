/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/draw/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/parse.h"
#include "print/words.h"
#include "os/files.h"

#define REASON_MAX 300

#define NARROW 600

/* Points, for the title with the line below it, a line of a legend, and the axis of time. */
#define TITLE_HEIGHT 56
#define KEY_HEIGHT   20
#define AXIS_HEIGHT  62
#define GAP_HEIGHT   14
#define LEFT_MARGIN  96
#define RIGHT_MARGIN 24

/* The mark of an entry of a legend, a letter behind it, and the gap to the next entry. */
#define MARK_WIDTH   34
#define LETTER_WIDTH 7.0
#define WIDE_LETTER  9.5
#define ENTRY_GAP    16

/* Smaller ones have no room for legends, larger ones no purpose. */
#define LEAST_WIDTH  300
#define LEAST_HEIGHT 250
#define LARGEST      4000

/* --- options --- */

enum plot_kind plot_kind(const char *path)
{
	static const struct {
		const char *end;
		enum plot_kind kind;
	} kinds[] = { { ".svg", PLOT_SVG }, { ".png", PLOT_PNG }, { ".pdf", PLOT_PDF } };
	const char *end = strrchr(path, '.');

	for (size_t i = 0; end && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(end, kinds[i].end) == 0) {
			return kinds[i].kind;
		}
	}
	return PLOT_UNKNOWN;
}

static bool read_file(const struct option_given *given)
{
	*(const char **)option_place(given) = given->text;
	return plot_kind(given->text) != PLOT_UNKNOWN ||
	       option_bad(given, "a name that ends in .svg, .png or .pdf");
}

/* "900x600". */
static bool parse_size(const char *text, struct plot_size *out)
{
	const size_t length = strcspn(text, "x");
	char first[16];
	int64_t width, height;

	if (length >= sizeof(first) || text[length] == '\0') {
		return false;
	}
	memcpy(first, text, length);
	first[length] = '\0';
	if (parse_int(first, LEAST_WIDTH, LARGEST, &width) != 0 ||
	    parse_int(text + length + 1, LEAST_HEIGHT, LARGEST, &height) != 0) {
		return false;
	}
	*out = (struct plot_size){ (unsigned)width, (unsigned)height };
	return true;
}

static bool read_size(const struct option_given *given)
{
	return parse_size(given->text, option_place(given)) ||
	       option_bad(given, "WIDTHxHEIGHT in points, such as 900x600, from 300x250 to "
				 "4000x4000");
}

const struct option_row plot_rows[PLOT_ROWS] = {
	{ "plot", '\0', "FILE", "draw a picture, as SVG, PNG or PDF by the end of the name", ~0U,
	  OPTION_OTHER, .place = offsetof(struct plot_options, file), .read = read_file },
	{ "pdf", '\0', "FILE", "draw the picture as PDF too, whatever the name", ~0U, OPTION_TEXT,
	  .place = offsetof(struct plot_options, pdf) },
	{ "size", '\0', "SIZE", "of the picture: WIDTHxHEIGHT (default: 900x620)", ~0U,
	  OPTION_OTHER, .place = offsetof(struct plot_options, size), .read = read_size },
};

bool plot_is_wanted(const struct plot_options *o)
{
	return o->file || o->pdf;
}

bool plot_is_narrow(const struct plot_size *size)
{
	return size->width < NARROW;
}

/* --- gnuplot --- */

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

static int draw(int script, int picture, char why[REASON_MAX])
{
	const int rc = lseek(script, 0, SEEK_SET) == 0 ? run_gnuplot(script, picture) : -errno;

	if (rc == -ENOENT) {
		snprintf(why, REASON_MAX,
			 "there is no gnuplot here: install the Debian package gnuplot-nox");
	} else if (rc < 0) {
		snprintf(why, REASON_MAX, "gnuplot cannot be run: %s", strerror(-rc));
	} else if (rc > 0) {
		snprintf(why, REASON_MAX, "gnuplot failed");
	}
	return rc > 0 ? -EIO : rc;
}

/* The picture into its place. */
static int keep(int picture, const char *path, char why[REASON_MAX])
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
		snprintf(why, REASON_MAX, "cannot be written: %s", file_error_text(rc));
	}
	return rc;
}

/* --- scripts --- */

const char *plot_colour(size_t number)
{
	static const char *const colours[] = { "#0063a6", "#c44601", "#00795a", "#a8447f",
					       "#7a6200", "#5650c8", "#b3261e", "#3d6b7d" };

	return colours[number % (sizeof(colours) / sizeof(colours[0]))];
}

void plot_text(FILE *out, const char *text)
{
	char shown[WORDS_PATH_MAX];

	fputc('\'', out);
	for (const char *c = words_path(text, shown); *c; c++) {
		fputs(*c == '\'' ? "''" : (const char[]){ *c, '\0' }, out);
	}
	fputc('\'', out);
}

void plot_title(FILE *out, const char *title, const char *below)
{
	fputs("set label 98 ", out);
	plot_text(out, title);
	fputs(" at screen 0.5, screen title_at center font ',15' textcolor rgb '" PLOT_INK
	      "'\nset label 99 ",
	      out);
	plot_text(out, below);
	fputs(" at screen 0.5, screen below_at center font ',11' textcolor rgb '" PLOT_GREY "'\n",
	      out);
}

/* Where the entries of a legend stand, in points from the left, line by line. */
struct layout {
	double x;
	unsigned line;
};

static double entry_width(const struct plot_key *key)
{
	double width = MARK_WIDTH;

	for (const char *c = key->text; *c; c++) {
		width += (*c >= 'A' && *c <= 'Z') || *c == '_' ? WIDE_LETTER : LETTER_WIDTH;
	}
	return width;
}

static void next_entry(struct layout *l, const struct plot_size *size, const struct plot_key *key)
{
	if (l->x > LEFT_MARGIN && l->x + entry_width(key) > size->width) {
		l->x = LEFT_MARGIN;
		l->line++;
	}
}

static void leave_entry(struct layout *l, const struct plot_key *key)
{
	l->x += entry_width(key) + ENTRY_GAP;
}

unsigned plot_key_lines(const struct plot_size *size, const struct plot_key *keys, size_t n)
{
	struct layout l = { .x = LEFT_MARGIN };

	for (size_t i = 0; i < n; i++) {
		next_entry(&l, size, &keys[i]);
		leave_entry(&l, &keys[i]);
	}
	return l.line + 1;
}

/* The mark of an entry, from x to x + MARK_WIDTH, at that height; all in shares of the picture. */
static void write_mark(FILE *out, const struct plot_key *key, double x, double y, double width)
{
	switch (key->mark) {
	case PLOT_BAND:
		fprintf(out,
			"set object rectangle from screen %.4f, screen %.4f to screen %.4f, screen "
			"%.4f fc rgb '%s' fs transparent solid 0.2 noborder\n",
			x, y - 0.007, x + 0.75 * width, y + 0.007, key->colour);
		break;
	case PLOT_LINE:
		fprintf(out,
			"set arrow from screen %.4f, screen %.4f to screen %.4f, screen %.4f "
			"nohead lw 1.6 lc rgb '%s'\n",
			x, y, x + 0.75 * width, y, key->colour);
		break;
	case PLOT_POINT:
		fprintf(out,
			"set label ' ' at screen %.4f, screen %.4f point pt %d ps 0.7 lc rgb "
			"'%s'\n",
			x + 0.4 * width, y, key->point, key->colour);
		break;
	}
}

static void write_keys(FILE *out, const struct plot_size *size, double top,
		       const struct plot_key *keys, size_t n)
{
	const double lines = plot_key_lines(size, keys, n), mark = MARK_WIDTH / (double)size->width;
	struct layout l = { .x = LEFT_MARGIN };

	for (size_t i = 0; i < n; i++) {
		double x, y;

		next_entry(&l, size, &keys[i]);
		x = l.x / size->width;
		y = (top + (lines - l.line - 0.45) * KEY_HEIGHT) / size->height;
		write_mark(out, &keys[i], x, y, mark);
		fputs("set label ", out);
		plot_text(out, keys[i].text);
		fprintf(out, " at screen %.4f, screen %.4f left textcolor rgb '" PLOT_INK "'\n",
			x + mark, y);
		leave_entry(&l, &keys[i]);
	}
}

void plot_panel(FILE *out, const struct plot_size *size, const struct plot_panels *panels,
		unsigned number, const struct plot_key *keys, size_t n_keys)
{
	const double height = size->height, width = size->width;
	const double key = panels->key_lines * KEY_HEIGHT;
	const double field = height - TITLE_HEIGHT - AXIS_HEIGHT - panels->n * key -
			     (panels->n - 1) * GAP_HEIGHT;
	double all = 0, above = 0, top;

	for (unsigned i = 0; i < panels->n; i++) {
		all += panels->weights[i];
		above += i < number ? panels->weights[i] : 0;
	}
	top = height - TITLE_HEIGHT - (number + 1) * key - number * GAP_HEIGHT -
	      field * above / all;
	fprintf(out,
		"set tmargin at screen %.4f\nset bmargin at screen %.4f\n"
		"set lmargin at screen %.4f\nset rmargin at screen %.4f\n",
		top / height, (top - field * panels->weights[number] / all) / height,
		LEFT_MARGIN / width, 1 - RIGHT_MARGIN / width);
	write_keys(out, size, top, keys, n_keys);
}

static void write_terminal(FILE *out, enum plot_kind kind, const struct plot_size *size)
{
	switch (kind) {
	case PLOT_PNG:
		fprintf(out,
			"set terminal pngcairo size %u,%u fontscale 2 linewidth 2 pointscale 2 "
			"background rgb "
			"'white' font 'DejaVu Sans,10' noenhanced\n",
			2 * size->width, 2 * size->height);
		break;
	case PLOT_PDF:
		fprintf(out,
			"set terminal pdfcairo size %.2fin,%.2fin fontscale 1 background rgb "
			"'white' font "
			"'DejaVu Sans,10' noenhanced\n",
			size->width / 84.0, size->height / 84.0);
		break;
	case PLOT_SVG:
	case PLOT_UNKNOWN:
		fprintf(out,
			"set terminal svg size %u,%u background rgb 'white' font 'DejaVu "
			"Sans,Arial,sans-serif,12' noenhanced\n",
			size->width, size->height);
		break;
	}
}

static void write_style(FILE *out, const struct plot_size *size)
{
	fprintf(out,
		"set encoding utf8\n"
		"set border 3 lc rgb '" PLOT_GREY "' lw 1\n"
		"set tics nomirror scale 0.5 textcolor rgb '" PLOT_INK "'\n"
		"set grid lc rgb '#d1d9e0' lw 0.8 dt 1\n"
		"unset key\n"
		"set xlabel textcolor rgb '" PLOT_INK "'\n"
		"set ylabel textcolor rgb '" PLOT_INK "'\n"
		"set style fill transparent solid 0.20 noborder\n"
		"title_at = %.4f\nbelow_at = %.4f\n",
		1 - 18.0 / size->height, 1 - 42.0 / size->height);
}

/* One of the files. */
static int write_file(const char *path, enum plot_kind kind, const struct plot_size *size,
		      plot_script_fn *write_script, const void *context, char why[REASON_MAX])
{
	const int script = memory_file(), picture = memory_file();
	FILE *out = script >= 0 ? fdopen(dup(script), "w") : NULL;
	int rc = -ENOMEM;

	snprintf(why, REASON_MAX, "out of memory");
	if (out) {
		write_terminal(out, kind, size);
		write_style(out, size);
		write_script(out, size, context);
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

/* The same, with the name of the file in front of the reason. */
static int write_named(const char *path, enum plot_kind kind, const struct plot_size *size,
		       plot_script_fn *write_script, const void *context, char why[PLOT_WHY_MAX])
{
	char reason[REASON_MAX];
	const int rc = write_file(path, kind, size, write_script, context, reason);

	if (rc != 0) {
		snprintf(why, PLOT_WHY_MAX, "%s: %s", path, reason);
	}
	return rc;
}

int plot_write(const struct plot_options *o, plot_script_fn *write_script, const void *context,
	       char why[PLOT_WHY_MAX])
{
	const struct plot_size usual = { 900, 620 };
	const struct plot_size *size = o->size.width > 0 ? &o->size : &usual;
	int rc = 0;

	if (o->file) {
		rc = write_named(o->file, plot_kind(o->file), size, write_script, context, why);
	}
	if (rc == 0 && o->pdf) {
		rc = write_named(o->pdf, PLOT_PDF, size, write_script, context, why);
	}
	return rc;
}
