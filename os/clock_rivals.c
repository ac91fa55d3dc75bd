/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_rivals.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CAP_SYS_TIME 25

#define TEXT_MAX 4096

/* As the kernel has them, which cuts names off after 15 octets. */
static const char *const daemons[] = {
	"chronyd", "ntpd", "ntp-daemon", "systemd-timesyn", "phc2sys", "ptpd", "ptpd2",
};

/* The flags of chronyd that take no argument: they may stand together, as in -dx. */
#define CHRONYD_FLAGS "46dhmnqQrRsUvx"

/* A file of a process as text, with a NUL behind it. The length, 0 if it cannot be read. */
static size_t read_text(const char *proc, const char *pid, const char *name, char text[TEXT_MAX])
{
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", proc, pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, TEXT_MAX - 1);
		close(fd);
	}
	n = n < 0 ? 0 : n;
	text[n] = '\0';
	return (size_t)n;
}

static const char *known_name(const char *proc, const char *pid)
{
	char text[TEXT_MAX];

	(void)read_text(proc, pid, "comm", text);
	text[strcspn(text, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		if (strcmp(text, daemons[i]) == 0) {
			return daemons[i];
		}
	}
	return NULL;
}

static bool may_set_clocks(const char *proc, const char *pid)
{
	static const char field[] = "\nCapEff:";
	char text[TEXT_MAX];
	const char *found;

	(void)read_text(proc, pid, "status", text);
	found = strstr(text, field);
	return found && (strtoull(found + sizeof(field) - 1, NULL, 16) >> CAP_SYS_TIME & 1) != 0;
}

/* Whether it is a chronyd that was told to leave the clock alone. */
static bool leaves_clock_alone(const char *proc, const char *pid, const char *name)
{
	char text[TEXT_MAX];
	const size_t n = read_text(proc, pid, "cmdline", text);

	if (strcmp(name, "chronyd") != 0) {
		return false;
	}
	for (size_t at = strlen(text) + 1; at < n; at += strlen(text + at) + 1) {
		const char *flags = text + at + 1;

		if (text[at] == '-' && flags[strspn(flags, CHRONYD_FLAGS)] == '\0' &&
		    strchr(flags, 'x')) {
			return true;
		}
	}
	return false;
}

bool clock_rivals_find(const char *proc, struct clock_rival *out)
{
	DIR *all = opendir(proc);
	const struct dirent *entry;
	bool found = false;

	while (all && !found && (entry = readdir(all))) {
		const char *pid = entry->d_name;
		const char *name =
			pid[strspn(pid, "0123456789")] == '\0' ? known_name(proc, pid) : NULL;

		found = name && may_set_clocks(proc, pid) && !leaves_clock_alone(proc, pid, name);
		if (found) {
			*out = (struct clock_rival){
				.kind = CLOCK_RIVAL_PROGRAM,
				.name = name,
				.pid = strtol(pid, NULL, 10),
			};
		}
	}
	if (all) {
		closedir(all);
	}
	return found;
}
