/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The signals of a client that runs until it is stopped. Signals that would end the process are
 * read from a descriptor, so that the client can save its state first. SIGHUP does not end it: it
 * means that a log was rotated or that the terminal was closed.
 */
#ifndef TRACK_TRACK_SIGNALS_H
#define TRACK_TRACK_SIGNALS_H

#include <stdbool.h>

struct track_signals {
	int any;      /* readable when one has come */
	int end;      /* readable when one has come that ends us */
	bool ignored; /* SIGHUP was ignored at the start, as by nohup(1) */
};

struct track_signals_taken {
	int end;       /* the first signal that ends us; 0: none */
	bool reopen;   /* reopen the logs */
	bool deserted; /* our terminal was closed, and we end */
};

/* Begin to take them, and ignore SIGPIPE. 0 or -errno. */
int track_signals_open(struct track_signals *s);

/* Take all pending signals. */
struct track_signals_taken track_signals_take(const struct track_signals *s);

/* Whether a signal that ends us is pending. */
bool track_signals_pending(const struct track_signals *s);

void track_signals_close(struct track_signals *s);

#endif
