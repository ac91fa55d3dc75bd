/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/crc32c.h"
#include "core/hash.h"
#include "os/files.h"

/* A line for each member, of at most 28 octets, and some more. */
#define SIZE_MAX_STATE 65536

/* --- writing --- */

/*
 * Version 1 has another checksum, versions 1 and 2 say nothing of the clock, and version 3 nothing
 * of what it has learned from references.
 */
enum version { VERSION_1 = 1, VERSION_2 = 2, VERSION_3 = 3, VERSION_4 = 4 };

static char *text_of(const struct group_state *state, enum version version, const char *group,
		     member_id self, size_t *n)
{
	const struct election_state *s = &state->election;
	char *text = NULL;
	FILE *f = open_memstream(&text, n);

	if (!f) {
		return NULL;
	}
	fprintf(f,
		"timesyncd group state %d\ngroup %s\nself %" PRIu64 "\nterm %" PRIu64
		"\nvoted %" PRIu64 "\n",
		(int)version, group, self, s->term, s->voted_for);
	fprintf(f, "electorate %" PRIu64 " %" PRIu64 " %zu\n", s->voters.stamp.term,
		s->voters.stamp.version, s->voters.n);
	for (size_t i = 0; i < s->voters.n; i++) {
		fprintf(f, "member %" PRIu64 "\n", s->voters.id[i]);
	}
	if (version >= VERSION_3) {
		fprintf(f, "frequency %" PRId64 "\nright %d\n", state->clock.frequency_ppb,
			state->clock.right);
	}
	if (version >= VERSION_4) {
		fprintf(f, "learned %d %" PRId64 "\n", state->clock.learned,
			state->clock.learned_ppb);
	}
	(void)fflush(f);
	fprintf(f, "checksum %08" PRIx32 "\n",
		version == VERSION_1 ? hash_bytes(0, text, *n) : crc32c(text, *n));
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int group_state_write(const struct group_state *s, const char *path, const char *group,
		      member_id self)
{
	size_t n;
	char *text = text_of(s, VERSION_4, group, self, &n);
	int rc = text ? file_replace(path, text, n, 0600) : -ENOMEM;

	free(text);
	return rc;
}

/* --- reading --- */

/* The whole file as text. The length, or -errno. */
static ssize_t read_all(const char *path, char text[SIZE_MAX_STATE])
{
	const int fd = file_open_regular(path, O_RDONLY | O_NOFOLLOW, 0);
	ssize_t n;

	if (fd < 0) {
		return fd;
	}
	n = read(fd, text, SIZE_MAX_STATE - 1);
	n = n < 0 ? -errno : n;
	close(fd);
	if (n >= 0) {
		text[n] = '\0';
	}
	return n;
}

/* The number behind the next `name`; *at moves behind it. False if there is none. */
static bool take_number(const char **at, const char *name, uint64_t *out)
{
	const char *found = strstr(*at, name);
	char *end;

	if (!found) {
		return false;
	}
	found += strlen(name);
	*out = strtoull(found, &end, 10);
	*at = end;
	return end != found;
}

/* The clock of version 3 and later; all zeros in those before. */
static void parse_clock(struct servo_memory *out, const char *text)
{
	const char *found = strstr(text, "\nfrequency ");
	uint64_t right = 0, learned;

	*out = (struct servo_memory){ .right = false };
	if (found) {
		out->frequency_ppb = strtoll(found + strlen("\nfrequency "), NULL, 10);
		(void)take_number(&found, "\nright ", &right);
		out->right = right == 1;
	}
	found = strstr(text, "\nlearned ");
	if (found && take_number(&found, "\nlearned ", &learned)) {
		out->learned = learned == 1;
		out->learned_ppb = strtoll(found, NULL, 10);
	}
}

/* Parse the output of text_of. The caller compares, so a text that differs is refused there. */
static bool parse_election(struct election_state *out, const char *text)
{
	member_id ids[MEMBERS_MAX];
	uint64_t term, version, n;

	if (!take_number(&text, "\nterm ", &out->term) ||
	    !take_number(&text, "\nvoted ", &out->voted_for) ||
	    !take_number(&text, "\nelectorate ", &term) || !take_number(&text, " ", &version) ||
	    !take_number(&text, " ", &n) || n > MEMBERS_MAX || out->term >= ELECTION_TERM_LIMIT ||
	    term > out->term) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!take_number(&text, "\nmember ", &ids[i])) {
			return false;
		}
	}
	return voters_make(&out->voters, term, version, ids, n) == 0;
}

/* Whether the text is what text_of makes of that state, in that version. */
static bool is_text_of(const char *text, size_t n, const struct group_state *s,
		       enum version version, const char *group, member_id self)
{
	size_t m = 0;
	char *again = text_of(s, version, group, self, &m);
	const bool same = again && m == n && memcmp(again, text, n) == 0;

	free(again);
	return same;
}

int group_state_read(struct group_state *out, const char *path, const char *group, member_id self,
		     const char **why)
{
	char text[SIZE_MAX_STATE];
	const ssize_t n = read_all(path, text);
	bool same = false;

	if (n < 0) {
		*why = file_error_text((int)n);
		return (int)n;
	}
	memset(out, 0, sizeof(*out));
	parse_clock(&out->clock, text);
	if (parse_election(&out->election, text)) {
		for (int version = VERSION_4; version >= VERSION_1 && !same; version--) {
			same = is_text_of(text, (size_t)n, out, (enum version)version, group, self);
		}
	}
	out->clock.term = out->election.term;
	*why = same ? NULL
		    : "it is damaged, or of another group or member; remove it only if this member "
		      "is removed from the group before";
	return same ? 0 : -EBADMSG;
}
