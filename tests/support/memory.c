/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MASK  0x5a
#define CHUNK 65536
/* Larger ones are those of sanitizers. */
#define LARGEST (UINT64_C(64) << 20)

void memory_secret_add(struct memory_secret *s, uint8_t octet)
{
	assert_true(s->n < MEMORY_SECRET_MAX);
	s->masked[s->n++] = octet ^ MASK;
}

static bool is_at(const struct memory_secret *s, const uint8_t *at)
{
	for (size_t i = 0; i < s->n; i++) {
		if (at[i] != (uint8_t)(s->masked[i] ^ MASK)) {
			return false;
		}
	}
	return true;
}

/* Each piece is wiped before the next is read: else the buffer itself would be a finding. */
static size_t find_between(int mem, const struct memory_secret *s, uint64_t from, uint64_t to)
{
	static uint8_t chunk[CHUNK];
	size_t found = 0;

	while (to - from >= s->n) {
		const size_t wanted = to - from < CHUNK ? (size_t)(to - from) : CHUNK;
		const ssize_t got = pread(mem, chunk, wanted, (off_t)from);

		if (got < (ssize_t)s->n) {
			break;
		}
		for (size_t i = 0; i + s->n <= (size_t)got; i++) {
			found += is_at(s, chunk + i);
		}
		explicit_bzero(chunk, sizeof(chunk));
		from += (uint64_t)got - s->n + 1;
	}
	return found;
}

size_t memory_find(const struct memory_secret *s)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	const int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	size_t found = 0, looked = 0;
	char line[4096], mode[8];
	uint64_t from, to;

	assert_true(maps && mem >= 0 && s->n > 0);
	while (fgets(line, sizeof(line), maps)) {
		assert_int_equal(sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, mode), 3);
		if (strncmp(mode, "rw", 2) == 0 && to - from <= LARGEST) {
			found += find_between(mem, s, from, to);
			looked++;
		}
	}
	assert_true(looked > 2); /* data, heap and stack */
	(void)fclose(maps);
	close(mem);
	return found;
}
