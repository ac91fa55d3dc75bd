/*
 * The signals of a client that goes on until it is told to end: each that would end the process is
 * taken instead, so that whatever it keeps can be left in order. SIGHUP ends nothing: a log was
 * rotated, or a terminal has gone.
 */
#ifndef CLIENT_TRACK_SIGNALS_H
#define CLIENT_TRACK_SIGNALS_H

#include <stdbool.h>

struct track_signals {
	int any;      /* readable when one has come */
	int end;      /* readable when one has come that ends us */
	bool ignored; /* SIGHUP was, by whoever started us: nohup(1) */
};

struct track_signals_taken {
	int end;       /* the first signal that ends us; 0: none */
	bool reopen;   /* logs are to be opened anew */
	bool deserted; /* the terminal that we were started from has gone, and took us with it */
};

/* From now on they are taken; writing to a pipe that nobody reads fails. 0 or -errno. */
int track_signals_open(struct track_signals *s);

/* What has come, which has then been seen. */
struct track_signals_taken track_signals_take(const struct track_signals *s);

/* Whether one has come that ends us, and was not taken yet. */
bool track_signals_pending(const struct track_signals *s);

void track_signals_close(struct track_signals *s);

#endif
