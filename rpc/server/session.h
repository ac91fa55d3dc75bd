/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One TCP connection of the stream server: it reads calls as records, in whatever pieces they come,
 * and writes replies as far as the client takes them.
 */
#ifndef RPC_SERVER_SESSION_H
#define RPC_SERVER_SESSION_H

#include "rpc/record.h"
#include "rpc/server/admission.h"

enum session_state {
	SESSION_IDLE,   /* between calls: wait for input */
	SESSION_HALF,   /* in the middle of a call: wait for input */
	SESSION_UNREAD, /* the client does not take a reply: wait until it can be written to */
	SESSION_OVER,   /* no longer usable: end it */
};

struct session {
	int fd; /* non-blocking; owned */
	struct host host;
	struct record record;
	uint8_t *unsent; /* the rest of a reply that the client has not taken, or null; owned */
	size_t unsent_len;
	unsigned long answered; /* calls, so far */
	bool over;              /* broken or refused; nothing is read or sent any more */
	bool leaving;           /* session_leave was called */
};

/* Begin on the connected socket `fd`, which it takes over, with the client at `host`. */
void session_start(struct session *s, int fd, const struct host *host);

/* Close the socket, release all memory, and drop the reply that the client has not taken. */
void session_end(struct session *s);

/* Read and answer, or write, a bounded amount without blocking. */
enum session_state session_serve(struct session *s, const struct admission *admission);

/*
 * Call this when the session is over. True if the client has replies to take: it is told that no
 * more come, and the caller gives it some time before session_end.
 */
bool session_leave(struct session *s);

/* Whether the client has taken everything since session_leave. */
bool session_has_left(const struct session *s);

/* The state that the session waits in; never SESSION_OVER. */
enum session_state session_state(const struct session *s);

#endif
