/* SPDX-License-Identifier: BSD-3-Clause */
/* The hash of tables and the checksum of files: known values, and no difference that always meets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/crc32c.h"
#include "core/siphash.h"
#include "tests/support/random.h"

#define CASES 1000

/* Of the octets 0, 1, 2, ...: as CPython's hash() of bytes has them, under two keys. */
static const struct {
	struct siphash_key key;
	size_t n;
	uint64_t hash;
} known[] = {
	{ { { 0x0000000000000000, 0x0000000000000000 } }, 1, 0x68a914128e01e473 },
	{ { { 0x0000000000000000, 0x0000000000000000 } }, 7, 0x2f098ab0c751325a },
	{ { { 0x0000000000000000, 0x0000000000000000 } }, 8, 0xead411e67ebe2eea },
	{ { { 0x0000000000000000, 0x0000000000000000 } }, 15, 0xf30eb725bb91c9ea },
	{ { { 0x0000000000000000, 0x0000000000000000 } }, 16, 0x8972188433a5c5b7 },
	{ { { 0x0000000000000000, 0x0000000000000000 } }, 17, 0x4883c49a2c009c1d },
	{ { { 0x0000000000000000, 0x0000000000000000 } }, 40, 0x95bc321ab41d8206 },
	{ { { 0xaed66ce184be2329, 0xebe9bbf1f1499052 } }, 1, 0xecd3e5afcecda4b9 },
	{ { { 0xaed66ce184be2329, 0xebe9bbf1f1499052 } }, 7, 0xfd15e78052a69ddf },
	{ { { 0xaed66ce184be2329, 0xebe9bbf1f1499052 } }, 8, 0xc0b5739e7e28dd01 },
	{ { { 0xaed66ce184be2329, 0xebe9bbf1f1499052 } }, 15, 0xfa87985f39e97a53 },
	{ { { 0xaed66ce184be2329, 0xebe9bbf1f1499052 } }, 16, 0x12e9d283f9f37002 },
	{ { { 0xaed66ce184be2329, 0xebe9bbf1f1499052 } }, 17, 0x9f5bb4237f61907f },
	{ { { 0xaed66ce184be2329, 0xebe9bbf1f1499052 } }, 40, 0xdb056b8b4f38310b },
};

static void known_hashes(void **state)
{
	uint8_t octets[40];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++) {
		octets[i] = (uint8_t)i;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_true(siphash(&known[i].key, octets, known[i].n) == known[i].hash);
	}
}

/*
 * Two words that differ by these bits met in one place, whatever the seed, while the hash was a
 * product of 64 bits.
 */
static bool do_not_meet(struct random *r)
{
	const struct siphash_key key = { { random_next(r), random_next(r) } };
	const uint64_t one[] = { random_next(r), random_next(r) };
	const uint64_t top = UINT64_C(1) << 63, middle = UINT64_C(1) << 31;
	const uint64_t other[] = { one[0] ^ top, one[1] ^ top ^ middle };

	return (uint32_t)siphash(&key, one, sizeof(one)) !=
	       (uint32_t)siphash(&key, other, sizeof(other));
}

static void no_difference_of_bits_always_meets(void **state)
{
	(void)state;
	assert_true(random_holds("words apart", do_not_meet, CASES));
}

static void known_checksums(void **state)
{
	static const uint8_t zeros[32]; /* RFC 3720, appendix B.4 */
	uint8_t up[32];

	(void)state;
	for (size_t i = 0; i < sizeof(up); i++) {
		up[i] = (uint8_t)i;
	}
	assert_true(crc32c("123456789", 9) == UINT32_C(0xe3069283));
	assert_true(crc32c(zeros, sizeof(zeros)) == UINT32_C(0x8a9136aa));
	assert_true(crc32c(up, sizeof(up)) == UINT32_C(0x46dd794e));
	assert_true(crc32c("", 0) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_hashes),
		cmocka_unit_test(no_difference_of_bits_always_meets),
		cmocka_unit_test(known_checksums),
	};

	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
