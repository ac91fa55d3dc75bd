/* SPDX-License-Identifier: BSD-3-Clause */
#include "exporter/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exporter/metrics.h"
#include "os/clock_system.h"
#include "os/log.h"

/* So many are served at a time; one more ends the oldest. */
#define CONNECTIONS 64
/* Those too that have been ended, but not been closed yet. */
#define PLACES  (2 * CONNECTIONS)
#define BACKLOG 128
/* A request and its reply take milliseconds. */
#define LASTS (5 * NS_PER_SEC)
/* Of each connection: for the head of a request. */
#define MEMORY ((size_t)16 * 1024)

struct connection {
	int fd; /* -1: none */
	bool ended;
	struct mono since;
};

struct http {
	const struct exporter_settings *settings;
	struct address at;
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock; /* of the connections: the thread of libmicrohttpd changes them */
	struct connection connections[PLACES];
};

/* --- replies ---------------------------------------------------------------------------------- */

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const char *type,
			     char *text, size_t n, enum MHD_ResponseMemoryMode owned)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(n, text, owned);
	enum MHD_Result result = MHD_NO;

	if (!response) {
		if (owned == MHD_RESPMEM_MUST_FREE) {
			free(text);
		}
		return MHD_NO;
	}
	/* One request a connection, so that the limit on its time is fair. */
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES)) {
		result = MHD_queue_response(c, status, response);
	}
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *text)
{
	/* It is copied, and not changed. */
	return reply(c, status, "text/plain; charset=utf-8", (char *)(uintptr_t)text, strlen(text),
		     MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result tell(struct MHD_Connection *c, const struct exporter_settings *s)
{
	struct watch watch;
	char *text = NULL;
	size_t n = 0;

	if (watch_look(&watch, s) == 0) {
		text = metrics_text(&watch, &n);
		watch_free(&watch);
	}
	return text ? reply(c, MHD_HTTP_OK, METRICS_TYPE, text, n, MHD_RESPMEM_MUST_FREE)
		    : say(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **state)
{
	const struct http *h = arg;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered\n");
	}
	if (strcmp(url, "/metrics") == 0) {
		return tell(c, h->settings);
	}
	return strcmp(url, "/") == 0
		       ? say(c, MHD_HTTP_OK, "timesync-exporter: the metrics are at /metrics\n")
		       : say(c, MHD_HTTP_NOT_FOUND, "not here: the metrics are at /metrics\n");
}

/* --- connections ------------------------------------------------------------------------------ */

static int descriptor_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

/* To be called with the lock. libmicrohttpd finds that out, and closes it. */
static void end(struct connection *c)
{
	(void)shutdown(c->fd, SHUT_RDWR);
	c->ended = true;
}

/* The place of a connection, or a free one for -1; null: there is none. */
static struct connection *place_of(struct http *h, int fd)
{
	for (size_t i = 0; i < PLACES; i++) {
		if (h->connections[i].fd == fd) {
			return &h->connections[i];
		}
	}
	return NULL;
}

/* A client with many silent connections must not keep others out. */
static void make_room(struct http *h)
{
	struct connection *oldest = NULL;
	size_t served = 0;

	for (size_t i = 0; i < PLACES; i++) {
		struct connection *c = &h->connections[i];

		if (c->fd >= 0 && !c->ended) {
			served++;
			oldest = oldest && mono_since(oldest->since, c->since) <= 0 ? oldest : c;
		}
	}
	if (served > CONNECTIONS) {
		end(oldest);
	}
}

/* Note the connections that come and go. libmicrohttpd closes the descriptor after that. */
static void note(void *arg, struct MHD_Connection *c, void **state,
		 enum MHD_ConnectionNotificationCode what)
{
	struct http *h = arg;
	const int fd = descriptor_of(c);
	const bool begins = what == MHD_CONNECTION_NOTIFY_STARTED;
	struct connection *place;

	(void)state;
	pthread_mutex_lock(&h->lock);
	place = place_of(h, begins ? -1 : fd);
	if (place) {
		*place = (struct connection){ begins ? fd : -1, false, clock_mono(clock_system()) };
	}
	make_room(h);
	pthread_mutex_unlock(&h->lock);
}

void http_expire(struct http *h)
{
	const struct mono now = clock_mono(clock_system());

	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < PLACES; i++) {
		struct connection *c = &h->connections[i];

		if (c->fd >= 0 && mono_since(now, c->since) > LASTS) {
			end(c);
		}
	}
	pthread_mutex_unlock(&h->lock);
}

/* --- begin and end ---------------------------------------------------------------------------- */

static int open_socket(struct address *at)
{
	const int yes = 1;
	const int fd = socket(at->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc = 0;

	if (fd < 0) {
		return -errno;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, (const struct sockaddr *)&at->sa, at->len) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at->sa, &at->len) < 0) {
		rc = -errno;
		close(fd);
	}
	return rc == 0 ? fd : rc;
}

static int start(struct http *h, int fd)
{
	/* Its other messages are not logged: a client that goes away is normal. */
	h->daemon = MHD_start_daemon(
		MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, answer, h, MHD_OPTION_LISTEN_SOCKET,
		fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)PLACES, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)(LASTS / NS_PER_SEC), MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, note, h, MHD_OPTION_END);
	return h->daemon ? 0 : -EIO;
}

int http_open(struct http **out, const struct exporter_settings *s)
{
	struct http *h = calloc(1, sizeof(*h));
	char text[ADDRESS_TEXT_MAX];
	int fd, rc;

	if (!h) {
		log_error("out of memory");
		return -ENOMEM;
	}
	h->settings = s;
	h->at = s->listen;
	for (size_t i = 0; i < PLACES; i++) {
		h->connections[i].fd = -1;
	}
	fd = open_socket(&h->at);
	if (fd < 0) {
		log_error("cannot listen at %s: %s", address_text(&s->listen, text), strerror(-fd));
		free(h);
		return fd;
	}
	rc = pthread_mutex_init(&h->lock, NULL) == 0 ? start(h, fd) : -ENOMEM;
	if (rc != 0) {
		log_error("cannot serve: libmicrohttpd refuses");
		close(fd);
		free(h);
		return rc;
	}
	*out = h;
	return 0;
}

const struct address *http_address(const struct http *h)
{
	return &h->at;
}

void http_close(struct http *h)
{
	if (h) {
		MHD_stop_daemon(h->daemon);
		pthread_mutex_destroy(&h->lock);
		free(h);
	}
}
