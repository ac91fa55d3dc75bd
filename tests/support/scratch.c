/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void give_up(const char *path)
{
	perror(path);
	exit(1);
}

int scratch_make(struct scratch *s)
{
	const char *parent = getenv("TMPDIR");
	int length = snprintf(s->directory, sizeof(s->directory), "%s/timesync-test-XXXXXX",
			      parent ? parent : "/tmp");

	if (length < 0 || (size_t)length >= sizeof(s->directory)) {
		return -ENAMETOOLONG;
	}
	if (!mkdtemp(s->directory) || chmod(s->directory, 0755) < 0) {
		return -errno;
	}
	snprintf(s->path, sizeof(s->path), "%s/file", s->directory);
	return 0;
}

/* Call `visit`, unless it is null, with the path of each file; how many there are. */
static size_t each_file(const struct scratch *s, int (*visit)(const char *path))
{
	DIR *directory = opendir(s->directory);
	struct dirent *entry;
	size_t count = 0;

	if (!directory) {
		give_up(s->directory);
	}
	while ((entry = readdir(directory)) != NULL) {
		char path[sizeof(s->directory) + sizeof(entry->d_name) + 1];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", s->directory, entry->d_name);
		if (visit && visit(path) < 0) {
			give_up(path);
		}
		count++;
	}
	closedir(directory);
	return count;
}

size_t scratch_count(const struct scratch *s)
{
	return each_file(s, NULL);
}

void scratch_remove(struct scratch *s)
{
	each_file(s, remove);
	if (rmdir(s->directory) < 0) {
		give_up(s->directory);
	}
}

int scratch_setup(void **state)
{
	static struct scratch scratch;

	*state = &scratch;
	return scratch_make(&scratch);
}

int scratch_teardown(void **state)
{
	scratch_remove(*state);
	return 0;
}

size_t scratch_read(const char *path, void *bytes, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t count;

	if (!file) {
		give_up(path);
	}
	count = fread(bytes, 1, size, file);
	if (ferror(file) || fgetc(file) != EOF) {
		give_up(path);
	}
	fclose(file);
	return count;
}

void scratch_write(const char *path, const void *bytes, size_t size)
{
	FILE *file;

	unlink(path); /* some file systems write a truncated file out to the disk, and that is slow
		       */
	file = fopen(path, "we");
	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
		give_up(path);
	}
}
