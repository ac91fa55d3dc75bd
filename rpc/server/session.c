/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/session.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rpc/stamp.h"
#include "rpc/wire.h"

/* Octets read from one connection before the others get their turn: a dozen calls. */
#define READ_SIZE 512

void session_start(struct session *s, int fd, const struct host *host)
{
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->host = *host;
}

/* Whether the kernel holds replies that the client has not taken. */
static bool is_owed(const struct session *s)
{
	int n;

	return ioctl(s->fd, SIOCOUTQ, &n) == 0 && n > 0;
}

bool session_leave(struct session *s)
{
	/* A client that let the kernel's buffer fill up has had its time. */
	s->leaving = !s->unsent && is_owed(s) && shutdown(s->fd, SHUT_WR) == 0;
	return s->leaving;
}

bool session_has_left(const struct session *s)
{
	return s->leaving && !is_owed(s);
}

void session_end(struct session *s)
{
	const struct linger reset = { .l_onoff = 1 };

	if (is_owed(s)) {
		(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	}
	close(s->fd);
	free(s->record.bytes);
	free(s->unsent);
}

enum session_state session_state(const struct session *s)
{
	if (s->unsent) {
		return SESSION_UNREAD;
	}
	return record_at_boundary(&s->record) ? SESSION_IDLE : SESSION_HALF;
}

/*
 * Send, and keep the part that the client does not take now. False when the connection is broken.
 */
static bool send_or_keep(struct session *s, const uint8_t *bytes, size_t n)
{
	ssize_t sent = send(s->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			return false;
		}
		sent = 0;
	}
	if ((size_t)sent == n) {
		return true;
	}
	s->unsent_len = n - (size_t)sent;
	s->unsent = malloc(s->unsent_len);
	if (!s->unsent) {
		return false;
	}
	memcpy(s->unsent, bytes + sent, s->unsent_len);
	return true;
}

static bool write_on(struct session *s)
{
	uint8_t *bytes = s->unsent;
	bool ok;

	s->unsent = NULL;
	ok = send_or_keep(s, bytes, s->unsent_len);
	free(bytes);
	return ok;
}

/* As answer() does, for a server whose replies are too long for the stack. */
static bool answer_at_length(struct session *s, const struct admission *admission,
			     const struct svc_call *short_call)
{
	uint8_t *out = malloc(RECORD_MARK_SIZE + admission->reply_max);
	struct svc_call call = *short_call;
	struct svc_reply reply;
	bool ok = false;

	if (!out) {
		return false;
	}
	call.reply = out + RECORD_MARK_SIZE;
	call.reply_max = admission->reply_max;
	if (admission_answer(admission, SOCK_STREAM, &s->host, &call, &reply)) {
		s->answered++;
		wire_put_u32(out, RECORD_LAST_FRAGMENT | (uint32_t)reply.len);
		svc_reply_depart(&reply, clock_now(admission->clock));
		ok = send_or_keep(s, out, RECORD_MARK_SIZE + reply.len);
	}
	free(out);
	return ok;
}

/* Answer the record. False if it gets no answer: it is not RPC, or one call too many. */
static bool answer(struct session *s, const struct admission *admission, ts_ns arrival)
{
	uint8_t out[RECORD_MARK_SIZE + SVC_REPLY_MAX];
	struct svc_reply reply;
	const struct svc_call call = {
		.bytes = s->record.bytes,
		.len = s->record.len,
		.arrival = arrival,
	};

	if (admission->reply_max > 0) {
		return answer_at_length(s, admission, &call);
	}
	if (!admission_answer(admission, SOCK_STREAM, &s->host, &call, &reply)) {
		return false;
	}
	s->answered++;
	wire_put_u32(out, RECORD_LAST_FRAGMENT | (uint32_t)reply.len);
	svc_reply_depart(&reply, clock_now(admission->clock));
	memcpy(out + RECORD_MARK_SIZE, reply.bytes, reply.len);
	return send_or_keep(s, out, RECORD_MARK_SIZE + reply.len);
}

/*
 * Take in `n` octets. A client that sends more calls while it does not take a reply loses the
 * connection: keeping them would let it fill memory.
 */
static bool take(struct session *s, const struct admission *admission, const uint8_t *data,
		 size_t n, ts_ns arrival)
{
	while (n > 0) {
		size_t used;
		enum record_state state = record_feed(&s->record, data, n, &used);

		if (state == RECORD_REFUSED || s->unsent) {
			return false;
		}
		data += used;
		n -= used;
		if (state == RECORD_COMPLETE) {
			if (!answer(s, admission, arrival)) {
				return false;
			}
			record_next(&s->record);
		}
	}
	return true;
}

/* There is no buffer between calls: ten thousand idle connections cost next to nothing. */
static bool borrow_buffer(struct session *s, const struct admission *admission)
{
	const size_t size = admission->call_max > 0 ? admission->call_max : SVC_CALL_MAX;

	if (!s->record.bytes) {
		record_init(&s->record, malloc(size), size);
	}
	return s->record.bytes != NULL;
}

static void return_buffer(struct session *s)
{
	if (record_at_boundary(&s->record)) {
		free(s->record.bytes);
		s->record.bytes = NULL;
	}
}

static bool read_on(struct session *s, const struct admission *admission)
{
	uint8_t data[READ_SIZE];
	_Alignas(struct cmsghdr) uint8_t control[STAMP_CONTROL_SIZE];
	struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(s->fd, &msg, MSG_DONTWAIT);

	if (n < 0) {
		return errno == EAGAIN || errno == EINTR;
	}
	if (n == 0 || !borrow_buffer(s, admission)) {
		return false;
	}
	if (!take(s, admission, data, (size_t)n, stamp_arrival(&msg, admission->clock))) {
		return false;
	}
	return_buffer(s);
	return true;
}

enum session_state session_serve(struct session *s, const struct admission *admission)
{
	s->over = s->over || !(s->unsent ? write_on(s) : read_on(s, admission));
	if (s->over) {
		return SESSION_OVER;
	}
	return session_state(s);
}
