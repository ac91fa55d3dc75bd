/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/settings_compare.h"

#include <stdio.h>
#include <string.h>

/* --- options that are more than a number or a text -------------------------------------------- */

typedef bool differs_fn(const struct settings *a, const struct settings *b);

static bool netids_differ(const struct settings *a, const struct settings *b)
{
	return memcmp(a->netids, b->netids, sizeof(a->netids)) != 0 ||
	       a->netids_given != b->netids_given;
}

static bool addresses_differ(const struct settings *a, const struct settings *b)
{
	for (size_t i = 0; i < a->n_addresses && i < b->n_addresses; i++) {
		if (!address_is_same_host(&a->addresses[i], &b->addresses[i])) {
			return true;
		}
	}
	return a->n_addresses != b->n_addresses;
}

static bool local_differs(const struct settings *a, const struct settings *b)
{
	return a->local != b->local || a->local_error != b->local_error;
}

static bool upstreams_differ(const struct settings *a, const struct settings *b)
{
	for (size_t i = 0; i < a->n_upstream && i < b->n_upstream; i++) {
		if (strcmp(a->upstream[i].name, b->upstream[i].name) != 0 ||
		    a->upstream[i].port != b->upstream[i].port) {
			return true;
		}
	}
	return a->n_upstream != b->n_upstream;
}

static bool groups_differ(const struct settings *a, const struct settings *b)
{
	const char *one = a->group.name, *other = b->group.name;

	return one && other ? strcmp(one, other) != 0 : one != other;
}

static bool members_differ(const struct settings *a, const struct settings *b)
{
	for (size_t i = 0; i < a->group.n_members && i < b->group.n_members; i++) {
		if (strcmp(a->group.members[i], b->group.members[i]) != 0) {
			return true;
		}
	}
	return a->group.n_members != b->group.n_members;
}

static bool advertised_differ(const struct settings *a, const struct settings *b)
{
	return member_id_of(&a->group.advertise) != member_id_of(&b->group.advertise);
}

static bool makesteps_differ(const struct settings *a, const struct settings *b)
{
	return a->track.limits.makestep != b->track.limits.makestep ||
	       a->track.limits.makestep_count != b->track.limits.makestep_count;
}

/* Unless given, the interval follows from --polite or its absence. */
static bool intervals_differ(const struct settings *a, const struct settings *b)
{
	const struct track_options *one = &a->track, *other = &b->track;

	return one->interval_given != other->interval_given ||
	       (one->interval_given && (one->limits.min_poll != other->limits.min_poll ||
					one->limits.max_poll != other->limits.max_poll));
}

static const struct {
	const char *name;
	differs_fn *differs; /* null: it takes effect at once */
} others[] = {
	{ "allow", NULL },
	{ "verbose", NULL },
	{ "netid", netids_differ },
	{ "address", addresses_differ },
	{ "local", local_differs },
	{ "upstream", upstreams_differ },
	{ "group", groups_differ },
	{ "member", members_differ },
	{ "advertise", advertised_differ },
	{ "makestep", makesteps_differ },
	{ "interval", intervals_differ },
};

/* --- all of them ------------------------------------------------------------------------------ */

static bool is_equal(const struct settings *a, const struct settings *b,
		     const struct option_row *row, bool of_track)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(row->name, others[i].name) == 0) {
			return !others[i].differs || !others[i].differs(a, b);
		}
	}
	return of_track ? !option_differs(row, &a->track, &b->track) : !option_differs(row, a, b);
}

/* Under the name that it was given by. */
static const char *name_of(const struct option_row *row, const struct settings *given)
{
	return strcmp(row->name, "group-key") == 0 && given->group_key_is_key ? "key" : row->name;
}

static void append(char *buf, size_t size, const char *name)
{
	const size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s--%s", len > 0 ? ", " : "", name);
}

void settings_compare(const struct settings *a, const struct settings *b, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < SETTINGS_ROWS; i++) {
		if (!is_equal(a, b, &settings_rows[i], false)) {
			append(buf, size, name_of(&settings_rows[i], b));
		}
	}
	for (size_t i = 0; i < TRACK_ROWS; i++) {
		if ((track_rows[i].scope & TRACK_OF_DAEMON) &&
		    !is_equal(a, b, &track_rows[i], true)) {
			append(buf, size, track_rows[i].name);
		}
	}
}
