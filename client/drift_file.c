#include "client/drift_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "client/words.h"
#include "core/parse.h"

int drift_file_read(const char *path, int64_t *rate_ppb)
{
	char line[WORDS_MAX];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f) {
		return -errno;
	}
	n = fread(line, 1, sizeof(line) - 1, f);
	(void)fclose(f);
	line[n] = '\0';
	if (n > 0 && line[n - 1] == '\n') {
		line[n - 1] = '\0';
	}
	return parse_ppm(line, rate_ppb) == 0 ? 0 : -EBADMSG;
}

static int write_line(int fd, int64_t rate_ppb)
{
	char ppm[WORDS_MAX];

	if (dprintf(fd, "%s\n", words_ppm(rate_ppb, ppm)) < 0 || fsync(fd) < 0) {
		return -errno;
	}
	return 0;
}

/* Open the file that will replace it. Its descriptor, or -errno. */
static int open_new(const char *path, char new_path[PATH_MAX])
{
	int fd;

	if (snprintf(new_path, PATH_MAX, "%s.new", path) >= PATH_MAX) {
		return -ENAMETOOLONG;
	}
	fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? -errno : fd;
}

int drift_file_try(const char *path)
{
	char new_path[PATH_MAX];
	const int fd = open_new(path, new_path);

	if (fd < 0) {
		return fd;
	}
	close(fd);
	(void)unlink(new_path);
	return 0;
}

int drift_file_write(const char *path, int64_t rate_ppb)
{
	char new_path[PATH_MAX];
	const int fd = open_new(path, new_path);
	int rc;

	if (fd < 0) {
		return fd;
	}
	rc = write_line(fd, rate_ppb);
	close(fd);
	if (rc == 0 && rename(new_path, path) < 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)unlink(new_path);
	}
	return rc;
}
