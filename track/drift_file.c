/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/drift_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "print/words.h"
#include "core/drift_text.h"
#include "os/files.h"

/* Longer than any drift file, also one that a crash has filled up with NULs to a block or two. */
#define TEXT_MAX 8192

static int read_text(int fd, struct drift_file_rate *rate)
{
	char text[TEXT_MAX + 1];
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, text + len, sizeof(text) - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < sizeof(text));
	if (n < 0) {
		return -errno;
	}
	if (len > TEXT_MAX) {
		return -EBADMSG;
	}
	n = drift_text_read(text, len, &rate->ppb, &rate->chance_ppb);
	return n == -EINVAL ? -EBADMSG : (int)n;
}

int drift_file_read(const char *path, struct drift_file_rate *rate)
{
	const int fd = file_open_regular(path, O_RDONLY, 0);
	int rc;

	if (fd < 0) {
		return fd == -EISDIR ? -EMEDIUMTYPE : fd;
	}
	rc = read_text(fd, rate);
	close(fd);
	return rc;
}

#define LINKS_MAX 40 /* as the kernel has it */

/* Where a path leads that may be a symbolic link, also one to nothing. 0 or -errno. */
static int follow(const char *path, char out[PATH_MAX])
{
	char target[PATH_MAX];

	if (snprintf(out, PATH_MAX, "%s", path) >= PATH_MAX) {
		return -ENAMETOOLONG;
	}
	for (int i = 0; i < LINKS_MAX; i++) {
		const ssize_t n = readlink(out, target, sizeof(target) - 1);
		char *slash = strrchr(out, '/');

		if (n < 0) { /* it is not a link, or does not exist */
			return errno == EINVAL || errno == ENOENT ? 0 : -errno;
		}
		target[n] = '\0';
		if (target[0] == '/' || !slash) {
			slash = out;
		} else {
			slash++;
		}
		if (snprintf(slash, (size_t)(out + PATH_MAX - slash), "%s", target) >=
		    out + PATH_MAX - slash) {
			return -ENAMETOOLONG;
		}
	}
	return -ELOOP;
}

int drift_file_try(const char *path)
{
	char target[PATH_MAX];
	const int rc = follow(path, target);

	return rc == 0 ? file_try_replace(target) : rc;
}

int drift_file_write(const char *path, const struct drift_file_rate *rate)
{
	char target[PATH_MAX], ppm[WORDS_MAX], chance[WORDS_MAX], line[2 * WORDS_MAX + 16];
	const int n = snprintf(line, sizeof(line), "%s ppm +/- %s\n", words_ppm(rate->ppb, ppm),
			       words_ppm(rate->chance_ppb, chance));
	const int rc = follow(path, target);

	return rc == 0 ? file_replace(target, line, (size_t)n, 0644) : rc;
}
