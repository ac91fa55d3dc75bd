/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/clock_guard.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYS_TIME_BIT (UINT32_C(1) << CAP_SYS_TIME)

static void give_up(const char *what)
{
	fprintf(stderr, "the clock of this machine is not safe from this test: %s: %s\n", what,
		strerror(errno));
	exit(1);
}

/* The sets that this process has now. */
static void drop_own(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, sets) < 0) {
		give_up("capget");
	}
	sets[0].effective &= ~SYS_TIME_BIT;
	sets[0].permitted &= ~SYS_TIME_BIT;
	sets[0].inheritable &= ~SYS_TIME_BIT; /* and with it the ambient set */
	if (syscall(SYS_capset, &header, sets) < 0) {
		give_up("capset");
	}
}

/* Whether the set named `name` in /proc/self/status, as "CapEff", lacks CAP_SYS_TIME. */
static bool lacks_sys_time(const char *name)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");
	uint64_t set = UINT64_MAX; /* a set that cannot be found has everything */

	if (!status) {
		return false;
	}
	while (fgets(line, sizeof(line), status)) {
		if (strncmp(line, name, strlen(name)) == 0) {
			set = strtoull(line + strlen(name) + 1, NULL, 16); /* after the colon */
		}
	}
	fclose(status);
	return !(set & SYS_TIME_BIT);
}

void clock_guard(void)
{
	static const char *const own_sets[] = { "CapEff", "CapPrm", "CapInh", "CapAmb" };

	/* An ordinary user may not change this set, and gains nothing from it by exec. */
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0) < 0 && geteuid() == 0) {
		give_up("prctl(PR_CAPBSET_DROP)");
	}
	drop_own();
	errno = EPERM;
	for (size_t i = 0; i < sizeof(own_sets) / sizeof(own_sets[0]); i++) {
		if (!lacks_sys_time(own_sets[i])) {
			give_up(own_sets[i]);
		}
	}
	if (geteuid() == 0 && !lacks_sys_time("CapBnd")) {
		give_up("CapBnd");
	}
}
