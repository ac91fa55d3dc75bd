/* SPDX-License-Identifier: BSD-3-Clause */
/* The exit statuses of timesync(1), and of what it runs. */
#ifndef OS_EXIT_STATUS_H
#define OS_EXIT_STATUS_H

enum exit_status {
	STATUS_GO_ON = -1, /* never an exit status: nothing to end for has come yet */
	STATUS_DONE = 0,
	STATUS_NO_ANSWER = 1, /* no usable answer from a server */
	STATUS_USAGE = 2,     /* wrong command line, or a file that cannot be used */
	STATUS_REFUSED = 3,   /* the correction breaks a limit */
	STATUS_NO_PERMISSION = 4,
};

#endif
