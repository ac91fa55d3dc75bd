/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An rpcbind (RFC 1833) with a list of registrations that a test sees into, and with
 * whatever faults it is told to have.
 */
#ifndef TESTS_SUPPORT_FAKE_RPCBIND_H
#define TESTS_SUPPORT_FAKE_RPCBIND_H

#include "tests/support/fake_server.h"

#define FAKE_RPCBIND_MAX 40

struct fake_registration {
	uint32_t prog, vers;
	char netid[16], uaddr[80], owner[16];
};

struct fake_rpcbind {
	struct fake_server server;
	size_t n;
	struct fake_registration list[FAKE_RPCBIND_MAX];
	unsigned fragments; /* into which its answers are cut on a stream */
	/* Faults. */
	unsigned unheard;          /* so many calls are not answered; then the rest is */
	uint32_t accept_stat;      /* of every answer; SUCCESS: none */
	bool keeps;                /* UNSET removes nothing, and says that it has */
	bool refuses;              /* SET says no */
	const struct message *raw; /* the results of every answer, in place of the right ones */
	bool hangs_up;             /* in place of answering */
	bool long_list;            /* DUMP claims a record of 16 MiB */
	uint32_t speaks;           /* the newest version that it speaks: 4 if 0, 3, or 2 */
	/* The last request. */
	uint32_t asked_proc, asked_vers;
	struct fake_registration asked;
};

/* As fake_server_open and fake_server_close. */
void fake_rpcbind_open(struct fake_rpcbind *r, const char *path);
void fake_rpcbind_close(struct fake_rpcbind *r);

/* Register something, as another server would have. */
void fake_rpcbind_add(struct fake_rpcbind *r, uint32_t prog, uint32_t vers, const char *netid,
		      const char *uaddr, const char *owner);

/* The registration of that version on that netid; null if there is none. */
const struct fake_registration *fake_rpcbind_find(const struct fake_rpcbind *r, uint32_t prog,
						  uint32_t vers, const char *netid);

/*
 * For a test's own connect(2): connect as asked, but to `r` for rpcbind's port and local socket;
 * null: there is no rpcbind, whether this machine has one or not.
 */
int fake_rpcbind_connect(const struct fake_rpcbind *r, int fd, const struct sockaddr *to,
			 socklen_t len);

#endif
