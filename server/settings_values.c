/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/settings_values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "group/core/election.h"
#include "core/host_hint.h"
#include "core/parse.h"
#include "group/wire/codec.h"
#include "os/stdio.h"

bool settings_apply_netids(const struct options *o, size_t index, struct settings *s,
			   const char *list)
{
	char copy[64];
	char *save = NULL;

	memset(s->netids, 0, sizeof(s->netids));
	s->netids_given = true;
	if (strlen(list) >= sizeof(copy) || list[0] == '\0') {
		return options_bad(o, index, list, "some of udp,tcp,udp6,tcp6");
	}
	strcpy(copy, list);
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		const struct netid *netid = netid_named(name);

		if (!netid) {
			return options_bad(o, index, list, "some of udp,tcp,udp6,tcp6");
		}
		s->netids[netid - netids] = true;
	}
	return true;
}

bool settings_apply_address(const struct options *o, size_t index, struct settings *s,
			    const char *text)
{
	if (s->n_addresses == SETTINGS_MAX_ADDRESSES) {
		return options_bad(o, index, text, "given at most four times");
	}
	if (!address_parse(&s->addresses[s->n_addresses], text)) {
		return options_bad(o, index, text, "a numeric IPv4 or IPv6 address");
	}
	if (!address_is_any(&s->addresses[s->n_addresses]) &&
	    !address_is_one_host(&s->addresses[s->n_addresses])) {
		return options_bad(
			o, index, text,
			"an address of this machine alone, not of multicast or broadcast");
	}
	s->n_addresses++;
	return true;
}

bool settings_apply_allow(const struct options *o, size_t index, struct settings *s,
			  const char *text)
{
	switch (access_allow(&s->access, text)) {
	case 0:
		return true;
	case -EDOM:
		return options_bad(
			o, index, text,
			"a network without bits behind its prefix, such as 192.0.2.0/24");
	case -ENOSPC:
		return options_bad(o, index, text, "given at most 64 times");
	default:
		return options_bad(o, index, text,
				   "an address or a network such as 192.0.2.0/24 or 2001:db8::/32");
	}
}

/* --- groups --- */

/* The fastest cycle: calls are given a third of it to be answered. */
#define MIN_CYCLE (100 * NS_PER_MS)

const struct group_settings settings_group_defaults = {
	.port = GROUP_SETTINGS_PORT,
	.lease = 10 * NS_PER_SEC,
	.cycle = 10 * NS_PER_SEC,
	.tolerance = NS_PER_SEC,
	.max_correction = 3600 * NS_PER_SEC,
};

bool settings_apply_group(const struct options *o, size_t index, struct settings *s,
			  const char *text)
{
	const size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.");

	if (n == 0 || text[n] != '\0' || n > GROUP_NAME_MAX) {
		return options_bad(o, index, text, "up to 32 letters, digits, '-', '_' and '.'");
	}
	s->group.name = text;
	return true;
}

bool settings_apply_member(const struct options *o, size_t index, struct settings *s,
			   const char *text)
{
	struct parse_host host;

	if (parse_host(text, &host) != 0) {
		char hint[HOST_HINT_MAX], must[2 * HOST_HINT_MAX];

		snprintf(must, sizeof(must), "HOST, HOST:PORT or [V6]:PORT: %s",
			 host_hint(text, hint));
		return options_bad(o, index, text, must);
	}
	if (s->group.n_members == MEMBERS_MAX) {
		return options_bad(o, index, text, "given at most 1024 times");
	}
	s->group.members[s->group.n_members++] = text;
	return true;
}

bool settings_apply_duration(const struct options *o, size_t index, dur_ns *out, const char *text,
			     bool is_period)
{
	if (parse_duration(text, out) != 0 || *out < 0) {
		return options_bad(o, index, text, "a duration such as 10s or 500ms");
	}
	if (is_period && (*out < MIN_CYCLE || *out > ELECTION_MAX_LEASE)) {
		return options_bad(o, index, text, "a duration from 100ms to 1h");
	}
	return true;
}

static bool complain(const char *what)
{
	stdio_complain("timesyncd", "%s", what);
	return false;
}

bool settings_group_complete(const struct settings *s)
{
	const struct group_settings *g = &s->group;

	if (!g->name) {
		return (!g->key_file && !g->insecure && !g->discover && g->n_members == 0) ||
		       complain("--key, --member, --discover and --insecure-lab need --group");
	}
	if (!g->key_file && !g->insecure) {
		return complain(
			"a group needs --key FILE ('timesync group keygen FILE' makes one)");
	}
	if (g->key_file && g->insecure) {
		return complain("--key and --insecure-lab exclude each other");
	}
	if (g->n_members == 0 && !g->discover) {
		return complain("a group needs its members: --member HOST for each, this one too; "
				"or --discover, to join one that is there");
	}
	if (g->n_members > 0 && g->discover) {
		return complain("--member and --discover exclude each other: members that are "
				"named found a group, who discovers it joins");
	}
	return s->clock_file ||
	       complain("a group needs --clock FILE: the system clock is not set by timesyncd");
}
