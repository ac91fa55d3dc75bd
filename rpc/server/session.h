/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes on over one connection of the stream server: calls come in as records, in whatever
 * pieces, and replies go out as far as the client takes them.
 */
#ifndef RPC_SERVER_CONVERSATION_H
#define RPC_SERVER_CONVERSATION_H

#include "rpc/record.h"
#include "rpc/server/svc_env.h"

enum conversation_state {
	CONVERSATION_IDLE,   /* between calls: wait for input */
	CONVERSATION_HALF,   /* in the middle of a call: wait for input */
	CONVERSATION_UNREAD, /* the client does not take a reply: wait until it can be written to */
	CONVERSATION_OVER,   /* of no more use: end it */
};

struct conversation {
	int fd; /* non-blocking; owned */
	struct host host;
	struct record record;
	uint8_t *unsent; /* what the client has not taken of a reply, or null; owned */
	size_t unsent_len;
	unsigned long answered; /* calls, so far */
	bool over;              /* it was of no more use; nothing is read or sent any more */
	bool leaving;           /* conversation_leave was called */
};

/* Begin on the connected socket `fd` with that host. */
void conversation_start(struct conversation *t, int fd, const struct host *host);

/* Close the socket and release what is held. What the client has not taken is dropped. */
void conversation_end(struct conversation *t);

/* Read and answer, or write, what can be without blocking, and a bounded amount of it. */
enum conversation_state conversation_serve(struct conversation *t, const struct svc_env *env);

/*
 * To be called when it is over: whether the client still has to take replies. Then it is told that
 * no more come, and is to have a while before the end.
 */
bool conversation_leave(struct conversation *t);

/* Whether the client, after that, has taken all. */
bool conversation_has_left(const struct conversation *t);

/* What it waits for; never CONVERSATION_OVER. */
enum conversation_state conversation_state(const struct conversation *t);

#endif
