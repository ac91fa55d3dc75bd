/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of a client, one after the other, and the first of them: the name. */
#include "client/doctor/diagnosis_private.h"

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
	diagnosis_judge_measurement(out, facts);
}
