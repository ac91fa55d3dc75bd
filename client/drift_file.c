#include "client/drift_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "client/words.h"
#include "core/parse.h"
#include "sys/files.h"

int drift_file_read(const char *path, int64_t *rate_ppb)
{
	char line[WORDS_MAX];
	const int fd = file_open_regular(path, O_RDONLY, 0);
	ssize_t n;

	if (fd < 0) {
		return fd;
	}
	n = read(fd, line, sizeof(line) - 1);
	n = n < 0 ? -errno : n;
	close(fd);
	if (n < 0) {
		return (int)n;
	}
	line[n] = '\0';
	if (n > 0 && line[n - 1] == '\n') {
		line[n - 1] = '\0';
	}
	return parse_ppm(line, rate_ppb) == 0 ? 0 : -EBADMSG;
}

int drift_file_try(const char *path)
{
	return file_try_replace(path);
}

int drift_file_write(const char *path, int64_t rate_ppb)
{
	char ppm[WORDS_MAX], line[WORDS_MAX + 1];
	const int n = snprintf(line, sizeof(line), "%s\n", words_ppm(rate_ppb, ppm));

	return file_replace(path, line, (size_t)n, 0644);
}
