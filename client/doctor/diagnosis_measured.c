/* SPDX-License-Identifier: BSD-3-Clause */
/* The last step of a client: the measurement. */
#include <string.h>

#include "client/doctor/diagnosis_private.h"
#include "client/print/words.h"

/* The reason without the host, which everybody knows here. */
static const char *reason(const struct diagnosis_facts *f, const char *why)
{
	const size_t n = strlen(f->host.name);

	return strncmp(why, f->host.name, n) == 0 && strncmp(why + n, ": ", 2) == 0 ? why + n + 2
										    : why;
}

static bool succeeded(const struct diagnosis_measurement *m)
{
	return m->made && m->rc == 0;
}

static void judge(struct diagnosis *d, const struct diagnosis_facts *f,
		  const struct diagnosis_measurement *m, const char *transport)
{
	char offset[WORDS_MAX], bound[WORDS_MAX], at[ADDRESS_TEXT_MAX];
	struct diagnosis_check *c;

	if (succeeded(m)) {
		diagnosis_add(d, "measurement", DIAGNOSIS_OK,
			      "the local clock is %s, +/- %s, against %s over %s",
			      words_offset(m->estimate.offset, offset),
			      words_bound(m->estimate.max_error, bound),
			      address_text(&m->server, at), transport);
	} else if (m->made) {
		c = diagnosis_add(d, "measurement", DIAGNOSIS_FAILURE,
				  "there is none over %s: %.400s", transport, reason(f, m->why));
		diagnosis_advise(c, succeeded(&f->over_tcp)
					    ? "Use --transport tcp."
					    : "See what the checks before say of that server, and "
					      "which program has the port there.");
	}
}

void diagnosis_judge_measurement(struct diagnosis *d, const struct diagnosis_facts *f)
{
	struct diagnosis_check *c;

	judge(d, f, &f->over_udp, "udp");
	judge(d, f, &f->over_tcp, "tcp");
	if (!f->over_udp.made && diagnosis_count(d, DIAGNOSIS_FAILURE) == 0) {
		c = diagnosis_add(d, "measurement", DIAGNOSIS_FAILURE,
				  "there is none over udp: nothing was answered");
		diagnosis_advise(c, succeeded(&f->over_tcp) ? "Use --transport tcp."
							    : "See to the warnings first.");
	}
}
