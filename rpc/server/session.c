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

/* Read for one connection before the others get their turn: a dozen calls. */
#define READ_SIZE 512

void conversation_start(struct conversation *t, int fd, const struct host *host)
{
	memset(t, 0, sizeof(*t));
	t->fd = fd;
	t->host = *host;
}

/* Whether the kernel has something that the client has not taken. */
static bool is_owed(const struct conversation *t)
{
	int n;

	return ioctl(t->fd, SIOCOUTQ, &n) == 0 && n > 0;
}

bool conversation_leave(struct conversation *t)
{
	/* Who let the kernel's buffer fill up has had a while. */
	t->leaving = !t->unsent && is_owed(t) && shutdown(t->fd, SHUT_WR) == 0;
	return t->leaving;
}

bool conversation_has_left(const struct conversation *t)
{
	return t->leaving && !is_owed(t);
}

void conversation_end(struct conversation *t)
{
	const struct linger reset = { .l_onoff = 1 };

	if (is_owed(t)) {
		(void)setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	}
	close(t->fd);
	free(t->record.bytes);
	free(t->unsent);
}

enum conversation_state conversation_state(const struct conversation *t)
{
	if (t->unsent) {
		return CONVERSATION_UNREAD;
	}
	return record_at_boundary(&t->record) ? CONVERSATION_IDLE : CONVERSATION_HALF;
}

/* Send, keeping what the client does not take now. False when the connection is broken. */
static bool send_or_keep(struct conversation *t, const uint8_t *bytes, size_t n)
{
	ssize_t sent = send(t->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			return false;
		}
		sent = 0;
	}
	if ((size_t)sent == n) {
		return true;
	}
	t->unsent_len = n - (size_t)sent;
	t->unsent = malloc(t->unsent_len);
	if (!t->unsent) {
		return false;
	}
	memcpy(t->unsent, bytes + sent, t->unsent_len);
	return true;
}

static bool write_on(struct conversation *t)
{
	uint8_t *bytes = t->unsent;
	bool ok;

	t->unsent = NULL;
	ok = send_or_keep(t, bytes, t->unsent_len);
	free(bytes);
	return ok;
}

/* The same for a server whose replies are too long for the stack. */
static bool answer_at_length(struct conversation *t, const struct svc_env *env,
			     const struct svc_call *short_call)
{
	uint8_t *out = malloc(RECORD_MARK_SIZE + env->reply_max);
	struct svc_call call = *short_call;
	struct svc_reply reply;
	bool ok = false;

	if (!out) {
		return false;
	}
	call.reply = out + RECORD_MARK_SIZE;
	call.reply_max = env->reply_max;
	if (svc_env_answer(env, SOCK_STREAM, &t->host, &call, &reply)) {
		t->answered++;
		wire_put_u32(out, RECORD_LAST_FRAGMENT | (uint32_t)reply.len);
		svc_reply_depart(&reply, clock_now(env->clock));
		ok = send_or_keep(t, out, RECORD_MARK_SIZE + reply.len);
	}
	free(out);
	return ok;
}

/* Answer the record. One that has no answer is not RPC, or one call too many: false. */
static bool answer(struct conversation *t, const struct svc_env *env, ts_ns arrival)
{
	uint8_t out[RECORD_MARK_SIZE + SVC_REPLY_MAX];
	struct svc_reply reply;
	const struct svc_call call = {
		.bytes = t->record.bytes,
		.len = t->record.len,
		.arrival = arrival,
	};

	if (env->reply_max > 0) {
		return answer_at_length(t, env, &call);
	}
	if (!svc_env_answer(env, SOCK_STREAM, &t->host, &call, &reply)) {
		return false;
	}
	t->answered++;
	wire_put_u32(out, RECORD_LAST_FRAGMENT | (uint32_t)reply.len);
	svc_reply_depart(&reply, clock_now(env->clock));
	memcpy(out + RECORD_MARK_SIZE, reply.bytes, reply.len);
	return send_or_keep(t, out, RECORD_MARK_SIZE + reply.len);
}

/*
 * Take in `n` octets. A client that sends more calls while it does not take a reply loses the
 * connection: keeping them would let it fill memory.
 */
static bool take(struct conversation *t, const struct svc_env *env, const uint8_t *data, size_t n,
		 ts_ns arrival)
{
	while (n > 0) {
		size_t used;
		enum record_state state = record_feed(&t->record, data, n, &used);

		if (state == RECORD_REFUSED || t->unsent) {
			return false;
		}
		data += used;
		n -= used;
		if (state == RECORD_COMPLETE) {
			if (!answer(t, env, arrival)) {
				return false;
			}
			record_next(&t->record);
		}
	}
	return true;
}

/* Between calls there is no buffer: ten thousand idle connections cost next to nothing. */
static bool borrow_buffer(struct conversation *t, const struct svc_env *env)
{
	const size_t size = env->call_max > 0 ? env->call_max : SVC_CALL_MAX;

	if (!t->record.bytes) {
		record_init(&t->record, malloc(size), size);
	}
	return t->record.bytes != NULL;
}

static void return_buffer(struct conversation *t)
{
	if (record_at_boundary(&t->record)) {
		free(t->record.bytes);
		t->record.bytes = NULL;
	}
}

static bool read_on(struct conversation *t, const struct svc_env *env)
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
	ssize_t n = recvmsg(t->fd, &msg, MSG_DONTWAIT);

	if (n < 0) {
		return errno == EAGAIN || errno == EINTR;
	}
	if (n == 0 || !borrow_buffer(t, env)) {
		return false;
	}
	if (!take(t, env, data, (size_t)n, stamp_arrival(&msg, env->clock))) {
		return false;
	}
	return_buffer(t);
	return true;
}

enum conversation_state conversation_serve(struct conversation *t, const struct svc_env *env)
{
	t->over = t->over || !(t->unsent ? write_on(t) : read_on(t, env));
	if (t->over) {
		return CONVERSATION_OVER;
	}
	return conversation_state(t);
}
