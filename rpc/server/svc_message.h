/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One call message in, one reply message out, under the dispatchers that rpcgen generates.
 *
 * This is the SVCXPRT that the generated code sees, on every transport. It decodes from the
 * message's own octets only, insists that they are used up, refuses credentials that it need not
 * look at, and leaves sending to the transport, which writes the transmit timestamp, and the MAC
 * over it, as late as it can.
 */
#ifndef RPC_SERVER_SVC_MESSAGE_H
#define RPC_SERVER_SVC_MESSAGE_H

#include <rpc/rpc.h>
#include <stddef.h>
#include <stdint.h>

#include "rpc/address.h"
#include "rpc/mac.h"
#include "rpc/server/tx_stamps.h"
#include "os/clock.h"

/* The longest call, unless a server has another limit: header, two full credentials and small
 * arguments fit. */
#define SVC_CALL_MAX 1024
/* The longest reply, unless a server has another limit. */
#define SVC_REPLY_MAX 256

/* A version of a program and the dispatcher that rpcgen made for it. */
struct svc_program {
	rpcprog_t prog;
	rpcvers_t vers;
	void (*dispatch)(struct svc_req *, SVCXPRT *);
};

struct svc_call {
	const uint8_t *bytes;
	size_t len;
	ts_ns arrival; /* on the served clock */
	const struct address *peer;
	const struct tx_stamps *tx_stamps; /* null: when replies leave is not known */
	/* Where a longer reply than SVC_REPLY_MAX can go, and how much fits; null: nowhere. */
	uint8_t *reply;
	size_t reply_max;
};

/* The outcome of a message. */
enum svc_outcome {
	SVC_NO_CALL,     /* it is not a call, and is not answered */
	SVC_CREDENTIALS, /* its flavour of credentials is refused, or it is not authentic */
	SVC_ERROR,       /* the program, version, procedure or arguments are wrong */
	SVC_RESULT,      /* it has its result */
};

struct svc_reply {
	size_t len;    /* 0: nothing is to be sent */
	size_t tx_at;  /* where in `bytes` the transmit timestamp goes; 0: nowhere */
	bool remember; /* when it left will be asked for: see svc_message_remember */
	enum svc_outcome outcome;
	rpcproc_t proc;      /* SVC_RESULT: the procedure */
	struct mac *mac;     /* the reply is to be authenticated with it; null: it is not */
	const uint8_t *call; /* then the call that it answers, as it came */
	uint8_t *large; /* the call's `reply`, if it had one: the reply is there, not in `bytes` */
	uint8_t bytes[SVC_REPLY_MAX];
};

/* The reply as it is to be sent. */
static inline uint8_t *svc_reply_bytes(struct svc_reply *reply)
{
	return reply->large ? reply->large : reply->bytes;
}

struct svc_message;

/*
 * `programs` (of `n`, ended by nothing) and `context`, which handlers get back, must outlive it.
 * 0 or -ENOMEM. The caller releases it with svc_message_close.
 */
int svc_message_open(struct svc_message **out, const struct svc_program *programs, size_t n,
		     void *context);
void svc_message_close(struct svc_message *m);

/*
 * From now on answer authenticated calls (rpc/auth_mac.h) under the keys of `mac`, which must
 * outlive all replies, or none if that is null. If `only`, other calls are refused, except of
 * procedure 0, which says that the server is there.
 */
void svc_message_authenticate(struct svc_message *m, struct mac *mac, bool only);

/*
 * Answer `call` into `reply`. False, with reply->len 0, if there is no answer: only calls of RPC
 * version 2 are answered, so that two servers cannot be made to answer each other.
 */
bool svc_message_answer(struct svc_message *m, const struct svc_call *call,
			struct svc_reply *reply);

/*
 * The two halves of that: whether it is a call, with its header decoded and nothing answered; and
 * the answer to the one that was begun last.
 */
bool svc_message_begin(struct svc_message *m, const struct svc_call *call, struct svc_reply *reply);
bool svc_message_finish(struct svc_message *m);

/*
 * Complete a reply that is about to be sent: the transmit timestamp, if it asked for that, then the
 * MAC. The call that it answers must still be where it was.
 */
void svc_reply_depart(struct svc_reply *reply, ts_ns now);

/* For handlers: the context given to svc_message_open. */
void *svc_message_context(const struct svc_req *rq);

/* For handlers: the call being answered. */
const struct svc_call *svc_message_call(const struct svc_req *rq);

/* For handlers: have the transmit timestamp written at this offset of the encoded result. */
void svc_message_stamp_tx(const struct svc_req *rq, size_t result_offset);

/*
 * For handlers: have the transmit timestamp of this reply remembered, if the transport can; and
 * look up that of the reply to the same client's call that arrived at `arrival` (0 if not known).
 */
void svc_message_remember(const struct svc_req *rq);
ts_ns svc_message_tx_stamp(const struct svc_req *rq, ts_ns arrival);

#endif
