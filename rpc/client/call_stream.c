/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rpc/client/call_private.h"
#include "rpc/wire.h"

/* Send the mark and the message, the two as one segment where possible. */
static ssize_t send_from(struct call *c, size_t done)
{
	struct iovec iov[2] = {
		{ .iov_base = c->mark, .iov_len = sizeof(c->mark) },
		{ .iov_base = c->out, .iov_len = c->out_len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	for (int i = 0; i < 2; i++) {
		size_t skip = done < iov[i].iov_len ? done : iov[i].iov_len;

		iov[i].iov_base = (uint8_t *)iov[i].iov_base + skip;
		iov[i].iov_len -= skip;
		done -= skip;
	}
	return sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int call_break(struct call *c, int error)
{
	if (c->broken == 0) {
		c->broken = error;
		close(c->fd);
		c->fd = -1;
	}
	return error;
}

/* Send all of it. 0 or -errno, with the number of octets sent in `done`. */
static int send_all(struct call *c, struct mono deadline, size_t *done)
{
	const size_t total = sizeof(c->mark) + c->out_len;

	wire_put_u32(c->mark, RECORD_LAST_FRAGMENT | (uint32_t)c->out_len);
	call_depart(c);
	while (*done < total) {
		ssize_t n = send_from(c, *done);
		int rc = 0;

		if (n > 0) {
			*done += (size_t)n;
		} else if (errno == EAGAIN) {
			rc = call_wait(c, POLLOUT, deadline);
		} else if (errno != EINTR) {
			rc = -errno;
		}
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

int call_stream_send(struct call *c, struct mono deadline)
{
	size_t done = 0;
	const int rc = send_all(c, deadline, &done);

	/* The server would take the next call for the rest of a half-sent one. */
	return rc == 0 || (rc == -ETIMEDOUT && done == 0) ? rc : call_break(c, rc);
}

/*
 * The octets that are missing of the mark or the fragment: read no more, so that nothing of the
 * next record has to be kept.
 */
static size_t wanted(const struct record *r)
{
	if (r->mark_len < RECORD_MARK_SIZE) {
		return RECORD_MARK_SIZE - r->mark_len;
	}
	return r->left;
}

/* Receive until there is a whole record. 0 or -errno. */
static int receive_record(struct call *c, struct mono deadline)
{
	uint8_t piece[512];
	size_t used;

	for (;;) {
		const size_t want = wanted(&c->record);
		const ssize_t n =
			call_receive(c, piece, want < sizeof(piece) ? want : sizeof(piece));
		int rc = 0;

		if (n == 0) {
			return -ECONNRESET;
		}
		if (n > 0) {
			switch (record_feed(&c->record, piece, (size_t)n, &used)) {
			case RECORD_COMPLETE:
				return 0;
			case RECORD_REFUSED:
				return -EMSGSIZE;
			case RECORD_PARTIAL: /* however much comes, and however fast */
				rc = call_expired(c, deadline) ? -ETIMEDOUT : 0;
				break;
			}
		} else {
			rc = n == -EAGAIN || n == -EINTR ? call_wait(c, POLLIN, deadline) : (int)n;
		}
		if (rc != 0) {
			return rc;
		}
	}
}

int call_stream_receive(struct call *c, struct mono deadline)
{
	int rc;

	if (!c->record.bytes) {
		record_init(&c->record, malloc(CALL_MESSAGE_MAX), CALL_MESSAGE_MAX);
		if (!c->record.bytes) {
			return -ENOMEM;
		}
	}
	rc = receive_record(c, deadline);
	if (rc == -ETIMEDOUT && record_at_boundary(&c->record)) {
		return rc;
	}
	if (rc == -ETIMEDOUT) { /* what comes next may be the rest, or the next reply */
		rc = -ECONNABORTED;
	}
	if (rc != 0) {
		return call_break(c, rc);
	}
	memcpy(c->in, c->record.bytes, c->record.len);
	c->in_len = c->record.len;
	record_next(&c->record);
	return 0;
}
