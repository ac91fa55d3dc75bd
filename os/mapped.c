/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/mapped.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

/* Mutable and at file scope, as a signal's handler knows nothing else. */
static _Atomic uintptr_t maps[MAPPED_MOST];
static _Atomic size_t sizes[MAPPED_MOST];

/*
 * The failed access is repeated after this. Any other fault acts as it would without this handler.
 */
static void put_zeros(int signo, siginfo_t *info, void *context)
{
	const uintptr_t octet = (uintptr_t)info->si_addr;

	(void)context;
	for (size_t i = 0; i < MAPPED_MOST; i++) {
		const uintptr_t start = atomic_load(&maps[i]);
		const size_t size = atomic_load(&sizes[i]);

		if (start != 0 && octet >= start && octet - start < size &&
		    mmap((void *)start, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
			return;
		}
	}
	(void)signal(signo, SIG_DFL);
}

int mapped_guard(const void *start, size_t size)
{
	struct sigaction handler = { .sa_sigaction = put_zeros,
				     .sa_flags = SA_SIGINFO | SA_RESTART };

	for (size_t i = 0; i < MAPPED_MOST; i++) {
		uintptr_t none = 0;

		if (atomic_compare_exchange_strong(&maps[i], &none, (uintptr_t)start)) {
			atomic_store(&sizes[i], size);
			return sigaction(SIGBUS, &handler, NULL) < 0 ? -errno : 0;
		}
	}
	return -EMFILE;
}

void mapped_let_go(const void *start)
{
	for (size_t i = 0; i < MAPPED_MOST; i++) {
		uintptr_t ours = (uintptr_t)start;

		(void)atomic_compare_exchange_strong(&maps[i], &ours, 0);
	}
}
