/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of a link of the relay, as options: of its command line and of commands. */
#ifndef LAB_SUPPORT_LINK_OPTIONS_H
#define LAB_SUPPORT_LINK_OPTIONS_H

#include "lab/support/fate.h"
#include "os/options.h"

/* The two ways that a datagram can go, each with its own rules. */
enum relay_way { RELAY_TO_SERVER, RELAY_TO_CLIENT, RELAY_WAYS };

struct link_options {
	struct fate_rules rules[RELAY_WAYS];
};

/* The table of the options for a struct link_options, which must be zeroed before. */
struct option_part link_options_part(struct link_options *out);

/*
 * Read a command's options, separated by spaces; changes `text`. False after an error message on
 * stderr, and then *out is without rules.
 */
bool link_options_read(struct link_options *out, char *text);

/* Release what it owns. It is without rules then. */
void link_options_forget(struct link_options *link);

#endif
