/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The C library has no functions for these two. */
static int get(struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3])
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &head, data) < 0 ? -errno : 0;
}

static int set(const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3])
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

int privileges_survive(bool yes)
{
	return prctl(PR_SET_KEEPCAPS, yes ? 1 : 0, 0, 0, 0) < 0 ? -errno : 0;
}

int privileges_keep_clock(void)
{
	const uint32_t clock = UINT32_C(1) << CAP_SYS_TIME;
	const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = clock, .permitted = clock },
	};

	return set(data);
}

int privileges_give_up_clock(void)
{
	const uint32_t others = ~(UINT32_C(1) << CAP_SYS_TIME);
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int rc = get(data);

	if (rc == 0) {
		/* So that no program that root starts gets it back; others cannot. */
		(void)prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0);
		data[0].effective &= others;
		data[0].permitted &= others;
		data[0].inheritable &= others;
		rc = set(data);
	}
	return rc;
}
