/* SPDX-License-Identifier: BSD-3-Clause */
/* What the judgement of each step is written with, and what it asks of the facts. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/doctor/diagnosis_private.h"

struct diagnosis_check *diagnosis_add(struct diagnosis *d, const char *name,
				      enum diagnosis_state state, const char *format, ...)
{
	struct diagnosis_check *check;
	va_list arguments;

	if (d->n < DIAGNOSIS_MAX_CHECKS) {
		d->n++;
	}
	check = &d->checks[d->n - 1];
	check->name = name;
	check->state = state;
	check->advice[0] = '\0';
	va_start(arguments, format);
	vsnprintf(check->text, sizeof(check->text), format, arguments);
	va_end(arguments);
	return check;
}

void diagnosis_advise(struct diagnosis_check *check, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(check->advice, sizeof(check->advice), format, arguments);
	va_end(arguments);
}

void diagnosis_append(char text[DIAGNOSIS_TEXT_MAX], const char *format, ...)
{
	const size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, DIAGNOSIS_TEXT_MAX - used, format, arguments);
	va_end(arguments);
}

const char *diagnosis_transport(const struct diagnosis_endpoint *e)
{
	return e->socktype == SOCK_DGRAM ? "udp" : "tcp";
}

const struct diagnosis_endpoint *diagnosis_working(const struct diagnosis_facts *f, int family,
						   int socktype)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct diagnosis_endpoint *e = &f->endpoints[i];

		if (e->socktype == socktype && diagnosis_server_answers(e) &&
		    (family == AF_UNSPEC || family == e->at.sa.ss_family)) {
			return e;
		}
	}
	return NULL;
}

const struct rpcbind_entry *diagnosis_entry(const struct diagnosis_facts *facts,
					    const struct diagnosis_endpoint *e)
{
	const struct netid *netid = netid_of(e->at.sa.ss_family, e->socktype);
	const struct host here = address_host(&e->at);
	const struct rpcbind_entry *found = NULL;

	for (size_t i = 0; i < facts->n; i++) {
		const struct diagnosis_endpoint *told = &facts->endpoints[i];
		const struct host there = address_host(&told->at);

		if (memcmp(&here, &there, sizeof(here)) != 0) {
			continue;
		}
		for (size_t k = 0; k < told->n_entries; k++) {
			const struct rpcbind_entry *entry = &told->entries[k];

			if (entry->netid == netid &&
			    (!found || (entry->vers == EXCHANGE_VERSION &&
					found->vers != EXCHANGE_VERSION))) {
				found = entry;
			}
		}
	}
	return found;
}

size_t diagnosis_count(const struct diagnosis *d, enum diagnosis_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		n += d->checks[i].state == state;
	}
	return n;
}

const char *diagnosis_state_name(enum diagnosis_state state)
{
	switch (state) {
	case DIAGNOSIS_OK:
		return "ok";
	case DIAGNOSIS_WARNING:
		return "warning";
	case DIAGNOSIS_FAILURE:
		break;
	}
	return "failure";
}
