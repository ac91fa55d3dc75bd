/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/log.h"
#include "server/settings_compare.h"

/*
 * Which file it is, and whether there is one, does not change while the daemon runs. As in struct
 * reload_changes.
 */
static int renew_keys(struct keys *keys, const char *file)
{
	struct keys fresh;
	int rc = file ? keys_load(&fresh, file) : 0;

	if (rc != 0) {
		log_error("the keys of '%s' stay as they were", file);
	} else if (file) {
		rc = memcmp(&fresh, keys, sizeof(fresh)) != 0;
		*keys = fresh;
		keys_forget(&fresh);
	}
	return rc;
}

static void take(struct settings *s, const struct settings *fresh, struct reload_changes *changes)
{
	changes->access = memcmp(&s->access, &fresh->access, sizeof(s->access)) != 0;
	changes->verbose = s->verbose != fresh->verbose;
	s->access = fresh->access;
	s->verbose = fresh->verbose;
	changes->keys = renew_keys(&s->keys, s->key_file);
	changes->upstream_keys = renew_keys(&s->upstream_keys, s->upstream_key_file);
}

int reload_settings(struct settings *s, const struct settings *begun, int argc, char **argv,
		    struct reload_changes *changes)
{
	struct settings *fresh = malloc(sizeof(*fresh));
	int rc = -EINVAL;

	*changes = (struct reload_changes){ .access = false };
	if (!fresh) {
		log_error("out of memory");
		return rc;
	}
	if (settings_parse_again(fresh, argc, argv) == OPTIONS_RUN) {
		take(s, fresh, changes);
		settings_compare(begun, fresh, changes->later, sizeof(changes->later));
		rc = 0;
	}
	settings_free(fresh);
	free(fresh);
	return rc;
}

/* A list of up to four, "a, b". */
static void append(char *list, size_t size, bool is_in_it, const char *before, const char *word)
{
	const size_t len = strlen(list);

	if (is_in_it) {
		snprintf(list + len, size - len, "%s%s%s", len > 0 ? ", " : "", before, word);
	}
}

#define LIST_MAX 800

void reload_say(const struct settings *s, const struct reload_changes *changes)
{
	const char *key = s->key_file, *upstream = s->upstream_key_file, *group = s->group.key_file;
	const bool any = s->config_file || key || upstream || group;
	char files[LIST_MAX] = "", now[LIST_MAX] = "";

	append(files, sizeof(files), s->config_file, "", s->config_file);
	append(files, sizeof(files), key && changes->keys >= 0, "", key);
	append(files, sizeof(files), upstream && changes->upstream_keys >= 0, "", upstream);
	append(files, sizeof(files), group && changes->group_keys >= 0, "", group);
	append(now, sizeof(now), changes->access, "", "--allow");
	append(now, sizeof(now), changes->verbose, "", "--verbose");
	append(now, sizeof(now), changes->keys > 0, "the keys in ", key);
	append(now, sizeof(now), changes->upstream_keys > 0, "the keys in ", upstream);
	append(now, sizeof(now), changes->group_keys > 0, "the keys in ", group);
	if (!any) {
		log_info("SIGHUP: there is no configuration file and no key file to be read again");
	} else if (files[0] == '\0') {
		log_info("SIGHUP: nothing could be read again, and nothing has changed");
	} else if (now[0] == '\0' && changes->later[0] == '\0') {
		log_info("SIGHUP: read again %s: nothing has changed", files);
	} else if (now[0] != '\0') {
		log_info("SIGHUP: read again %s: now in force: %s", files, now);
	}
	if (changes->later[0] != '\0') {
		log_warning("SIGHUP: read again %s: changed, but not in force before the next "
			    "start of the daemon: %s",
			    files, changes->later);
	}
}
