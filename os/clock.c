/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int clock_frequency_apart(struct clock *c, int64_t *ppb, int64_t *slew_ppb)
{
	int rc;

	do {
		*slew_ppb = clock_frequency_slew(c);
		rc = clock_frequency(c, ppb);
	} while (rc == 0 && clock_frequency_slew(c) != *slew_ppb);
	if (rc == 0) {
		*ppb -= *slew_ppb;
	}
	return rc;
}

const char *clock_keeper_name(enum clock_keeper_kind kind)
{
	switch (kind) {
	case CLOCK_KEEPER_TRACK:
		return "timesync track";
	case CLOCK_KEEPER_GROUP:
		return "timesyncd's group agent";
	case CLOCK_KEEPER_UPSTREAM:
		return "timesyncd's tracker";
	case CLOCK_KEEPER_OTHER:
		break;
	}
	return "another program";
}

const char *clock_rival_text(const struct clock_rival *r, char buf[CLOCK_RIVAL_TEXT_MAX])
{
	switch (r->kind) {
	case CLOCK_RIVAL_PROGRAM:
		snprintf(buf, CLOCK_RIVAL_TEXT_MAX, "%s, pid %ld, steers it", r->name, r->pid);
		break;
	case CLOCK_RIVAL_KERNEL:
		snprintf(buf, CLOCK_RIVAL_TEXT_MAX,
			 "the kernel's PLL steers it, which ntpd and systemd-timesyncd turn on");
		break;
	case CLOCK_RIVAL_SLEW:
		snprintf(buf, CLOCK_RIVAL_TEXT_MAX,
			 "it is being slewed, and %" PRId64 " us of that are left",
			 (r->left < 0 ? -r->left : r->left) / NS_PER_US);
		break;
	case CLOCK_RIVAL_CHANGES:
		snprintf(buf, CLOCK_RIVAL_TEXT_MAX,
			 "some program changed it while it was watched for half a second");
		break;
	}
	return buf;
}

const char *clock_error_text(int error)
{
	switch (error < 0 ? -error : error) {
	case EBADMSG:
		return "its file has been cut off or damaged";
	case ENOENT:
		return "its file has been removed, or replaced by another";
	default:
		return strerror(error < 0 ? -error : error);
	}
}

struct reading clock_read(struct clock *c)
{
	struct reading r = { .rate_ppb = clock_rate(c) };

	r.before = clock_mono(c);
	r.shown = clock_now(c);
	r.after = clock_mono(c);
	return r;
}

int clock_wait(struct clock *c, int fd, short events, struct mono deadline)
{
	struct pollfd p[] = {
		{ .fd = fd, .events = events },
		{ .fd = c->cancel_fd > 0 ? c->cancel_fd : -1, .events = POLLIN },
	};

	if (c->ops->wait) {
		return c->ops->wait(c, fd, events, deadline);
	}
	for (;;) {
		dur_ns left = mono_since(deadline, clock_mono(c));
		struct timespec t = { .tv_sec = left / NS_PER_SEC, .tv_nsec = left % NS_PER_SEC };
		int n = left > 0 ? ppoll(p, 2, &t, NULL) : 0;

		if (n > 0) {
			return p[1].revents != 0 ? -ECANCELED : 0;
		}
		if (n == 0) {
			return -ETIMEDOUT;
		}
		if (errno != EINTR) {
			return -errno;
		}
	}
}
