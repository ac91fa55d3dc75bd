/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings that may change while the daemon runs, in memory that the supervisor shares with the
 * workers: it publishes them, and tells each worker by SIGHUP to take them.
 */
#ifndef SERVER_LIVE_H
#define SERVER_LIVE_H

#include "server/settings.h"

struct live;

/* Memory for processes to be forked later. 0, or -errno after logging. */
int live_open(struct live **out);
void live_close(struct live *l);

/* Only the supervisor publishes. */
void live_publish(struct live *l, const struct settings *s);

/*
 * Put them into the settings of this process, which must not be using them right now. False, and
 * nothing is changed, while they are being published: another signal follows then.
 */
bool live_take(const struct live *l, struct settings *s);

#endif
