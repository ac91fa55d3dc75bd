/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmocka's assert_in_range is for unsigned numbers; this one is for times.
 */
#ifndef TESTS_SUPPORT_BETWEEN_H
#define TESTS_SUPPORT_BETWEEN_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Fail the test unless low <= value <= high. The arguments are evaluated in any order. */
#define assert_between(low, value, high) between_check(low, value, high, #value, __FILE__, __LINE__)

static inline void between_check(int64_t low, int64_t value, int64_t high, const char *text,
				 const char *file, int line)
{
	if (value < low || value > high) {
		print_error("%s = %" PRId64 " is not from %" PRId64 " to %" PRId64 "\n", text,
			    value, low, high);
		_fail(file, line);
	}
}

#endif
