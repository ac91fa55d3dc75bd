/* SPDX-License-Identifier: BSD-3-Clause */
/* The agent's questions by broadcast, for other members. */
#ifndef GROUP_AGENT_SEARCH_H
#define GROUP_AGENT_SEARCH_H

#include "os/loop.h"
#include "rpc/client/broadcast.h"

/* A host at that address has answered. */
typedef void search_found_fn(void *arg, const struct address *at);

struct search {
	struct loop *loop; /* not owned */
	search_found_fn *found;
	void *arg;
	struct broadcast broadcast; /* its fd is -1 but while answers are taken */
};

void search_init(struct search *s, struct loop *loop, search_found_fn *found, void *arg);

/* Ask all networks: 0 or -errno. Answers are taken until search_end. */
int search_ask(struct search *s);
void search_end(struct search *s);

#endif
