/* SPDX-License-Identifier: BSD-3-Clause */
/* A program of somebody else that links with libtimesync: prints the state and the interval. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <timesync_now.h>

int main(int argc, char **argv)
{
	struct timesync_page *page;
	struct timesync_interval now;
	int rc = timesync_open(&page, argc > 1 ? argv[1] : NULL);

	if (rc != 0) {
		printf("%s\n", strerror(-rc));
		return 1;
	}
	rc = timesync_now(page, &now);
	printf("%d %" PRId64 " %" PRId64 "\n", rc, now.earliest, now.latest);
	timesync_close(page);
	return 0;
}
