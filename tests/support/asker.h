/* SPDX-License-Identifier: BSD-3-Clause */
/* A client that makes exchanges with a fake time server, by a fake clock. */
#ifndef TESTS_SUPPORT_ASKER_H
#define TESTS_SUPPORT_ASKER_H

#include "rpc/client/exchange.h"
#include "tests/support/fake_timesync.h"

/* The time of its clock, which is behind the kernel's, and its timeout. */
#define ASKER_NOW     (INT64_C(1600000000) * NS_PER_SEC)
#define ASKER_TIMEOUT NS_PER_SEC

struct asker {
	struct fake_timesync server;
	struct fake_clock clock;
	struct exchange *x;
};

/* With exchanges over SOCK_DGRAM or SOCK_STREAM. 0 or -errno; released with asker_close. */
int asker_open(struct asker *a, int socktype);
void asker_close(struct asker *a);

/* Check what it says about the last exchange. */
void asker_check_why(const struct asker *a, const char *text);

#endif
