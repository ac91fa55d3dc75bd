/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz targets: each tests/fuzz/fuzz_NAME.c takes any octets at all and ends the program when
 * something does not hold. With libFuzzer (`make fuzz`) it gets octets that it has not seen before;
 * in a test (replay.c) those of tests/fuzz/corpus/NAME.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The target. libFuzzer says what it is called; it returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* End the program, with a word on what does not hold. */
#define FUZZ_REQUIRE(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

static inline _Noreturn void fuzz_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

#endif
