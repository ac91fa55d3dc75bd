/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/status_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rpc/local.h"
#include "rpc/server/svc_stream.h"
#include "os/log.h"

/* One's own tools need few connections, and no long ones. */
static const struct svc_stream_limits limits = {
	.connections = 16,
	.connections_per_address = 8, /* root, and the daemon's own user */
	.idle_timeout = 10 * NS_PER_SEC,
	.busy_timeout = 5 * NS_PER_SEC,
};

/* That of a tracked server. */
#define LONGEST_REPLY 1024

struct status_socket {
	struct address at;
	bool is_default; /* it is at the default place */
	int fd;
	struct status_source source;
	struct access access;     /* everyone: the socket itself is for us only */
	struct counters counters; /* of this socket: nobody reads them */
	struct admission admission;
	struct svc_stream *stream;
};

static int listen_there(struct status_socket *s, bool must)
{
	char text[ADDRESS_TEXT_MAX];

	s->fd = local_listen(&s->at);
	if (s->fd >= 0) {
		return 0;
	}
	if (must) {
		log_error("cannot listen at the local socket '%s': %s", address_text(&s->at, text),
			  local_why(s->fd));
	} else if (s->fd == -EPERM || s->fd == -EEXIST) {
		log_warning("no local socket at '%s': %s; 'timesync status' does not work",
			    address_text(&s->at, text), local_why(s->fd));
	} else {
		log_debug("no status socket at '%s': %s", address_text(&s->at, text),
			  strerror(-s->fd));
	}
	return s->fd;
}

static int set_up(struct status_socket *s, struct statistics *statistics)
{
	int rc;

	s->source = (struct status_source){ .get = statistics_status,
					    .tracked = statistics_tracked,
					    .arg = statistics };
	s->admission = (struct admission){
		.clock = statistics->clock,
		.access = &s->access,
		.counters = &s->counters,
		.reply_max = LONGEST_REPLY,
	};
	rc = svc_message_open(&s->admission.message, status_programs, STATUS_PROGRAMS, &s->source);
	if (rc == 0) {
		rc = svc_stream_open(&s->stream, &s->admission, &limits);
	}
	return rc == 0 ? svc_stream_listen(s->stream, s->fd) : rc;
}

int status_socket_open(struct status_socket **out, const char *path, struct statistics *statistics)
{
	struct status_socket *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s) {
		return -ENOMEM;
	}
	s->fd = -1;
	if (path ? !address_unix(&s->at, path) : !local_default_path(&s->at, geteuid() == 0)) {
		free(s);
		if (path) {
			log_error("the path of the local socket is too long: '%s'", path);
		}
		return path ? -ENAMETOOLONG : 0;
	}
	rc = listen_there(s, path != NULL);
	if (rc != 0) {
		free(s);
		return path ? rc : 0;
	}
	rc = set_up(s, statistics);
	if (rc != 0) {
		log_error("cannot serve at the local socket: %s", strerror(-rc));
		status_socket_close(s);
		return rc;
	}
	s->is_default = !path;
	*out = s;
	return 0;
}

const struct address *status_socket_default(const struct status_socket *s)
{
	return s && s->is_default ? &s->at : NULL;
}

static void ready(void *arg, int fd)
{
	(void)fd;
	svc_stream_serve(arg);
}

static dur_ns due(void *arg, struct mono now)
{
	return svc_stream_expire(arg, now);
}

int status_socket_serve(struct status_socket *s, struct loop *loop)
{
	int rc;

	if (!s) {
		return 0;
	}
	rc = loop_watch(loop, svc_stream_fd(s->stream), ready, s->stream);
	return rc == 0 ? loop_timer(loop, 0, due, s->stream) : rc;
}

void status_socket_leave(struct status_socket *s)
{
	if (!s) {
		return;
	}
	svc_stream_close(s->stream);
	svc_message_close(s->admission.message);
	close(s->fd);
	free(s);
}

void status_socket_close(struct status_socket *s)
{
	if (s) { /* the name goes first, so that nobody connects to a socket that is about to close
		  */
		local_remove(&s->at);
	}
	status_socket_leave(s);
}
