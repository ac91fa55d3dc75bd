/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server that answers what a test tells it to, over datagrams, TCP and a local socket at once. It
 * acts while its client waits, in the same process: see the waits of fake_clock.h.
 */
#ifndef TESTS_SUPPORT_FAKE_SERVER_H
#define TESTS_SUPPORT_FAKE_SERVER_H

#include "rpc/record.h"
#include "tests/support/fake_clock.h"
#include "tests/support/message.h"
#include "tests/support/sockets.h"

struct fake_server;

/* A call has come: send replies, as many as wanted, by fake_server_reply. */
typedef void fake_server_fn(struct fake_server *s, const struct message *call, void *arg);

#define FAKE_SERVER_CONNECTIONS 3

struct fake_connection {
	int fd; /* or -1 */
	struct record record;
	uint8_t record_bytes[sizeof(((struct message *)NULL)->bytes)];
};

struct fake_server {
	fake_server_fn *answer;
	void *arg;
	unsigned calls; /* so far */
	struct address dgram_at, stream_at, local_at;
	/* Its own. */
	int dgram, stream, local;
	int connection; /* the one that was served last, or -1 */
	struct fake_connection connections[FAKE_SERVER_CONNECTIONS];
	struct address peer; /* of the last datagram; its len is 0 while a record is answered */
	bool replied;
};

/*
 * Serve on the loopback, and on a local socket at `path` if it is not null; `answer` and `arg` as
 * above. Ends the program if it cannot. The caller releases it with fake_server_close.
 */
void fake_server_open(struct fake_server *s, const char *path, fake_server_fn *answer, void *arg);
void fake_server_close(struct fake_server *s);

/* Answer the calls that have come: a fake_clock_serve_fn. */
bool fake_server_serve(void *server);

/* Reply to the call that is being answered; `fragments` > 1 cuts a record into so many. */
void fake_server_reply(struct fake_server *s, const struct message *reply);
void fake_server_reply_in(struct fake_server *s, const struct message *reply, unsigned fragments);

/* Close the connection on which the call came. */
void fake_server_hang_up(struct fake_server *s);

#endif
