/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/chrony_sock.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>

#include "rpc/address.h"

/* The datagram that chronyd takes, as its documentation of refclock drivers gives it. */
struct sock_sample {
	struct timeval tv; /* system time of the measurement */
	double offset;     /* true minus system time, seconds */
	int pulse;         /* the sample has whole seconds too, not only a pulse: 0 */
	int leap;          /* 0 normal, 1 insert, 2 delete */
	int pad;
	int magic;
};

#define MAGIC 0x534f434b

int chrony_sock_open(void)
{
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

bool chrony_sock_has_leap(enum clock_leap leap)
{
	return leap == CLOCK_LEAP_NONE || leap == CLOCK_LEAP_INSERT || leap == CLOCK_LEAP_DELETE;
}

static int leap_code(enum clock_leap leap)
{
	switch (leap) {
	case CLOCK_LEAP_INSERT:
		return 1;
	case CLOCK_LEAP_DELETE:
		return 2;
	case CLOCK_LEAP_NONE:
	case CLOCK_LEAP_IN_PROGRESS:
	case CLOCK_LEAP_UNKNOWN:
		break;
	}
	return 0;
}

int chrony_sock_send(int fd, const char *path, ts_ns at, dur_ns offset, enum clock_leap leap)
{
	struct sock_sample s;
	struct address to;
	ssize_t n;

	if (!address_unix(&to, path)) {
		return -ENAMETOOLONG;
	}
	memset(&s, 0, sizeof(s)); /* no octet of ours in its padding */
	s.tv.tv_sec = at / NS_PER_SEC;
	s.tv.tv_usec = at % NS_PER_SEC / NS_PER_US;
	s.offset = (double)offset / (double)NS_PER_SEC;
	s.leap = leap_code(leap);
	s.magic = MAGIC;
	/* Not connected: a chronyd that was started again has another socket under the old name. */
	n = sendto(fd, &s, sizeof(s), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to.sa,
		   to.len);
	return n < 0 ? -errno : 0;
}
