/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of the daemons and of the clock of this machine.
 */
#ifndef EXPORTER_WATCH_H
#define EXPORTER_WATCH_H

#include <sys/un.h>

#include "core/bound.h"
#include "client/group/group_health.h"
#include "exporter/settings.h"
#include "rpc/status.h"

struct watched {
	char socket[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int rc; /* 0, or -errno if it has not told its status */
	struct status status;
	/* Of --upstream: 0, -ENODATA if it has none, or another -errno. */
	int tracking_rc;
	struct tracked tracked;
	/* As a group's member: 0, -ENOENT if it is none, or another -errno. */
	int group_rc;
	struct group_status group;
	struct group_member_status *members; /* owned */
	size_t n_members;
	struct group_health health;
};

struct watch {
	struct watched *daemons; /* owned */
	size_t n;
	const char *clock; /* its file, or "system" */
	int clock_rc;      /* 0, or -errno if nothing can be learned of it */
	enum bound_state state;
	dur_ns ahead; /* of the middle of the interval of the true time; unless unknown */
	dur_ns error; /* how far it is from the true time at most; unless unknown */
};

/* Look at all of it, for two seconds at most, even if daemons hang. The caller releases it. 0 or
 * -ENOMEM.
 */
int watch_look(struct watch *w, const struct exporter_settings *s);

void watch_free(struct watch *w);

#endif
