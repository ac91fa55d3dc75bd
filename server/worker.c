/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "rpc/auth_mac.h"
#include "rpc/server/svc_dgram.h"
#include "rpc/server/svc_stream.h"
#include "rpc/server/time_service.h"
#include "os/entropy.h"
#include "os/log.h"
#include "os/loop.h"

/* Descriptors that are not connections: sockets, epoll, log, clock, and some to spare. */
#define OTHER_FILES 64

struct worker {
	struct settings *settings;
	const struct live *live;
	struct loop *loop;
	struct service service;
	struct admission admission;
	struct mac *mac; /* null: authenticated calls are refused */
	struct svc_stream *stream;
	struct svc_dgram *dgrams[REGISTRATION_MAX];
	size_t n_dgrams;
};

/* As many connections as the process, and those that it forks, may have files for. */
static void keep_within_files(struct svc_stream_limits *limits)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
		return;
	}
	if (files.rlim_cur < limits->connections + OTHER_FILES) {
		const rlim_t need = limits->connections + OTHER_FILES;

		files.rlim_cur = files.rlim_max < need ? files.rlim_max : need;
		if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
			(void)getrlimit(RLIMIT_NOFILE, &files);
		}
	}
	if (files.rlim_cur < limits->connections + OTHER_FILES) {
		limits->connections = files.rlim_cur > 2 * OTHER_FILES
					      ? (size_t)files.rlim_cur - OTHER_FILES
					      : (size_t)files.rlim_cur / 2;
		log_warning("%zu connections at most: the limit of open files is %llu",
			    limits->connections, (unsigned long long)files.rlim_cur);
	}
}

static void dgram_ready(void *arg, int fd)
{
	(void)fd;
	svc_dgram_serve(arg);
}

static void stream_ready(void *arg, int fd)
{
	(void)fd;
	svc_stream_serve(arg);
}

static dur_ns stream_due(void *arg, struct mono now)
{
	return svc_stream_expire(arg, now);
}

/* Answer authenticated calls by the keys of the settings, in place of those before. 0 or -ENOMEM.
 */
static int take_keys(struct worker *w)
{
	struct mac *mac = NULL;
	int rc = 0;

	if (w->settings->keys.n > 0) {
		rc = mac_open(&mac, &w->settings->keys, AUTH_MAC_LABEL);
	}
	if (rc == 0) {
		svc_message_authenticate(w->admission.message, mac, w->settings->require_key);
		mac_close(w->mac);
		w->mac = mac;
	}
	return rc;
}

/*
 * Only SIGTERM ends it: a terminal's SIGINT is for the supervisor, which withdraws the registration
 * first.
 */
static void signalled(void *arg, int signo)
{
	struct worker *w = arg;

	if (signo == SIGTERM) {
		loop_stop(w->loop, 0);
	} else if (signo == SIGHUP && live_take(w->live, w->settings)) {
		log_up_to(settings_log_level(w->settings));
		svc_stream_close_denied(w->stream);
		if (take_keys(w) != 0) {
			log_error("no memory for the new keys: a worker goes on with the old ones");
		}
	}
}

static int watch_signals(struct worker *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return loop_signals(w->loop, &set, signalled, w);
}

static int add_dgram(struct worker *w, int fd)
{
	struct svc_dgram *d;
	int rc = svc_dgram_open(&d, fd, &w->admission);

	if (rc != 0) {
		return rc;
	}
	w->dgrams[w->n_dgrams++] = d;
	return loop_watch(w->loop, fd, dgram_ready, d);
}

static int add_sockets(struct worker *w, const struct listeners *set)
{
	for (size_t i = 0; i < set->n; i++) {
		int rc = set->places[i].netid->socktype == SOCK_DGRAM
				 ? add_dgram(w, set->fds[i])
				 : svc_stream_listen(w->stream, set->fds[i]);

		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

static int set_up(struct worker *w, const struct listeners *set,
		  const struct svc_stream_limits *limits)
{
	int rc = loop_open(&w->loop);

	if (rc == 0) {
		rc = watch_signals(w);
	}
	if (rc == 0) {
		rc = svc_message_open(&w->admission.message, service_programs, SERVICE_PROGRAMS,
				      &w->service);
	}
	if (rc == 0) {
		rc = take_keys(w);
	}
	if (rc == 0) {
		rc = svc_stream_open(&w->stream, &w->admission, limits);
	}
	if (rc == 0) {
		rc = add_sockets(w, set);
	}
	if (rc == 0) {
		rc = loop_watch(w->loop, svc_stream_fd(w->stream), stream_ready, w->stream);
	}
	if (rc == 0) {
		rc = loop_timer(w->loop, 0, stream_due, w->stream);
	}
	return rc;
}

/* At least this many at once: one measurement is a burst of calls. */
#define MIN_BURST 32

static int limit_rate(struct worker *w, int64_t per_second)
{
	uint64_t seed;
	int rc;

	if (per_second == 0) {
		return 0;
	}
	rc = entropy_fill(&seed, sizeof(seed));
	if (rc != 0) {
		return rc;
	}
	w->admission.limiter = malloc(sizeof(*w->admission.limiter));
	if (!w->admission.limiter) {
		return -ENOMEM;
	}
	ratelimit_init(w->admission.limiter, per_second,
		       per_second > MIN_BURST ? per_second : MIN_BURST, seed);
	return 0;
}

static void tear_down(struct worker *w)
{
	for (size_t i = 0; i < w->n_dgrams; i++) {
		svc_dgram_close(w->dgrams[i]);
	}
	svc_stream_close(w->stream);
	svc_message_close(w->admission.message);
	mac_close(w->mac);
	free(w->admission.limiter);
	loop_close(w->loop);
}

static int begin(struct worker *w, struct settings *settings, const struct listeners *set,
		 struct clock *clock, struct counters *counters)
{
	int rc;

	*w = (struct worker){
		.settings = settings,
		.service = { .clock = clock,
			     .local = settings->local,
			     .local_error = settings->local_error },
		.admission = { .clock = clock, .access = &settings->access, .counters = counters },
	};
	rc = limit_rate(w, settings->rate_limit);
	return rc == 0 ? set_up(w, set, &settings->limits) : rc;
}

static void say_lacks(const struct worker *w)
{
	unsigned lacks = 0;

	for (size_t i = 0; i < w->n_dgrams; i++) {
		lacks |= svc_dgram_lacks(w->dgrams[i]);
	}
	if (lacks & SVC_DGRAM_NO_ARRIVALS) {
		log_warning("no receive timestamps from the kernel (SO_TIMESTAMPNS is missing): "
			    "calls that wait in the queue seem to arrive later, and "
			    "--interleaved does not work with this server");
	} else if (lacks & SVC_DGRAM_NO_TX_STAMPS) {
		log_warning("no transmit timestamps from the kernel (SO_TIMESTAMPING is missing): "
			    "--interleaved does not work with this server");
	}
	if (lacks & SVC_DGRAM_NO_PKTINFO) {
		log_warning("the kernel does not report the destination address (IP_PKTINFO is "
			    "missing): with several addresses give --address, or replies may come "
			    "from another address");
	}
	if (lacks & SVC_DGRAM_NO_BATCHES) {
		log_warning("datagrams are handled one by one (recvmmsg or sendmmsg is missing): "
			    "the server is slower");
	}
}

int worker_prepare(struct settings *settings, const struct listeners *set, struct clock *clock)
{
	struct counters nobodys = { .n = { 0 } };
	struct worker w;
	int rc;

	keep_within_files(&settings->limits);
	rc = begin(&w, settings, set, clock, &nobodys);
	if (rc == 0) {
		say_lacks(&w);
	} else {
		log_error("no worker can serve here: %s", strerror(-rc));
	}
	tear_down(&w);
	return rc;
}

int worker_run(struct settings *settings, const struct live *live, const struct listeners *set,
	       struct clock *clock, struct counters *counters)
{
	struct worker w;
	int rc = begin(&w, settings, set, clock, counters);

	w.live = live;
	if (rc == 0) {
		rc = loop_run(w.loop);
	}
	if (rc != 0) {
		log_error("a worker cannot serve: %s", strerror(-rc));
	}
	tear_down(&w);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
