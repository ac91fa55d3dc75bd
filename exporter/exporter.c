/* SPDX-License-Identifier: BSD-3-Clause */
#include "exporter/exporter.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exporter/http.h"
#include "exporter/watch.h"
#include "os/log.h"

/* Log which daemons do not answer, and whether the clock is unknown, for the user who starts us. */
static void say_who_is_missing(const struct exporter_settings *s)
{
	struct watch watch;

	if (watch_look(&watch, s) != 0) {
		return;
	}
	for (size_t i = 0; i < watch.n; i++) {
		const struct watched *d = &watch.daemons[i];

		if (d->rc != 0) {
			log_info("no answer from a timesyncd at '%s': %s; it is asked again each "
				 "time",
				 d->socket,
				 d->rc == -ECONNRESET ? "it answers root and its own user only"
						      : strerror(-d->rc));
		}
	}
	if (watch.clock_rc != 0) {
		log_info("nobody has published the bound of the clock '%s': %s", watch.clock,
			 strerror(-watch.clock_rc));
	}
	watch_free(&watch);
}

/* The signals that end it are taken where it waits, and by no other thread. */
static void block_signals(sigset_t *ends)
{
	sigemptyset(ends);
	sigaddset(ends, SIGTERM);
	sigaddset(ends, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, ends, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

int exporter_run(const struct exporter_settings *s)
{
	static const struct timespec second = { .tv_sec = 1 };
	char text[ADDRESS_TEXT_MAX];
	struct http *http;
	sigset_t ends;

	log_open(EXPORTER_PROGRAM, LOG_LEVEL_INFO, false);
	block_signals(&ends);
	if (http_open(&http, s) != 0) {
		return EXIT_FAILURE;
	}
	log_info("serving http://%s/metrics", address_text(http_address(http), text));
	say_who_is_missing(s);
	while (sigtimedwait(&ends, NULL, &second) < 0) {
		http_expire(http);
	}
	http_close(http);
	return EXIT_SUCCESS;
}
