/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "os/bounded.h"
#include "os/clock_system.h"

static void take(struct lookup *l, const struct addrinfo *list)
{
	for (const struct addrinfo *ai = list; ai && l->n < LOOKUP_MAX; ai = ai->ai_next) {
		struct address a = { .len = ai->ai_addrlen };

		memcpy(&a.sa, ai->ai_addr, ai->ai_addrlen);
		l->addresses[l->n++] = a;
	}
}

/* Ask the resolver. With AI_NUMERICHOST a name that is not an address is left unresolved. */
static void ask(struct lookup *l, const struct lookup_options *options, int flags)
{
	const struct addrinfo hints = {
		.ai_family = options->family,
		.ai_socktype = options->socktype,
		.ai_flags = flags,
	};
	struct addrinfo *list;
	const int error = getaddrinfo(l->name, NULL, &hints, &list);

	if (error == EAI_NONAME && flags == AI_NUMERICHOST) {
		return;
	}
	l->error = error;
	l->rc = error == 0 ? 0 : error == EAI_SYSTEM ? -errno : -ENOENT;
	if (error == 0) {
		take(l, list);
		freeaddrinfo(list);
	}
}

static void ask_resolver(void *record, void *context)
{
	struct lookup *l = record;

	if (l->rc == -ETIMEDOUT) {
		ask(l, context, 0);
	}
}

static bool is_open(const struct lookup *lookups, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lookups[i].rc == -ETIMEDOUT) {
			return true;
		}
	}
	return false;
}

void lookup_all(struct lookup *lookups, size_t n, const struct lookup_options *options)
{
	struct lookup_options context = *options;
	struct clock *clock = options->clock ? options->clock : clock_system();
	int rc;

	for (size_t i = 0; i < n; i++) {
		lookups[i].rc = -ETIMEDOUT; /* until there is an answer */
		lookups[i].n = 0;
		ask(&lookups[i], options, AI_NUMERICHOST);
	}
	if (!is_open(lookups, n)) {
		return;
	}
	rc = bounded_run(lookups, n, sizeof(*lookups), ask_resolver, &context, clock,
			 options->timeout);
	for (size_t i = 0; i < n && rc != 0; i++) {
		if (rc == -ECANCELED && lookups[i].rc == -ETIMEDOUT) {
			lookups[i].rc = -ECANCELED;
		} else { /* processes cannot be had: better late than not at all */
			ask_resolver(&lookups[i], &context);
		}
	}
}

const char *lookup_why(const struct lookup *l, const struct lookup_options *options,
		       char buf[LOOKUP_WHY_MAX])
{
	switch (l->rc) {
	case -ENOENT:
		snprintf(buf, LOOKUP_WHY_MAX, "%s", gai_strerror(l->error));
		break;
	case -ETIMEDOUT:
		snprintf(buf, LOOKUP_WHY_MAX,
			 "the resolver has not answered within %.3g s; does the name server work?",
			 (double)options->timeout / NS_PER_SEC);
		break;
	case -ECANCELED:
		snprintf(buf, LOOKUP_WHY_MAX, "the lookup was abandoned");
		break;
	default:
		snprintf(buf, LOOKUP_WHY_MAX, "%s", strerror(-l->rc));
	}
	return buf;
}
