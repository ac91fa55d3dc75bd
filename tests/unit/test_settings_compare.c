/* SPDX-License-Identifier: BSD-3-Clause */
/* Which options of timesyncd differ between two readings: each of them is found, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/settings_compare.h"

#define WORDS_MOST 32
#define UPSTREAM   "--clock=f --upstream=alpha "
#define GROUP      "--clock=f --group=g --insecure-lab --member=alpha "

struct given {
	char text[400];
	char *argv[WORDS_MOST + 1];
	struct settings *settings;
};

static void take(struct given *r, const char *arguments)
{
	static char program[] = "timesyncd";
	char *save = NULL;
	int argc = 0;

	snprintf(r->text, sizeof(r->text), "%s", arguments);
	r->argv[argc++] = program;
	for (char *word = strtok_r(r->text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < WORDS_MOST);
		r->argv[argc++] = word;
	}
	r->argv[argc] = NULL;
	r->settings = calloc(1, sizeof(*r->settings));
	assert_non_null(r->settings);
	assert_int_equal(settings_parse(r->settings, argc, r->argv), OPTIONS_RUN);
}

static void release(struct given *r)
{
	settings_free(r->settings);
	free(r->settings);
}

static void compare(const char *one, const char *other, char *out, size_t size)
{
	struct given a, b;

	take(&a, one);
	take(&b, other);
	settings_compare(a.settings, b.settings, out, size);
	release(&a);
	release(&b);
}

static const struct {
	const char *one, *other, *differ;
} cases[] = {
	{ "", "", "" },
	{ "", "--allow=192.0.2.0/24 --verbose", "" },
	{ "--idle-timeout=60s", "--idle-timeout=1min", "" },
	{ "", "--foreground", "--foreground" },
	{ "", "--port=7", "--port" },
	{ "", "--netid=udp", "--netid" },
	{ "", "--netid=udp,tcp,udp6,tcp6", "--netid" }, /* each must be had then */
	{ "", "--address=192.0.2.1", "--address" },
	{ "-a 192.0.2.1 -a 192.0.2.2", "-a 192.0.2.1 -a 192.0.2.3", "--address" },
	{ "", "--no-rpcbind", "--no-rpcbind" },
	{ "", "--clock=f", "--clock" },
	{ "--clock=f", "--clock=g", "--clock" },
	{ "--clock=f", "--clock=f", "" },
	{ "", "--local=0", "--local" },
	{ "--local=1ms", "--local=2ms", "--local" },
	{ "", "--workers=2", "--workers" },
	{ "", "--max-connections=2", "--max-connections" },
	{ "", "--max-per-address=2", "--max-per-address" },
	{ "", "--idle-timeout=2s", "--idle-timeout" },
	{ "", "--rate-limit=2", "--rate-limit" },
	{ "", "--key=k", "--key" },
	{ "--key=k", "--key=k --require-key", "--require-key" },
	{ "", "--socket=s", "--socket" },
	{ "", "--pid-file=p", "--pid-file" },
	{ "", "--user=u", "--user" },
	{ "--clock=f", UPSTREAM, "--upstream" },
	{ UPSTREAM, "--clock=f --upstream=alpha:7", "--upstream" },
	{ UPSTREAM "--upstream=b", UPSTREAM "--upstream=c", "--upstream" },
	{ UPSTREAM, UPSTREAM "--upstream-key=k", "--upstream-key" },
	{ UPSTREAM, UPSTREAM "--interval=4s..9s", "--interval" },
	{ UPSTREAM, UPSTREAM "--polite", "--polite" },
	{ UPSTREAM "-i 4s --polite", UPSTREAM "-i 9s --polite", "--interval" },
	{ UPSTREAM, UPSTREAM "--panic=4s", "--panic" },
	{ UPSTREAM, UPSTREAM "--makestep=4s", "--makestep" },
	{ UPSTREAM "--makestep=4s,1", UPSTREAM "--makestep=4s,2", "--makestep" },
	{ UPSTREAM, UPSTREAM "--max-slew-rate=4", "--max-slew-rate" },
	{ UPSTREAM, UPSTREAM "--drift-file=d", "--drift-file" },
	{ UPSTREAM, UPSTREAM "--log=l", "--log" },
	{ UPSTREAM, UPSTREAM "--max-change=4s", "--max-change" },
	{ UPSTREAM, UPSTREAM "--allow-unsynchronised", "--allow-unsynchronised" },
	{ "--upstream=alpha", "--upstream=alpha --force", "--force" },
	{ "--clock=f", GROUP, "--group, --member, --insecure-lab" },
	{ GROUP, "--clock=f --group=h --insecure-lab --member=alpha", "--group" },
	{ GROUP, GROUP "--member=beta", "--member" },
	{ GROUP "--member=beta", GROUP "--member=gamma", "--member" },
	{ GROUP, "--clock=f --group=g --insecure-lab --discover", "--member, --discover" },
	{ "--group=g --member=a --group-key=k", "--group=g --member=a --group-key=l",
	  "--group-key" },
	{ "--group=g --member=a --key=k", "--group=g --member=a --key=l", "--key" },
	{ GROUP, GROUP "--group-port=7", "--group-port" },
	{ GROUP, GROUP "--advertise=192.0.2.1", "--advertise" },
	{ GROUP, GROUP "--group-state=s", "--group-state" },
	{ GROUP, GROUP "--lease=9s", "--lease" },
	{ GROUP, GROUP "--cycle=9s", "--cycle" },
	{ GROUP, GROUP "--tolerance=9s", "--tolerance" },
	{ GROUP, GROUP "--max-bound=9s", "--max-bound" },
	{ GROUP, GROUP "--max-correction=9s", "--max-correction" },
	{ GROUP, GROUP "--reference", "--reference" },
	{ GROUP, GROUP "--reference-step=9s", "--reference-step" },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void what_differs_is_named(void **state)
{
	char differ[600];

	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		compare(cases[i].one, cases[i].other, differ, sizeof(differ));
		assert_string_equal(differ, cases[i].differ);
		compare(cases[i].other, cases[i].one, differ, sizeof(differ));
		assert_true(strlen(differ) == strlen(cases[i].differ));
	}
}

static bool is_among_cases(const struct option_row *row)
{
	/* What takes effect at once, and what only the command line has. */
	static const char *const without[] = { "allow", "verbose", "config", "version" };
	char name[64];

	snprintf(name, sizeof(name), "--%s", row->name);
	for (size_t i = 0; i < CASES; i++) {
		if (strcmp(cases[i].differ, name) == 0 || strstr(cases[i].differ, name)) {
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		if (strcmp(row->name, without[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void no_option_is_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTINGS_ROWS; i++) {
		assert_true(is_among_cases(&settings_rows[i]));
	}
	for (size_t i = 0; i < TRACK_ROWS; i++) {
		assert_true(!(track_rows[i].scope & TRACK_OF_DAEMON) ||
			    is_among_cases(&track_rows[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_is_named),
		cmocka_unit_test(no_option_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
