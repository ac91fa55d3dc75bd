#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/call_private.h"
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

int call_stream_send(struct call *c, struct mono deadline)
{
	const size_t total = sizeof(c->mark) + c->out_len;
	size_t done = 0;

	wire_put_u32(c->mark, RECORD_LAST_FRAGMENT | (uint32_t)c->out_len);
	call_depart(c);
	while (done < total) {
		ssize_t n = send_from(c, done);
		int rc = 0;

		if (n > 0) {
			done += (size_t)n;
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

/*
 * Read exactly what is missing of the mark or the fragment, so that nothing of the next record has
 * to be kept.
 */
static size_t wanted(const struct record *r)
{
	if (r->mark_len < RECORD_MARK_SIZE) {
		return RECORD_MARK_SIZE - r->mark_len;
	}
	return r->left;
}

int call_stream_receive(struct call *c, struct mono deadline)
{
	uint8_t piece[512];
	enum record_state state = RECORD_PARTIAL;
	size_t used;

	if (!c->record.bytes) {
		record_init(&c->record, malloc(CALL_MESSAGE_MAX), CALL_MESSAGE_MAX);
		if (!c->record.bytes) {
			return -ENOMEM;
		}
	}
	while (state == RECORD_PARTIAL) {
		size_t want = wanted(&c->record);
		ssize_t n = call_receive(c, piece, want < sizeof(piece) ? want : sizeof(piece));
		int rc;

		if (n == 0) {
			return -ECONNRESET;
		}
		if (n > 0) {
			state = record_feed(&c->record, piece, (size_t)n, &used);
			continue;
		}
		rc = n == -EAGAIN || n == -EINTR ? call_wait(c, POLLIN, deadline) : (int)n;
		if (rc != 0) {
			return rc;
		}
	}
	if (state == RECORD_REFUSED) {
		return -EMSGSIZE;
	}
	memcpy(c->in, c->record.bytes, c->record.len);
	c->in_len = c->record.len;
	record_next(&c->record);
	return 0;
}
