/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/doctor/judge.h"

#include <string.h>

#include "client/doctor/checks.h"
#include "print/words.h"

/* --- the first step: the name ----------------------------------------------------------------- */

static void list_addresses(const struct diagnosis_facts *f, char text[DIAGNOSIS_TEXT_MAX])
{
	text[0] = '\0';
	for (size_t i = 0; i < f->n; i += 2) { /* each is there over UDP and over TCP */
		char address[ADDRESS_TEXT_MAX];

		diagnosis_append(text, "%s%s", i > 0 ? ", " : "",
				 address_host_text(&f->endpoints[i].at, address));
	}
}

/* Whether anything answers there. */
static bool is_reached(const struct diagnosis_facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (diagnosis_rpcbind_answers(&f->endpoints[i]) ||
		    diagnosis_server_answers(&f->endpoints[i])) {
			return true;
		}
	}
	return false;
}

static void judge_name(struct diagnosis *d, const struct diagnosis_facts *f)
{
	char addresses[DIAGNOSIS_TEXT_MAX], hint[TARGET_WHY_MAX];
	struct diagnosis_check *check;
	struct address literal;

	if (!f->resolved) {
		check = diagnosis_add(d, "name", DIAGNOSIS_FAILURE, "%.500s", f->why);
		diagnosis_advise(check,
				 "Check the spelling, /etc/hosts and the name server%s, or "
				 "give an address instead of the name.",
				 f->family == AF_UNSPEC ? "" : ", leave out -4 or -6");
		return;
	}
	list_addresses(f, addresses);
	if (!is_reached(f) && target_hint(&f->host, hint)[0] != '\0') {
		check = diagnosis_add(d, "name", DIAGNOSIS_WARNING,
				      "an address: %.300s, but %.120s", addresses, hint);
		diagnosis_advise(check, "See whether that was meant.");
		return;
	}
	diagnosis_add(d, "name", DIAGNOSIS_OK, "%s%.400s",
		      address_parse(&literal, f->host.name) ? "an address: " : "resolves to ",
		      addresses);
}

/* --- the last step: the measurement ----------------------------------------------------------- */

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

static void judge_one(struct diagnosis *d, const struct diagnosis_facts *f,
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

static void judge_measurement(struct diagnosis *d, const struct diagnosis_facts *f)
{
	struct diagnosis_check *c;

	judge_one(d, f, &f->over_udp, "udp");
	judge_one(d, f, &f->over_tcp, "tcp");
	if (!f->over_udp.made && diagnosis_count(d, DIAGNOSIS_FAILURE) == 0) {
		c = diagnosis_add(d, "measurement", DIAGNOSIS_FAILURE,
				  "there is none over udp: nothing was answered");
		diagnosis_advise(c, succeeded(&f->over_tcp) ? "Use --transport tcp."
							    : "See to the warnings first.");
	}
}

/* --- all steps -------------------------------------------------------------------------------- */

void diagnose(struct diagnosis *out, const struct diagnosis_facts *facts)
{
	out->n = 0;
	judge_name(out, facts);
	if (!facts->resolved) {
		return;
	}
	if (diagnosis_by_rpcbind(facts)) {
		diagnosis_judge_rpcbind(out, facts);
		diagnosis_judge_registration(out, facts);
	}
	diagnosis_judge_servers(out, facts);
	diagnosis_judge_clock(out, facts);
	diagnosis_judge_paths(out, facts);
	diagnosis_judge_symmetry(out, facts);
	judge_measurement(out, facts);
}
