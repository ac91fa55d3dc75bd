/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/wire/codec.h"

#include <string.h>

#include "core/arith.h"
#include "core/drift_limits.h"
#include "group/core/approach.h"
#include "group/core/common_rate.h"
#include "group/wire/codec_private.h"

_Static_assert(GROUP_PROGRAM == TIMEGROUP_PROG && GROUP_VERSION == TIMEGROUP_V1 &&
		       GROUP_NAME_MAX == TIMEGROUP_MAX_NAME &&
		       GROUP_BODY_MAX == TIMEGROUP_MAX_BODY && GROUP_PAGE == TIMEGROUP_PAGE &&
		       (int)GROUP_PARTS == TIMEGROUP_IS_REFERENCE + 1 &&
		       (int)GROUP_REFERENCES == TIMEGROUP_REFERENCE_TOO_MANY + 1 &&
		       MEMBERS_MAX == TIMEGROUP_MAX_MEMBERS &&
		       TICKET_NONCE_BYTES == TIMEGROUP_NONCE_SIZE &&
		       GROUP_TOLD * MEMBER_OCTETS_V6 == TIMEGROUP_MAX_TOLD,
	       "group/wire/codec.h names what is in timegroup.x");
_Static_assert((int)GROUP_STEP_DOWN == TIMEGROUP_STEP_DOWN &&
		       (int)GROUP_OUTCOMES == TIMEGROUP_KEPT + 1 &&
		       (int)GROUP_NOT_SAVED == TIMEGROUP_NOT_SAVED,
	       "group/wire/codec.h numbers as timegroup.x does");

size_t group_wire_encode(uint8_t *buf, size_t size, xdrproc_t codec, void *from)
{
	XDR xdr;

	xdrmem_create(&xdr, (char *)buf, (u_int)size, XDR_ENCODE);
	return codec(&xdr, from) ? xdr_getpos(&xdr) : 0;
}

bool group_wire_decode(void *out, size_t size, xdrproc_t codec, const uint8_t *bytes, size_t n)
{
	XDR xdr;

	memset(out, 0, size);
	/* XDR_DECODE does not write to its buffer. */
	xdrmem_create(&xdr, (char *)(uintptr_t)bytes, (u_int)n, XDR_DECODE);
	if (codec(&xdr, out) && xdr_getpos(&xdr) == n) {
		return true;
	}
	group_wire_free(codec, out);
	return false;
}

void group_wire_free(xdrproc_t codec, void *out)
{
	xdr_free(codec, out);
}

timegroup_head group_wire_head(const struct group_head *h)
{
	/* XDR_ENCODE does not write to the text. */
	return (timegroup_head){ .group = (char *)(uintptr_t)h->group,
				 .sender = h->from,
				 .to = h->to,
				 .term = h->term };
}

void group_wire_take_head(struct group_head *out, const timegroup_head *h)
{
	memset(out, 0, sizeof(*out));
	strncpy(out->group, h->group, GROUP_NAME_MAX);
	out->from = h->sender;
	out->to = h->to;
	out->term = h->term;
}

/* Every body begins with a head, so any head can be read without the rest. */
bool group_decode_head(struct group_head *out, const uint8_t *bytes, size_t n)
{
	timegroup_head h = { .group = NULL };
	XDR xdr;
	bool ok;

	xdrmem_create(&xdr, (char *)(uintptr_t)bytes, (u_int)n, XDR_DECODE);
	ok = xdr_timegroup_head(&xdr, &h);
	if (ok) {
		group_wire_take_head(out, &h);
	}
	group_wire_free((xdrproc_t)xdr_timegroup_head, &h);
	return ok;
}

size_t group_encode_head(uint8_t *buf, size_t size, const struct group_head *head)
{
	timegroup_head h = group_wire_head(head);

	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_head, &h);
}

bool group_wire_is_error(int64_t max_error)
{
	return max_error == GROUP_UNKNOWN_ERROR || ts_valid(max_error);
}

/* --- polls and corrections --- */

size_t group_encode_poll(uint8_t *buf, size_t size, const struct group_poll_call *p)
{
	timegroup_poll w = { .head = group_wire_head(&p->head), .serial = p->serial };

	memcpy(w.once, p->once.byte, TICKET_NONCE_BYTES);
	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_poll, &w);
}

bool group_decode_poll(struct group_poll_call *out, const uint8_t *bytes, size_t n)
{
	timegroup_poll w;

	if (!group_wire_decode(&w, sizeof(w), (xdrproc_t)xdr_timegroup_poll, bytes, n)) {
		return false;
	}
	group_wire_take_head(&out->head, &w.head);
	out->serial = w.serial;
	memcpy(out->once.byte, w.once, TICKET_NONCE_BYTES);
	group_wire_free((xdrproc_t)xdr_timegroup_poll, &w);
	return true;
}

static timegroup_refusal wire_refusal(const struct election_message *m)
{
	return (timegroup_refusal){
		.released = m->released,
		.lease = m->lease,
		.stamp_term = m->stamp.term,
		.stamp_version = m->stamp.version,
		.stamp_digest = m->stamp.digest,
		.verdict = m->verdict,
	};
}

/* False when it is none. */
static bool take_refusal(struct election_message *out, const struct group_head *head,
			 const timegroup_refusal *w)
{
	*out = (struct election_message){
		.kind = ELECTION_HEARTBEAT_ANSWER,
		.from = head->from,
		.to = head->to,
		.term = head->term,
		.released = w->released,
		.lease = w->lease,
		.stamp = { w->stamp_term, w->stamp_version, w->stamp_digest },
		.verdict = w->verdict,
	};
	return w->verdict != ELECTION_YES && w->verdict < ELECTION_VERDICTS;
}

static bool is_drift(int64_t ppb)
{
	return ppb >= 0 && ppb <= NS_PER_SEC;
}

static void put_report(timegroup_stamps *w, const struct group_report *r)
{
	w->flags = (r->reference ? TIMEGROUP_REFERENCE : 0U) |
		   (r->unsettled ? TIMEGROUP_UNSETTLED : 0U) |
		   (r->follows ? TIMEGROUP_FOLLOWS : 0U) | (r->learned ? TIMEGROUP_LEARNED : 0U);
	w->max_error = r->max_error;
	w->drift = r->drift_ppb;
	w->frequency = r->frequency_ppb;
	w->learned = r->learned_ppb;
}

/* False when it is none. Bits that are not known here do not matter. */
static bool take_report(struct group_report *out, const timegroup_stamps *w)
{
	*out = (struct group_report){
		.reference = w->flags & TIMEGROUP_REFERENCE,
		.unsettled = w->flags & TIMEGROUP_UNSETTLED,
		.follows = w->flags & TIMEGROUP_FOLLOWS,
		.learned = w->flags & TIMEGROUP_LEARNED,
		.learned_ppb = w->learned,
		.frequency_ppb = w->frequency,
		.max_error = w->max_error,
		.drift_ppb = w->drift,
	};
	return group_wire_is_error(w->max_error) && is_drift(w->drift) &&
	       arith_magnitude(w->frequency) <= DRIFT_CORRECTABLE_PPB &&
	       arith_magnitude(w->learned) <= DRIFT_CORRECTABLE_PPB;
}

size_t group_encode_poll_result(uint8_t *buf, size_t size, const struct group_poll_result *r)
{
	timegroup_poll_result w = { .head = group_wire_head(&r->head) };
	timegroup_stamps *stamps = &w.polled.timegroup_polled_u.stamps;

	w.polled.refused = r->refused;
	if (r->refused) {
		w.polled.timegroup_polled_u.refusal = wire_refusal(&r->refusal);
	} else {
		memcpy(stamps->nonce, r->nonce.byte, TICKET_NONCE_BYTES);
		stamps->ts2 = r->ts2;
		stamps->ts3 = r->ts3;
		put_report(stamps, &r->report);
	}
	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_poll_result, &w);
}

bool group_decode_poll_result(struct group_poll_result *out, const uint8_t *bytes, size_t n)
{
	const xdrproc_t codec = (xdrproc_t)xdr_timegroup_poll_result;
	timegroup_poll_result w;
	const timegroup_stamps *stamps = &w.polled.timegroup_polled_u.stamps;
	bool ok;

	if (!group_wire_decode(&w, sizeof(w), codec, bytes, n)) {
		return false;
	}
	memset(out, 0, sizeof(*out));
	group_wire_take_head(&out->head, &w.head);
	out->refused = w.polled.refused;
	if (out->refused) {
		ok = take_refusal(&out->refusal, &out->head, &w.polled.timegroup_polled_u.refusal);
	} else {
		memcpy(out->nonce.byte, stamps->nonce, TICKET_NONCE_BYTES);
		out->ts2 = stamps->ts2;
		out->ts3 = stamps->ts3;
		ok = ts_valid(stamps->ts2) && ts_valid(stamps->ts3) &&
		     take_report(&out->report, stamps);
	}
	group_wire_free(codec, &w);
	return ok;
}

size_t group_encode_adjust(uint8_t *buf, size_t size, const struct group_adjust *a)
{
	timegroup_adjust w = {
		.head = group_wire_head(&a->head),
		.correction = a->correction,
		.delay = a->delay,
		.rate = a->rate,
		.turn = a->turn,
		.source = a->time.by_reference ? TIMEGROUP_BY_REFERENCE : TIMEGROUP_BY_ISLAND,
		.max_error = a->time.max_error,
		.drift = a->time.drift_ppb,
		.afresh = a->time.afresh,
	};

	memcpy(w.nonce, a->nonce.byte, TICKET_NONCE_BYTES);
	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_adjust, &w);
}

bool group_decode_adjust(struct group_adjust *out, const uint8_t *bytes, size_t n)
{
	timegroup_adjust w;

	if (!group_wire_decode(&w, sizeof(w), (xdrproc_t)xdr_timegroup_adjust, bytes, n)) {
		return false;
	}
	group_wire_take_head(&out->head, &w.head);
	memcpy(out->nonce.byte, w.nonce, TICKET_NONCE_BYTES);
	out->correction = w.correction;
	out->delay = w.delay;
	out->rate = w.rate;
	out->turn = w.turn;
	out->time.by_reference = w.source == TIMEGROUP_BY_REFERENCE;
	out->time.max_error = w.max_error;
	out->time.drift_ppb = w.drift;
	out->time.afresh = w.afresh;
	group_wire_free((xdrproc_t)xdr_timegroup_adjust, &w);
	return out->correction > -TS_LIMIT && out->correction < TS_LIMIT && ts_valid(out->delay) &&
	       arith_magnitude(out->rate) <= COMMON_RATE_MAX &&
	       arith_magnitude(out->turn) <= APPROACH_MOST_TURN &&
	       (unsigned)w.source <= TIMEGROUP_BY_REFERENCE &&
	       group_wire_is_error(out->time.max_error) && is_drift(out->time.drift_ppb);
}

size_t group_encode_adjust_result(uint8_t *buf, size_t size, const struct group_head *head,
				  enum group_outcome outcome)
{
	timegroup_adjust_result w = { .head = group_wire_head(head),
				      .outcome = (timegroup_outcome)outcome };

	return group_wire_encode(buf, size, (xdrproc_t)xdr_timegroup_adjust_result, &w);
}

bool group_decode_adjust_result(struct group_head *head, enum group_outcome *outcome,
				const uint8_t *bytes, size_t n)
{
	const xdrproc_t codec = (xdrproc_t)xdr_timegroup_adjust_result;
	timegroup_adjust_result w;

	if (!group_wire_decode(&w, sizeof(w), codec, bytes, n)) {
		return false;
	}
	group_wire_take_head(head, &w.head);
	*outcome = (enum group_outcome)w.outcome;
	group_wire_free(codec, &w);
	return *outcome >= GROUP_UNANSWERED && *outcome < GROUP_OUTCOMES;
}
