/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams that no honest client of timesyncd sends, drawn from a sequence that a seed fixes.
 */
#ifndef LAB_SUPPORT_MALICE_H
#define LAB_SUPPORT_MALICE_H

#include <stddef.h>
#include <stdint.h>

/* The longest datagram: longer than any call that the server looks at, and that a frame carries. */
#define MALICE_MAX 2048

enum malice_kind {
	MALICE_RANDOM,    /* octets that mean nothing, sometimes after the header of a call */
	MALICE_TRUNCATED, /* a call without its end */
	MALICE_FLIPPED,   /* a call with one to eight bits flipped */
	MALICE_GSS,       /* RPCSEC_GSS (RFC 2203): data, INIT, CONTINUE_INIT and DESTROY */
	MALICE_REPLY,     /* a reply, which answers nothing */
	MALICE_CALL,      /* not malicious at all, but one of many */
	MALICE_KINDS
};

/* "random", "truncated", ... */
extern const char *const malice_names[MALICE_KINDS];

/*
 * Write one datagram of that kind to `out` and return its length. `random` is the seed at first,
 * then the state of the sequence.
 */
size_t malice_draw(enum malice_kind kind, uint64_t *random, uint8_t out[MALICE_MAX]);

#endif
