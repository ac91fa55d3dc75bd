/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/svc_dgram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "rpc/pktinfo.h"
#include "rpc/stamp.h"

/* Larger batches fall out of the cache and are slower. */
#define BATCH            32
#define BATCHES_A_WAKEUP 4
/*
 * Replies are stamped and sent in groups, and all but the first of a group leave later than their
 * stamp, by about 1 us for each before it. So the replies to a small batch are sent one by one.
 */
#define GROUP       16
#define SMALL_BATCH 8

/* Do all that sending takes, but do not send; the kernel's name, which glibc lacks. */
#define MSG_PROBE 0x10

/* Received: a stamp and the address asked. Sent: that address and a request for a stamp. */
#define CONTROL_SIZE (STAMP_CONTROL_SIZE + PKTINFO_CONTROL_SIZE)
_Static_assert(STAMP_REQUEST_SIZE <= STAMP_CONTROL_SIZE, "a reply needs no more room");

struct slot {
	struct address peer;
	struct iovec in, out;
	struct svc_reply reply;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE];
	uint8_t call[SVC_CALL_MAX];
};

struct svc_dgram {
	int fd;
	const struct admission *admission;
	struct tx_stamps *tx_stamps; /* null: not known */
	unsigned lacks;
	struct mmsghdr in[BATCH];
	struct mmsghdr out[BATCH];
	struct svc_reply *replies[BATCH]; /* of out[] */
	uint8_t *large; /* room for calls and replies that do not fit into a slot; or null */
	struct slot slots[BATCH];
};

/* The room of slot `i`: for a call, followed by a reply. */
static uint8_t *large_of(const struct svc_dgram *d, size_t i)
{
	return d->large + i * (d->admission->call_max + d->admission->reply_max);
}

/* 0 or -ENOMEM. */
static int make_room(struct svc_dgram *d)
{
	if (d->admission->call_max == 0) {
		return 0;
	}
	d->large = calloc(BATCH, d->admission->call_max + d->admission->reply_max);
	return d->large ? 0 : -ENOMEM;
}

static void prepare_slots(struct svc_dgram *d)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct slot *s = &d->slots[i];

		s->in = (struct iovec){ .iov_base = s->call, .iov_len = sizeof(s->call) };
		if (d->large) {
			s->in = (struct iovec){ large_of(d, i), d->admission->call_max };
		}
		d->in[i].msg_hdr.msg_name = &s->peer.sa;
		d->in[i].msg_hdr.msg_iov = &s->in;
		d->in[i].msg_hdr.msg_iovlen = 1;
		d->in[i].msg_hdr.msg_control = s->control;
	}
}

/*
 * Have replies of at most SVC_REPLY_MAX octets sent with DF: no link needs them in parts. So the
 * kernel need not number them, which takes 2 % of all that a call does. Nothing but time is
 * lost where this cannot be had; IPv6 has no such numbers.
 */
static void forbid_fragments(const struct svc_dgram *d)
{
	const int how = IP_PMTUDISC_PROBE;

	if (d->admission->reply_max == 0) {
		(void)setsockopt(d->fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof(how));
	}
}

/* Whether a system call that was made for nothing at all is there, and may be made. */
static bool is_there(int rc)
{
	return rc >= 0 ||
	       (errno != ENOSYS && errno != EPERM && errno != EACCES && errno != EOPNOTSUPP);
}

/* Enable all useful features of the socket, and note the missing ones. 0, or -ENOMEM. */
static int ask_for_features(struct svc_dgram *d)
{
	const bool stamps = stamp_enable(d->fd) == 0;
	const int rc =
		stamps ? tx_stamps_open(&d->tx_stamps, d->fd, d->admission->clock) : -ENOPROTOOPT;

	d->lacks |= stamps ? 0 : SVC_DGRAM_NO_ARRIVALS;
	d->lacks |= rc == 0 ? 0 : SVC_DGRAM_NO_TX_STAMPS;
	d->lacks |= pktinfo_enable(d->fd) == 0 ? 0 : SVC_DGRAM_NO_PKTINFO;
	if (!is_there(recvmmsg(d->fd, d->in, 0, MSG_DONTWAIT, NULL)) ||
	    !is_there(sendmmsg(d->fd, d->out, 0, MSG_DONTWAIT))) {
		d->lacks |= SVC_DGRAM_NO_BATCHES;
	}
	forbid_fragments(d);
	return rc == -ENOMEM ? rc : 0;
}

/* Whether it is a datagram socket at all. 0 or -errno. */
static int check_socket(int fd)
{
	socklen_t len = sizeof(int);
	int type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0) {
		return -errno;
	}
	return type == SOCK_DGRAM ? 0 : -EPROTOTYPE;
}

int svc_dgram_open(struct svc_dgram **out, int fd, const struct admission *admission)
{
	struct svc_dgram *d;
	int rc = check_socket(fd);

	if (rc != 0) {
		return rc;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		return -ENOMEM;
	}
	d->fd = fd;
	d->admission = admission;
	rc = make_room(d);
	if (rc == 0) {
		prepare_slots(d);
		rc = ask_for_features(d);
	}
	if (rc != 0) {
		svc_dgram_close(d);
		return rc;
	}
	*out = d;
	return 0;
}

unsigned svc_dgram_lacks(const struct svc_dgram *d)
{
	return d->lacks;
}

void svc_dgram_close(struct svc_dgram *d)
{
	if (d) {
		tx_stamps_close(d->tx_stamps);
		free(d->large);
		free(d);
	}
}

/* Answer datagram `i`; true when there is a reply, queued as the `n`th to go out. */
static bool answer(struct svc_dgram *d, size_t i, size_t n)
{
	struct slot *s = &d->slots[i];
	struct msghdr *in = &d->in[i].msg_hdr;
	struct msghdr *out = &d->out[n].msg_hdr;
	const struct svc_call call = {
		.bytes = s->in.iov_base,
		.len = d->in[i].msg_len,
		.arrival = stamp_arrival(in, d->admission->clock),
		.peer = &s->peer,
		.tx_stamps = d->tx_stamps,
		.reply = d->large ? large_of(d, i) + d->admission->call_max : NULL,
		.reply_max = d->admission->reply_max,
	};

	struct host host;

	s->peer.len = in->msg_namelen;
	host = address_host(&s->peer);
	if (!admission_allows(d->admission, &host)) {
		return false;
	}
	if (pktinfo_is_for_many(
		    in)) { /* all hosts that hear it would answer a call that may be forged */
		counters_count(d->admission->counters, COUNTER_BROADCAST);
		return false;
	}
	if (!admission_answer(d->admission, SOCK_DGRAM, &host, &call, &s->reply)) {
		return false;
	}
	s->out = (struct iovec){ .iov_base = svc_reply_bytes(&s->reply), .iov_len = s->reply.len };
	d->replies[n] = &s->reply;
	*out = (struct msghdr){
		.msg_name = in->msg_name,
		.msg_namelen = in->msg_namelen,
		.msg_iov = &s->out,
		.msg_iovlen = 1,
		.msg_control = s->control,
		.msg_controllen = pktinfo_turn(in),
	};
	s->reply.remember = s->reply.remember && d->tx_stamps;
	if (s->reply.remember) {
		stamp_request_tx(s->control + out->msg_controllen);
		out->msg_controllen += STAMP_REQUEST_SIZE;
		tx_stamps_expect(d->tx_stamps, &s->peer, call.arrival);
	}
	return true;
}

/*
 * Take the path of the first reply once without sending it, before the time is read. A small batch
 * finds the caches cold, and the path out through the kernel would take about 1 us longer than the
 * client's: an error of half that in its offset.
 */
static void warm_up(const struct svc_dgram *d)
{
	(void)sendmsg(d->fd, &d->out[0].msg_hdr, MSG_PROBE | MSG_DONTWAIT);
}

/* The same as recvmmsg, or as sendmmsg, of datagrams one by one. How many, or -1 with errno. */
static int receive(const struct svc_dgram *d, struct mmsghdr *in)
{
	int n = 0;

	if (!(d->lacks & SVC_DGRAM_NO_BATCHES)) {
		return recvmmsg(d->fd, in, BATCH, MSG_DONTWAIT, NULL);
	}
	while (n < BATCH) {
		const ssize_t len = recvmsg(d->fd, &in[n].msg_hdr, MSG_DONTWAIT);

		if (len < 0) {
			return n > 0 ? n : -1;
		}
		in[n++].msg_len = (unsigned)len;
	}
	return n;
}

static int send_some(const struct svc_dgram *d, struct mmsghdr *out, size_t n)
{
	if (!(d->lacks & SVC_DGRAM_NO_BATCHES)) {
		return sendmmsg(d->fd, out, (unsigned)n, MSG_DONTWAIT);
	}
	return sendmsg(d->fd, &out->msg_hdr, MSG_DONTWAIT) < 0 ? -1 : 1;
}

/*
 * Stamp `n` replies, from the `first` on, and send them. One that cannot be sent is dropped: the
 * network may lose it as well. False if the transmit timestamp of one of these was to be
 * remembered.
 */
static bool send_group(struct svc_dgram *d, size_t first, size_t n)
{
	const size_t end = first + n;
	const ts_ns now = clock_now(d->admission->clock);
	size_t sent = first;
	bool in_step = true;

	for (size_t i = first; i < end; i++) {
		svc_reply_depart(d->replies[i], now);
	}
	while (sent < end) {
		int rc = send_some(d, d->out + sent, end - sent);

		if (rc > 0) {
			sent += (size_t)rc;
		} else if (errno == EINVAL && d->replies[sent]->remember) {
			/* It is the request for a stamp that is refused. */
			d->replies[sent]->remember = false;
			d->out[sent].msg_hdr.msg_controllen -= STAMP_REQUEST_SIZE;
			in_step = false;
		} else if (errno != EINTR) {
			in_step &= !d->replies[sent]->remember;
			sent++;
		}
	}
	return in_step;
}

static void send_replies(struct svc_dgram *d, size_t n)
{
	const bool small = n <= SMALL_BATCH;
	const size_t group = small ? 1 : GROUP;
	bool remember = false, in_step = true;

	if (small && n > 0) {
		warm_up(d);
	}
	for (size_t i = 0; i < n; i += group) {
		in_step &= send_group(d, i, n - i < group ? n - i : group);
	}
	for (size_t i = 0; i < n; i++) {
		remember |= d->replies[i]->remember;
	}
	if (!in_step) { /* only now: the kernel has counted the datagrams behind it */
		tx_stamps_failed(d->tx_stamps);
	} else if (remember) {
		tx_stamps_collect(d->tx_stamps);
	}
}

/* Serve one batch. How many datagrams it had. */
static size_t serve_batch(struct svc_dgram *d)
{
	size_t replies = 0;
	int received;

	for (size_t i = 0; i < BATCH; i++) {
		d->in[i].msg_hdr.msg_namelen = sizeof(d->slots[i].peer.sa);
		d->in[i].msg_hdr.msg_controllen = sizeof(d->slots[i].control);
	}
	received = receive(d, d->in);
	if (received <= 0) {
		return 0;
	}
	for (size_t i = 0; i < (size_t)received; i++) {
		replies += answer(d, i, replies);
	}
	send_replies(d, replies);
	return (size_t)received;
}

void svc_dgram_serve(struct svc_dgram *d)
{
	if (d->tx_stamps) { /* a network card may stamp later than the replies were sent */
		tx_stamps_collect(d->tx_stamps);
	}
	for (int i = 0; i < BATCHES_A_WAKEUP; i++) {
		if (serve_batch(d) < BATCH) {
			return;
		}
	}
}
