/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool journal_has_stderr(void)
{
	/* "DEVICE:INODE" of the stream that was connected to it. */
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char here[64];

	if (!stream || fstat(STDERR_FILENO, &st) < 0) {
		return false;
	}
	snprintf(here, sizeof(here), "%" PRIuMAX ":%" PRIuMAX, (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	return strcmp(here, stream) == 0;
}
